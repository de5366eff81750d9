/// A history made fit for models, and its seasons: what the models of several windows have in common.
package struct SeasonedHistory: Sendable {
    /// Fewer values are no history.
    static let leastValues = 10

    let series: RegularSeries
    /// What the models of it take for spikes of the values that come; nil where any value may be one.
    let spikes: PassingSpikes?
    /// In steps, the shorter first.
    package let periods: [Int]
    /// In steps; nil where there is none.
    package var shortestSeason: Int? { periods.first }
    /// The distance of the values, where it is known.
    let stepSeconds: Double?

    /// Nil where there are fewer than ten values.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - stepSeconds: the distance of the values, where it is known.
    ///   - periods: the seasons, where they are known.
    package init?(_ values: [Double], stepSeconds: Double? = nil, periods known: [Int]? = nil) {
        guard var series = RegularSeries(values),
            series.isPresent.count(where: { $0 }) >= Self.leastValues
        else { return nil }
        spikes = PassingSpikes(series.values)
        if let spikes { series.replace(spikes.removed(from: series.values)) }
        self.series = series
        self.stepSeconds = stepSeconds
        periods =
            known
            ?? Seasonality.periods(
                of: series, stepSeconds: stepSeconds, provesFewCycles: false, isExact: false)
    }
}
