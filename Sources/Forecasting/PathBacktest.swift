import Glibc

/// How an ensemble would have done from moments in the last part of the history: what each member's word is
/// worth, and how wrong their median was, step by step. There are two medians: the likely one, which
/// quantiles stand around, and the point forecast, in which the last cycle weighs more so that it is seldom
/// far worse.
struct PathBacktest: Sendable {
    /// A member's weight falls with its error; no error counts as smaller than this share of the members'
    /// median error.
    static let leastError = 0.05
    /// Of the longest season, that the models of a backtest must have seen.
    static let leastCycles = 3.5
    /// Of the last cycle in a point forecast beside all other members together, where it is always equally wrong. In
    /// one window of some cycles it is now and then repeated almost exactly, which no backtest foresees: what goes far
    /// from it then must have more than half of the weight on its side.
    static let weightOfLastCycle = 0.65
    /// Where the last cycle errs more than so many times as much as a typical model, it weighs less in proportion.
    static let fairError = 2.0
    /// Of the last cycle in the likely median: more makes it a worse forecast.
    static let weightInLikely = 0.375
    /// Of the line through all values beside all other members, where it is beyond doubt, divided by how many windows
    /// were forecast: one or two rank no models, and most of these follow a trend too little.
    static let weightOfLine = 2.5
    /// What an error weighs beside that of the next newer moment: what suits a series changes.
    static let memory = 0.95

    /// The fewest values that models are fitted to.
    static let leastValues = 10

    /// No more than so many values are forecast in a backtest; beyond, the last errors hold.
    static let maxHorizon = 512

    private var worth: [Double] = []
    private var typical = 1.0
    /// How steeply a weight falls with the error.
    private var sharpness = 1.0
    /// What the last cycle weighs beside all others, besides what its own errors earn it: in the likely median, and in
    /// a point forecast before its emphasis. The same of a line.
    private var extraWeight = (likely: 0.0, point: 0.0, line: 0.0)
    private var period = 1
    /// How much of what comes before a forecast shows how well the last cycle has just been repeated.
    private var latest = 1
    /// How many windows of the horizon were forecast that do not overlap.
    private(set) var independent = 1.0
    /// The share of the seasonal naive forecast in the whole.
    private(set) var naiveShare = 0.0
    private(set) var intervals = PathIntervals()
    private(set) var relativeError = Double.infinity
    private(set) var isTrusted = false

    /// - Parameter sums: whether values are changes, so that errors are those of how far they lead.
    init(_ series: RegularSeries, periods: [Int], horizon: Int, sums: Bool = false) {
        let values = series.values
        let tested = Self.tested(values.count, periods: periods, horizon: horizon)
        let split = values.count - tested
        guard horizon >= 1, tested > horizon, split >= Self.leastValues,
            let known = RegularSeries(Array(values[..<split]))
        else {
            intervals = Self.intervalsOfFew(values, horizon: horizon)
            return
        }
        independent = max(1, Double(tested) / Double(horizon))
        // Two windows that do not overlap rank no models; five do.
        sharpness = min(max(independent - 1, 0.75), 4)
        period = periods.first ?? 1
        latest = Swift.max(period, horizon / 2)
        var steadiness = LastCycle.steadiness(values, period: period, width: Swift.max(horizon, period))
        if periods.isEmpty { steadiness *= 1 - LastCycle.bias(values, width: horizon) }
        // Even where each weekend is as no day before it, the last cycle keeps some weight.
        extraWeight = (
            likely: Self.weightInLikely * steadiness,
            point: Self.weightOfLastCycle * (periods.isEmpty ? steadiness : steadiness.squareRoot()),
            line: periods.isEmpty ? Self.weightOfLine * Trend.evidence(values) / independent : 0
        )
        let ensemble = Ensemble(known, periods: periods.filter { split >= 2 * $0 })
        let step = max(1, (tested - horizon) / PathForecaster.maxOrigins)
        // Counted back from the end, so that the newest moments are always in.
        let origins = Array(stride(from: values.count - horizon, through: split, by: -step).reversed())
        let paths = ensemble.paths(after: origins, of: values, horizon: horizon)
        weigh(ensemble, paths, origins, values, horizon)
        let outcomes = judge(ensemble, paths, origins, values, horizon, sums: sums)
        let unrest = PathIntervals.unrest(
            values, lag: periods.last ?? max(1, horizon / 2), width: horizon)
        intervals = PathIntervals(outcomes, independent: independent, unrest: unrest)
    }

