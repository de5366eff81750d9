/// The candidates' backtest: who wins, by how much, and with what errors.
struct Contest {
    static let quantile = 0.9

    private(set) var winner = Candidate.persistence
    private(set) var loss = Double.infinity
    private(set) var persistenceLoss = Double.infinity
    private(set) var residuals = Residuals()
    /// Whether the winner beats persistence in the earlier and in the later half of the backtest, and not by one
    /// lucky stretch.
    private(set) var isConsistent = false

    /// - Parameter tested: the moments of the sample that `regression` has not seen.
    init(
        _ sample: TrainingSample, _ features: Features, _ regression: RidgeRegression, tested: Range<Int>,
        _ series: RegularSeries
    ) {
        guard !tested.isEmpty else { return }
        let actual = Array(sample.targets[tested])
        var halves: (Double, Double) = (0, 0)
        for candidate in Candidate.all(seasons: features.bases.count) {
            let forecasts = tested.map {
                candidate.forecast(features, regression, series, at: sample.moments[$0])
            }
            let residuals = Residuals(actual, forecasts)
            let loss = residuals.loss(actual, forecasts, Self.quantile)
            let half = residuals.lossOfHalves(actual, forecasts, Self.quantile)
            if candidate == .persistence {
                persistenceLoss = loss
                halves = half
            }
            guard loss.isFinite, loss < self.loss else { continue }
            isConsistent = half.0 < halves.0 && half.1 < halves.1
            self.loss = loss
            winner = candidate
            self.residuals = residuals
        }
    }
}

/// The errors of a backtest, each relative to a scale that grows with the forecast as far as the errors do.
struct Residuals: Sendable {
    /// Ascending.
    private var relative: [Double] = []
    /// 0: errors are of one size; 1: they are proportional to the forecast.
    private var proportionality = 0.0
    private var typical = 1.0

    init() {}

    init(_ actual: [Double], _ forecasts: [Double]) {
        guard !actual.isEmpty else { return }
        typical = max(forecasts.reduce(0) { $0 + abs($1) } / Double(forecasts.count), 1e-300)
        var best = Double.infinity
        for proportionality in [0, 0.5, 1] {
            var trial = self
            trial.proportionality = proportionality
            trial.relative = zip(actual, forecasts).map { ($0 - $1) / trial.scale($1) }.sorted()
            let loss = trial.loss(actual, forecasts, Contest.quantile)
            guard loss < best else { continue }
            best = loss
            self = trial
        }
    }

    var count: Int { relative.count }

    private func scale(_ forecast: Double) -> Double {
        (1 - proportionality) * typical + proportionality * max(abs(forecast), 0.1 * typical)
    }

    func quantile(_ quantile: Double, around forecast: Double) -> Double {
        forecast + Quantile.ofSorted(relative, quantile) * scale(forecast)
    }

    func lossOfHalves(_ actual: [Double], _ forecasts: [Double], _ level: Double) -> (Double, Double) {
        let middle = actual.count / 2
        return (
            loss(Array(actual[..<middle]), Array(forecasts[..<middle]), level),
            loss(Array(actual[middle...]), Array(forecasts[middle...]), level)
        )
    }

    /// The mean pinball loss of the quantile that these errors calibrate.
    func loss(_ actual: [Double], _ forecasts: [Double], _ level: Double) -> Double {
        let margin = Quantile.ofSorted(relative, level)
        var sum = 0.0
        for (actual, forecast) in zip(actual, forecasts) {
            sum += Quantile.pinball(actual, forecast + margin * scale(forecast), level)
        }
        return actual.isEmpty ? .infinity : sum / Double(actual.count)
    }
}
