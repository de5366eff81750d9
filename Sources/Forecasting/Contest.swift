/// The candidates' backtest: who wins, by how much, and with what errors.
struct Contest {
    static let quantile = 0.95

    private(set) var winner = Candidate.persistence
    private(set) var loss = Double.infinity
    private(set) var persistenceLoss = Double.infinity
    private(set) var residuals = Residuals()
    /// The winner's mean absolute error, relative to that of the last value.
    private(set) var relativeError = Double.infinity
    /// Whether the winner beats persistence in the earlier and in the later half of the backtest, and not by
    /// one lucky stretch.
    private(set) var isConsistent = false
    private(set) var economy = Economy()

    /// - Parameter tested: the moments of the sample that `regression` has not seen.
    init(
        _ sample: TrainingSample, _ features: Features, _ regression: RidgeRegression, tested: Range<Int>,
        errors: ErrorScale, _ series: RegularSeries
    ) {
        guard !tested.isEmpty else { return }
        let scales = tested.map { errors.scale(features, series, at: sample.moments[$0]) }
        let actual = Array(sample.targets[tested])
        var halves: (Double, Double) = (0, 0)
        var lastError = 0.0
        var chosen: [Double] = []
        for candidate in Candidate.all(seasons: features.bases.count) {
            let forecasts = tested.map {
                candidate.forecast(features, regression, series, at: sample.moments[$0])
            }
            let residuals = Residuals(actual, forecasts, scales)
            let loss = residuals.loss(actual, forecasts, scales, Self.quantile)
            let half = residuals.lossOfHalves(actual, forecasts, scales, Self.quantile)
            let error = zip(actual, forecasts).reduce(0) { $0 + abs($1.0 - $1.1) }
            if candidate == .persistence {
                lastError = error
                // What is to be beaten is the last value with headroom as people set it: fixed or in
                // proportion.
                let naive = Residuals(
                    actual, forecasts, scales, among: [.fixed, .halfProportional, .proportional])
                persistenceLoss = naive.loss(actual, forecasts, scales, Self.quantile)
                halves = naive.lossOfHalves(actual, forecasts, scales, Self.quantile)
            }
            guard loss.isFinite, loss < self.loss else { continue }
            isConsistent = half.0 < halves.0 && half.1 < halves.1
            relativeError = lastError > 0 ? error / lastError : .infinity
            self.loss = loss
            winner = candidate
            self.residuals = residuals
            chosen = forecasts
        }
        economy = Economy(
            residuals, actual, chosen, scales, levels: tested.map { series.values[sample.moments[$0]] })
    }
}

/// The errors of a backtest, each relative to a scale that grows as the errors do: not at all, with the
/// forecast, or as the unrest of the moment foretells.
struct Residuals: Sendable {
    enum Scaling: CaseIterable {
        case fixed, halfProportional, proportional, unrest, halfUnrest
    }

    /// Ascending.
    private var relative: [Double] = []
    private var scaling = Scaling.fixed
    private var typical = 1.0
    private var meanScale = 1.0

    init() {}

    /// - Parameter scales: the size of error that was to be expected at each.
    init(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double],
        among scalings: [Scaling] = Scaling.allCases
    ) {
        guard !actual.isEmpty else { return }
        typical = max(forecasts.reduce(0) { $0 + abs($1) } / Double(forecasts.count), 1e-300)
        meanScale = max(scales.reduce(0, +) / Double(scales.count), 1e-300)
        var best = Double.infinity
        for scaling in scalings {
            var trial = self
            trial.scaling = scaling
            trial.relative = actual.indices.map {
                (actual[$0] - forecasts[$0]) / trial.scale(forecasts[$0], scales[$0])
            }.sorted()
            let loss = trial.loss(actual, forecasts, scales, Contest.quantile)
            guard loss < best else { continue }
            best = loss
            self = trial
        }
    }

    var count: Int { relative.count }

    private func scale(_ forecast: Double, _ scale: Double) -> Double {
        switch scaling {
        case .fixed: typical
        case .halfProportional: (typical + max(abs(forecast), 0.1 * typical)) / 2
        case .proportional: max(abs(forecast), 0.1 * typical)
        case .unrest: typical * max(scale / meanScale, 0.05)
        case .halfUnrest: typical * (1 + scale / meanScale) / 2
        }
    }

    func quantile(_ quantile: Double, around forecast: Double, scale: Double) -> Double {
        forecast + Quantile.ofSorted(relative, quantile) * self.scale(forecast, scale)
    }

    func lossOfHalves(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double], _ level: Double
    ) -> (Double, Double) {
        let middle = actual.count / 2
        return (
            loss(Array(actual[..<middle]), Array(forecasts[..<middle]), Array(scales[..<middle]), level),
            loss(Array(actual[middle...]), Array(forecasts[middle...]), Array(scales[middle...]), level)
        )
    }

    /// The mean pinball loss of the quantile that these errors calibrate.
    func loss(_ actual: [Double], _ forecasts: [Double], _ scales: [Double], _ level: Double) -> Double {
        let margin = Quantile.ofSorted(relative, level)
        var sum = 0.0
        for index in actual.indices {
            let forecast = forecasts[index] + margin * scale(forecasts[index], scales[index])
            sum += Quantile.pinball(actual[index], forecast, level)
        }
        return actual.isEmpty ? .infinity : sum / Double(actual.count)
    }
}