    /// How far a backtest forecasts: less than what is asked for where the history is short.
    static func reach(_ horizon: Int, count: Int) -> Int {
        min(horizon, maxHorizon, max(1, count / 3))
    }

    /// How much of the end is forecast. Models without enough cycles say little of those that will have them.
    private static func tested(_ count: Int, periods: [Int], horizon: Int) -> Int {
        let seen = Double(periods.last ?? 0) * leastCycles
        let spare = Swift.max(0, count - Int(seen))
        return min(count / 2, Swift.max(2 * horizon, min(count / 3, spare)))
    }

    /// Where the history is too short for a backtest: how far values were from those so many steps before, and from
    /// these had they gone on as the whole did. Which of the two it will be nobody knows.
    private static func intervalsOfFew(_ values: [Double], horizon: Int) -> PathIntervals {
        let reach = min(horizon, values.count / 2)
        guard reach >= 1, let last = values.last else { return PathIntervals() }
        let drift = (last - values[0]) / Double(values.count - 1)
        let outcomes = (1...reach).map { step in
            (0..<values.count - reach).flatMap { moment in
                [0, drift * Double(step)].map {
                    PathIntervals.Outcome(actual: values[moment + step], forecast: values[moment] + $0)
                }
            }
        }
        return PathIntervals(
            outcomes, independent: Double(values.count - reach) / Double(reach),
            unrest: PathIntervals.usualUnrest)
    }

    private mutating func weigh(
        _ ensemble: Ensemble, _ paths: [[[Double]?]], _ origins: [Int], _ values: [Double], _ horizon: Int
    ) {
        worth = [Double](repeating: .nan, count: Ensemble.Kind.allCases.count)
        var all: [Double] = []
        for (index, member) in ensemble.members.enumerated() {
            var sum = 0.0
            var total = 0.0
            var weight = 1.0
            for (path, origin) in zip(paths, origins).reversed() {
                if let path = path[index] {
                    var error = 0.0
                    for step in 0..<horizon { error += abs(values[origin + step] - path[step]) }
                    sum += weight * error
                    total += weight * Double(horizon)
                }
                weight *= Self.memory
            }
            guard total > 0 else { continue }
            worth[member.kind.rawValue] = sum / total
            all.append(sum / total)
        }
        all.sort()
        guard !all.isEmpty else { return }
        typical = (all[(all.count - 1) / 2] + all[all.count / 2]) / 2
    }

    /// What the likely median of each path's members, and the naive forecast with it, missed; how the point
    /// forecast did beside naive ones is kept.
    private mutating func judge(
        _ ensemble: Ensemble, _ paths: [[[Double]?]], _ origins: [Int], _ values: [Double], _ horizon: Int,
        sums: Bool
    ) -> [[PathIntervals.Outcome]] {
        let weights = weights(ensemble)
        var seasonal = 0.0
        var last = 0.0
        var median = 0.0
        var medians: [(point: [Double], likely: [Double])] = []
        for (path, origin) in zip(paths, origins) {
            let newest = values[origin - 1]
            let point = ensemble.combined(
                path, weights: weightsOfPoint(ensemble, after: values[..<origin]), horizon: horizon,
                last: newest)
            let likely = ensemble.combined(path, weights: weights, horizon: horizon, last: newest)
            for step in 0..<horizon {
                let actual = values[origin + step]
                median += abs(actual - point[step])
                seasonal += abs(actual - values[origin - period + step % period])
                last += abs(actual - newest)
            }
            medians.append((point, likely))
        }
        naiveShare = Self.naiveShare(error: median, naive: seasonal, independent: independent)
        var outcomes = [[PathIntervals.Outcome]](repeating: [], count: horizon)
        var own = 0.0
        for (path, origin) in zip(medians, origins) {
            let likely = mixed(path.likely, after: values[..<origin])
            let point = mixed(path.point, after: values[..<origin])
            let actual = Array(values[origin..<origin + horizon])
            for step in 0..<horizon { own += abs(actual[step] - point[step]) }
            let reached = sums ? MonotoneSeries.summed(actual) : actual
            let expected = sums ? MonotoneSeries.summed(likely) : likely
            for step in 0..<horizon {
                outcomes[step].append(
                    PathIntervals.Outcome(actual: reached[step], forecast: expected[step]))
            }
        }
        relativeError = seasonal > 0 ? own / seasonal : own > 0 ? .infinity : 1
        isTrusted = own < 0.95 * seasonal && own < 0.95 * last
        return outcomes
    }

