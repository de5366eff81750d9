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
