/// A history made fit for models, and its seasons: what the models of several windows have in common.
package struct SeasonedHistory: Sendable {
    /// Fewer values are no history.
    static let leastValues = 10

    let series: RegularSeries
    /// In steps, the shorter first.
    package let periods: [Int]

    /// Nil where there are fewer than ten values.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - stepSeconds: the distance of the values, where it is known.
    ///   - periods: the seasons, where they are known.
    package init?(_ values: [Double], stepSeconds: Double? = nil, periods known: [Int]? = nil) {
        guard let series = RegularSeries(values),
            series.isPresent.count(where: { $0 }) >= Self.leastValues
        else { return nil }
        self.series = series
        periods =
            known ?? Seasonality.periods(of: series, stepSeconds: stepSeconds, provesFewCycles: false)
    }
}
