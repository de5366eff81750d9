import Forecasting

/// How often what came stayed below the quantiles that were foreseen for it.
struct PeakTally {
    static let window = Window(first: 3, last: 8)
    static let stepsBetweenFits = 60
    static let longestHistory = 14 * 24 * 60

    /// Of the moments, in which the model was trusted; and for each quantile, after which it held.
    private(set) var shares: [Double]

    init(_ values: [Double], stepSeconds: Double?, quantiles: [Double]) {
        var trusted = 0
        var held = [Int](repeating: 0, count: quantiles.count)
        var count = 0
        var model: PeakForecaster?
        for moment in (values.count * 2 / 3)..<max(values.count * 2 / 3, values.count - Self.window.last) {
            if model == nil || (moment - values.count * 2 / 3) % Self.stepsBetweenFits == 0 {
                let known = Array(values[...moment].suffix(Self.longestHistory))
                model = PeakForecaster(fitting: known, window: Self.window, stepSeconds: stepSeconds)
            } else {
                model?.append([values[moment]])
            }
            let ahead = values[(moment + Self.window.first)...(moment + Self.window.last)].filter(\.isFinite)
            guard let peak = ahead.max(), let model, let forecast = model.forecast(quantiles: quantiles)
            else {
                continue
            }
            count += 1
            trusted += model.isTrusted ? 1 : 0
            for (index, bound) in forecast.quantiles.enumerated() where peak <= bound { held[index] += 1 }
        }
        shares = ([trusted] + held).map { Double($0) / Double(max(1, count)) }
    }
}
