/// What a series is expected to do next, step by step.
package struct Forecast: Hashable, Sendable {
    /// The point forecast of each step.
    package var mean: [Double]
    /// In the order asked; each as long as `mean`.
    package var quantiles: [(quantile: Double, values: [Double])]
    /// Mean absolute error of the backtest relative to that of the seasonal naive forecast.
    package var relativeError: Double
    /// Whether it beats both the last value and the last cycle in the backtest.
    package var isTrusted: Bool
    package var model: String

    package static func == (a: Forecast, b: Forecast) -> Bool {
        a.mean == b.mean && a.quantiles.elementsEqual(b.quantiles) { $0 == $1 }
            && a.relativeError == b.relativeError
            && a.isTrusted == b.isTrusted && a.model == b.model
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(mean)
        hasher.combine(model)
    }
}
