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
        let scales = sample.scales(errors, tested)
        let regressed = sample.forecasts(regression, tested)
        let actual = Array(sample.targets[tested])
        var halves: (Double, Double) = (0, 0)
        var lastError = 0.0
        var chosen: [Double] = []
        for candidate in Candidate.all(seasons: features.bases.count) {
            let forecasts = zip(tested, regressed).map { index, regressed in
                candidate.forecast(features, regressed, series, at: sample.moments[index])
            }
            let residuals = Residuals(actual, forecasts, scales)
            let loss = residuals.loss
            let half = residuals.lossOfHalves(actual, forecasts, scales)
            let error = zip(actual, forecasts).reduce(0) { $0 + abs($1.0 - $1.1) }
            if candidate == .persistence {
                lastError = error
                // What is to be beaten is the last value with headroom as people set it: fixed or in
                // proportion.
                let naive = Residuals(
                    actual, forecasts, scales, among: [.fixed, .halfProportional, .proportional])
                persistenceLoss = naive.loss
                halves = naive.lossOfHalves(actual, forecasts, scales)
            }
            guard loss.isFinite, loss < self.loss else { continue }
            isConsistent = half.0 < halves.0 && half.1 < halves.1
            relativeError = lastError > 0 ? error / lastError : .infinity
            self.loss = loss
            winner = candidate
            self.residuals = residuals
            chosen = forecasts
        }
        residuals.sort()
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

    /// Ascending once they are sorted.
    private var relative: [Double] = []
    private var scaling = Scaling.fixed
    private var typical = 1.0
    private var meanScale = 1.0
    /// The quantile of the errors that the contest is about, and its mean pinball loss.
    private var contestMargin = 0.0
    private(set) var loss = Double.infinity

    init() {}

    /// - Parameter scales: the size of error that was to be expected at each.
    init(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double],
        among scalings: [Scaling] = Scaling.allCases
    ) {
        guard !actual.isEmpty else { return }
        typical = max(forecasts.reduce(0) { $0 + abs($1) } / Double(forecasts.count), 1e-300)
        meanScale = max(scales.reduce(0, +) / Double(scales.count), 1e-300)
        var sizes = actual
        var errors = actual
        for scaling in scalings {
            for index in actual.indices {
                sizes[index] = scale(scaling, forecasts[index], scales[index])
                errors[index] = (actual[index] - forecasts[index]) / sizes[index]
            }
            // One quantile needs no order; sorting them all would be most of the work of a fit.
            let margin = Quantile.of(&errors, Contest.quantile)
            let loss = Self.loss(actual, forecasts, sizes, margin, in: actual.indices)
            guard loss < self.loss else { continue }
            self.loss = loss
            contestMargin = margin
            self.scaling = scaling
            relative = errors
        }
    }

    /// Makes them ready to be asked for any quantile.
    mutating func sort() { relative.sort() }

    var count: Int { relative.count }

    private func scale(_ scaling: Scaling, _ forecast: Double, _ scale: Double) -> Double {
        switch scaling {
        case .fixed: typical
        case .halfProportional: (typical + max(abs(forecast), 0.1 * typical)) / 2
        case .proportional: max(abs(forecast), 0.1 * typical)
        case .unrest: typical * max(scale / meanScale, 0.05)
        case .halfUnrest: typical * (1 + scale / meanScale) / 2
        }
    }

    /// - Precondition: they are sorted.
    func quantile(_ quantile: Double, around forecast: Double, scale: Double) -> Double {
        moved(forecast, by: margin(quantile), scale: scale)
    }

    /// The quantile of the relative errors.
    /// - Precondition: they are sorted.
    func margin(_ quantile: Double) -> Double { Quantile.ofSorted(relative, quantile) }

    func moved(_ forecast: Double, by margin: Double, scale: Double) -> Double {
        forecast + margin * self.scale(scaling, forecast, scale)
    }

    /// The loss over the earlier and over the later half.
    func lossOfHalves(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double]
    ) -> (Double, Double) {
        let sizes = actual.indices.map { scale(scaling, forecasts[$0], scales[$0]) }
        let middle = actual.count / 2
        return (
            Self.loss(actual, forecasts, sizes, contestMargin, in: 0..<middle),
            Self.loss(actual, forecasts, sizes, contestMargin, in: middle..<actual.count)
        )
    }

    /// The mean pinball loss of the quantile that these errors calibrate.
    private static func loss(
        _ actual: [Double], _ forecasts: [Double], _ sizes: [Double], _ margin: Double, in range: Range<Int>
    ) -> Double {
        var sum = 0.0
        for index in range {
            let forecast = forecasts[index] + margin * sizes[index]
            sum += Quantile.pinball(actual[index], forecast, Contest.quantile)
        }
        return range.isEmpty ? .infinity : sum / Double(range.count)
    }
}
