/// A fitted model of the largest value in a window ahead: fitted now and then, asked at every new value.
///
/// Candidates are compared by a backtest over the last third of the history, with models that have not seen
/// it, by the pinball loss of their calibrated 95th percentile; the same errors calibrate the quantiles
/// (split conformal). The forecast is trusted only where it beats the last value by at least `leastSkill`.
package struct PeakForecaster: Sendable {
    /// How much better than persistence a forecast must be to be trusted.
    package static let leastSkill = 0.05
    /// A season seen less than four times may be chance; it must prove twice as much.
    static let leastSkillOfFewCycles = 0.1
    /// One rare event outweighs weeks in the loss of a high quantile. Where the expectation is so much better
    /// than the last value, the quantile need only be no worse.
    static let convincingError = 0.85
    /// More rows teach a dozen coefficients nothing.
    static let maxRows = 4000
    /// Fewer errors calibrate no quantile.
    static let leastErrors = 20
    /// With more than this missing, what remains may be the outage and not the demand.
    package static let leastCoverage = 0.8

    /// What so many cycles did at a moment is what the season does there.
    private static let agreeingCycles = 3

    package let window: Window
    /// The seasons found, in steps.
    package let periods: [Int]
    /// The shortest season of the history, in steps, whether it is long enough for this window or not.
    package let shortestSeason: Int?
    /// What a person should know of the chosen model.
    package let model: String
    /// Mean pinball loss of the 95th percentile in the backtest, and that of the last value with fixed or
    /// proportional headroom.
    package let loss: Double
    package let persistenceLoss: Double
    /// How many times it has seen the season that it leans on, else the shortest; nil where there is none.
    package let cycles: Int?
    /// How many values it was fitted to.
    package let fittedCount: Int
    /// Whether the history was long and complete enough, the model beats persistence on it, and what came true lately is
    /// not far below all that it said.
    package var isTrusted: Bool { isProven && !miss.isLasting }
    /// Whether it may be trusted where headroom is kept beside it: of few days no half tells much, and a season that was
    /// seen less than four times has nothing more to prove.
    package var isPromising: Bool { isLikely && !miss.isLasting }
    private let isProven: Bool
    private let isLikely: Bool
    private var miss: LastingMiss
    /// The margin below which hardly any error was.
    private let outermost: Double
    private let chosen: Candidate
    private let regression: RidgeRegression
    private let residuals: Residuals
    /// The margins between which the expectation lies.
    private let central: (low: Double, high: Double)
    private let errors: ErrorScale
    private let economy: Economy
    private var features: Features
    private var series: RegularSeries
    private var spikes: PassingSpikes?

    /// Fits. Nil where there are fewer than ten values.
    /// - Parameters:
    ///   - values: on a regular grid, oldest first; NaN is a gap.
    ///   - stepSeconds: the distance of the values, where it is known.
    ///   - periods: the seasons, where they are known.
    package init?(
        fitting values: [Double], window: Window, stepSeconds: Double? = nil, periods: [Int]? = nil
    ) {
        guard let history = SeasonedHistory(values, stepSeconds: stepSeconds, periods: periods) else {
            return nil
        }
        self.init(fitting: history, window: window)
    }

    /// Fits to a history that models of other windows may share.
    package init(fitting history: SeasonedHistory, window: Window) {
        let series = history.series
        // A base needs one cycle before it, and some of the next to be compared with.
        let periods = history.periods.filter { period in
            let cycles = (window.last + period - 1) / period
            return period >= 2 && series.count >= cycles * period + period / 2 + window.last
        }
        let features = Features(series, window: window, periods: periods)
        let sample = TrainingSample(series, features)
        let split = sample.moments.count * 2 / 3
        let trial = sample.fit(0..<split)
        let trialErrors = sample.fitErrors(of: trial, 0..<split)
        let contest = Contest(
            sample, features, trial, tested: split..<sample.moments.count, errors: trialErrors, series)
        // The scale stays that of the trial: the residuals are relative to it.
        errors = trialErrors
        self.window = window
        self.periods = periods
        shortestSeason = history.shortestSeason
        self.series = series
        spikes = history.spikes
        self.features = features
        chosen = contest.winner
        model = contest.winner.name(periods: periods)
        fittedCount = series.count
        loss = contest.loss
        persistenceLoss = contest.persistenceLoss
        residuals = contest.residuals
        central = (
            contest.residuals.margin(PathForecaster.centralQuantiles.low),
            contest.residuals.margin(PathForecaster.centralQuantiles.high)
        )
        economy = contest.economy
        regression = sample.fit(0..<sample.moments.count)
        cycles =
            contest.winner.season.map { series.count / periods[$0] }
            ?? periods.map { series.count / $0 }.max()
        let isSeasoned = (cycles ?? .max) >= 5
        let leastSkill = isSeasoned ? Self.leastSkill : Self.leastSkillOfFewCycles
        let isBetter =
            contest.loss <= (1 - leastSkill) * contest.persistenceLoss
            || isSeasoned && contest.relativeError <= Self.convincingError
                && contest.loss < contest.persistenceLoss
        outermost = LastingMiss.leastDistance * min(0, contest.residuals.margin(LastingMiss.quantile))
        miss = LastingMiss(stepSeconds: history.stepSeconds)
        let isKnown =
            contest.residuals.count >= Self.leastErrors
            && series.coverage(of: 0..<series.count) >= Self.leastCoverage
        isProven = isKnown && contest.isConsistent && isBetter
        isLikely = isProven || isKnown && contest.loss <= (1 - Self.leastSkill) * contest.persistenceLoss
        settle(from: series.count - miss.reach)
    }

    /// The quantile to plan for where `quantile` is wanted: the same where it is worth its cost in the backtest,
    /// else the highest below it that is. At least the median.
    package func worthwhile(_ quantile: Double) -> Double { economy.worthwhile(quantile) }

    /// How many values the model knows, measured ones since the fit included.
    package var count: Int { series.count }

    /// Takes in values measured since.
    package mutating func append(_ values: [Double]) {
        let known = series.count
        series.append(values.map { spikes?.settled($0) ?? $0 }[...])
        features.extend(series)
        settle(from: known)
    }

    /// Judges the forecasts whose windows were over at a value or later, of which all is known.
    private mutating func settle(from first: Int) {
        for last in max(0, first)..<max(0, first, series.count) {
            let moment = last - window.last
            let ahead = max(0, moment + window.first)..<last + 1
            guard moment >= features.start, series.isPresent[ahead].allSatisfy({ $0 }),
                let peak = peak(ago: series.count - 1 - moment), let actual = series.values[ahead].max()
            else { continue }
            miss.take(actual, expected: peak.base, least: peak.quantile(margin: outermost))
        }
    }

    /// The largest value in the window after the newest value: its expectation and its quantiles, in the
    /// order asked. Nil where the newest value is missing.
    /// - Parameters:
    ///   - since: what has been measured since the newest value, where something has.
    ///   - ago: how many values before the newest to stand: the window is ahead of that one.
    package func forecast(
        quantiles: [Double], since: Double? = nil, ago: Int = 0
    ) -> (expected: Double, quantiles: [Double], isDoubted: Bool)? {
        guard let peak = peak(since: since, ago: ago) else { return nil }
        return (
            peak.expected, quantiles.map { peak.quantile(margin: residuals.margin($0)) }, peak.isDoubted
        )
    }

    /// The same, of which quantiles are read off by their `margin`: many moments share that.
    package func peak(since: Double? = nil, ago: Int = 0) -> Peak? {
        let moment = series.count - 1 - ago
        guard moment >= features.start, series.isPresent[moment] else { return nil }
        var lifted = 0.0
        if let since, since.isFinite {
            lifted =
                min(max(since, series.plausible.lowerBound), series.plausible.upperBound)
                - series.values[moment]
            if chosen != .persistence { lifted = unforeseen(lifted, at: moment) }
        }
        let raw = chosen.forecast(
            features, regression.forecast(features, series, at: moment, lifted: lifted), series, at: moment,
            lifted: lifted)
        guard raw.isFinite else { return nil }
        let base = min(max(raw, series.plausible.lowerBound), series.plausible.upperBound)
        let scale = errors.scale(features, series, at: moment, lifted: lifted)
        let unit = residuals.unit(around: base, scale: scale)
        return Peak(
            expected: base + unit * min(max(0, central.low), central.high), base: base, unit: unit,
            isTrusted: isTrusted, isPromising: isPromising,
            isDoubted: ago == 0 && spikes?.doubts(next: since) == true)
    }

    /// What is left of a move since a moment when what each of the last cycles did from it to the next is taken out: that is in
    /// what is foreseen from the moment on, and would count twice.
    private func unforeseen(_ lifted: Double, at moment: Int) -> Double {
        guard lifted != 0 else { return 0 }
        let sign = lifted < 0 ? -1.0 : 1
        let known = periods.map { period in
            stride(from: moment - period, through: 0, by: -period).prefix(Self.agreeingCycles)
                .map { sign * (series.values[$0 + 1] - series.values[$0]) }.min() ?? 0
        }
        return lifted - sign * min(max(0, known.max() ?? 0), abs(lifted))
    }

    /// How many units of a `Peak` a quantile lies above its base; the same for all moments until the next fit.
    package func margin(_ quantile: Double) -> Double { residuals.margin(quantile) }

    /// What is foreseen of the largest value in the window.
    package struct Peak: Sendable {
        /// Within the central quantiles: where the model has erred to one side ever again, not what it says.
        package var expected: Double
        /// What the model says, from which quantiles are reckoned.
        fileprivate var base: Double
        /// The size of error that is to be expected now.
        package var unit: Double
        /// Whether the model was trusted when it said so.
        package var isTrusted: Bool
        package var isPromising: Bool
        /// Whether the newest measurement may be wrong: it is as there hardly ever was one, and no others bear it out yet.
        package var isDoubted = false

        package func quantile(margin: Double) -> Double { base + margin * unit }
    }
}