    /// A median of the ensemble with the share of the seasonal naive forecast.
    func mixed(_ path: [Double], after values: ArraySlice<Double>) -> [Double] {
        guard naiveShare > 0 else { return path }
        let start = values.endIndex - period
        return path.indices.map { path[$0] + naiveShare * (values[start + $0 % period] - path[$0]) }
    }

    /// What the logarithm of the error relative to that of the seasonal naive forecast is before anything is
    /// known of a series, its spread over series, and its spread over windows of one series.
    private static let usualAdvantage = -0.55
    private static let spreadOfSeries = 0.5
    private static let spreadOfWindows = 0.7
    /// More windows than this say no more: a series changes.
    private static let mostWindows = 8.0
    /// Up to the first logarithm of the ratio to be expected nothing is naive, from the second on everything.
    private static let doubt = -0.2...0.2

    /// An ensemble that was hardly better than the last cycle in windows enough to tell is mixed with it. The
    /// expectation is that of a normal prior and normal observations.
    static func naiveShare(error: Double, naive: Double, independent: Double) -> Double {
        guard error > 0, naive > 0 else { return error > 0 ? 1 : 0 }
        let evidence = min(independent, mostWindows) / (spreadOfWindows * spreadOfWindows)
        let prior = 1 / (spreadOfSeries * spreadOfSeries)
        let expected = (evidence * log(error / naive) + prior * usualAdvantage) / (evidence + prior)
        return min(max((expected - doubt.lowerBound) / (doubt.upperBound - doubt.lowerBound), 0), 1)
    }

    /// What each member of an ensemble of the same series weighs in the likely median.
    func weights(_ ensemble: Ensemble) -> [Double] {
        weights(ensemble, lastCycle: extraWeight.likely)
    }

    /// What each member weighs in a point forecast.
    /// - Parameter values: up to the moment of the forecast.
    func weightsOfPoint(_ ensemble: Ensemble, after values: ArraySlice<Double>) -> [Double] {
        let emphasis = LastCycle.emphasis(values, period: period, width: latest, typical: typical)
        var weight = emphasis * extraWeight.point
        if let kind = Self.lastCycle(ensemble).map({ ensemble.members[$0].kind.rawValue }), !worth.isEmpty,
            worth[kind] > Self.fairError * typical
        {
            weight *= Self.fairError * typical / worth[kind]
        }
        return weights(ensemble, lastCycle: weight)
    }

    /// Which member repeats the last cycle, or the last value.
    private static func lastCycle(_ ensemble: Ensemble) -> Int? {
        ensemble.members.firstIndex { $0.kind == .shortNaive || $0.kind == .last }
    }

    /// What its errors earn each member, one for a typical error and for a member that could not be tried.
    /// - Parameter lastCycle: what the last cycle weighs besides, as a multiple of all others together.
    private func weights(_ ensemble: Ensemble, lastCycle: Double) -> [Double] {
        var weights = ensemble.members.map { member in
            guard !worth.isEmpty, worth[member.kind.rawValue].isFinite, typical > 0 else { return 1.0 }
            return pow(max(worth[member.kind.rawValue] / typical, Self.leastError), -sharpness)
        }
        if let index = ensemble.members.firstIndex(where: { $0.kind == .straight }) {
            weights[index] += extraWeight.line * (weights.reduce(0, +) - weights[index])
        }
        if let index = Self.lastCycle(ensemble) {
            weights[index] += lastCycle * (weights.reduce(0, +) - weights[index])
        }
        return weights
    }
}
