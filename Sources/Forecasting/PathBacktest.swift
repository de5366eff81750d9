/// How an ensemble would have done from moments in the last part of the history: what each member's word is
/// worth, and how wrong their median was, step by step.
struct PathBacktest: Sendable {
    /// A member's weight is in inverse proportion to its error; no error counts as smaller than this share of
    /// the members' median error.
    static let leastError = 0.05
    /// Of the longest season, that the models of a backtest must have seen.
    static let leastCycles = 3.5

    /// What an error is taken relative to: where a series varies more when it is high, the forecast itself.
    enum Scaling: CaseIterable, Sendable {
        case fixed, halfProportional, proportional

        func scale(_ forecast: Double, typical: Double) -> Double {
            let proportional = max(abs(forecast), 0.1 * typical)
            return switch self {
            case .fixed: typical
            case .halfProportional: (typical + proportional) / 2
            case .proportional: proportional
            }
        }
    }

    private var worth: [Double] = []
    private var typical = 1.0
    private var size = 1.0
    /// Ascending errors relative to their scale, per step ahead, pooled over neighbouring steps.
    private var errors: [[Double]] = []
    private var scaling = Scaling.fixed
    /// How many windows of the horizon were forecast that do not overlap.
    private var independent = 1.0
    private(set) var relativeError = Double.infinity
    private(set) var isTrusted = false

    init(_ series: RegularSeries, periods: [Int], horizon: Int) {
        let values = series.values
        let tested = Self.tested(values.count, periods: periods, horizon: horizon)
        let split = values.count - tested
        guard horizon >= 1, tested > horizon, split >= PathForecaster.leastValues,
            let known = RegularSeries(Array(values[..<split]))
        else { return }
        let ensemble = Ensemble(known, periods: periods.filter { split >= 2 * $0 })
        let step = max(1, (tested - horizon) / PathForecaster.maxOrigins)
        // Counted back from the end, so that the newest moments are always in.
        let origins = stride(from: values.count - horizon, through: split, by: -step).reversed()
        let paths = origins.map { ensemble.paths(after: values[..<$0], horizon: horizon) }
        weigh(ensemble, paths, Array(origins), values, horizon)
        judge(ensemble, paths, Array(origins), values, period: periods.first ?? 1, horizon)
        independent = max(1, Double(tested) / Double(horizon))
    }

    /// How much of the end is forecast. Models without enough cycles say little of those that will have them.
    private static func tested(_ count: Int, periods: [Int], horizon: Int) -> Int {
        let seen = Double(periods.last ?? 0) * leastCycles
        let spare = Swift.max(0, count - Int(seen))
        return min(count / 2, Swift.max(2 * horizon, min(count / 3, spare)))
    }

    private mutating func weigh(
        _ ensemble: Ensemble, _ paths: [[[Double]?]], _ origins: [Int], _ values: [Double], _ horizon: Int
    ) {
        worth = [Double](repeating: .nan, count: Ensemble.Kind.allCases.count)
        var all: [Double] = []
        for (index, member) in ensemble.members.enumerated() {
            var sum = 0.0
            var count = 0.0
            for (path, origin) in zip(paths, origins) {
                guard let path = path[index] else { continue }
                for step in 0..<horizon { sum += abs(values[origin + step] - path[step]) }
                count += Double(horizon)
            }
            guard count > 0 else { continue }
            worth[member.kind.rawValue] = sum / count
            all.append(sum / count)
        }
        all.sort()
        guard !all.isEmpty else { return }
        typical = (all[(all.count - 1) / 2] + all[all.count / 2]) / 2
    }

    /// What the median of each path's members missed.
    private mutating func judge(
        _ ensemble: Ensemble, _ paths: [[[Double]?]], _ origins: [Int], _ values: [Double], period: Int,
        _ horizon: Int
    ) {
        let weights = weights(ensemble)
        var outcomes = [[(actual: Double, forecast: Double)]](repeating: [], count: horizon)
        var own = 0.0
        var seasonal = 0.0
        var last = 0.0
        for (path, origin) in zip(paths, origins) {
            let path = ensemble.combined(path, weights: weights, horizon: horizon, last: values[origin - 1])
            for step in 0..<horizon {
                let actual = values[origin + step]
                outcomes[step].append((actual, path[step]))
                own += abs(actual - path[step])
                seasonal += abs(actual - values[origin - period + step % period])
                last += abs(actual - values[origin - 1])
            }
        }
        relativeError = seasonal > 0 ? own / seasonal : own > 0 ? .infinity : 1
        isTrusted = own < 0.95 * seasonal && own < 0.95 * last
        calibrate(outcomes)
    }

    /// Chooses what errors are relative to, by what the tenth and ninetieth percentile would have lost.
    private mutating func calibrate(_ outcomes: [[(actual: Double, forecast: Double)]]) {
        let all = outcomes.flatMap { $0 }
        size = max(all.reduce(0) { $0 + abs($1.forecast) } / Double(max(1, all.count)), 1e-300)
        var best = Double.infinity
        for scaling in Scaling.allCases {
            let sorted = all.map { ($0.actual - $0.forecast) / scaling.scale($0.forecast, typical: size) }
                .sorted()
            var loss = 0.0
            for quantile in [0.1, 0.9] {
                let margin = Quantile.ofSorted(sorted, quantile)
                for (actual, forecast) in all {
                    let bound = forecast + margin * scaling.scale(forecast, typical: size)
                    loss += Quantile.pinball(actual, bound, quantile)
                }
            }
            guard loss < best else { continue }
            best = loss
            self.scaling = scaling
        }
        // Few origins calibrate no tail; errors of neighbouring steps are alike.
        let pool = max(1, min(outcomes.count / 8, 12))
        let raw = outcomes.map { step in
            step.map { ($0.actual - $0.forecast) / scaling.scale($0.forecast, typical: size) }
        }
        errors = raw.indices.map { step in
            (max(0, step - pool)...min(raw.count - 1, step + pool)).flatMap { raw[$0] }.sorted()
        }
    }

    /// What each member of an ensemble of the same series is worth: one for a member of typical error, and
    /// for one that could not be tried.
    func weights(_ ensemble: Ensemble) -> [Double] {
        ensemble.members.map { member in
            guard !worth.isEmpty, worth[member.kind.rawValue].isFinite, typical > 0 else { return 1 }
            return 1 / max(worth[member.kind.rawValue] / typical, Self.leastError)
        }
    }

    /// A quantile of what may come so many steps (from 0) ahead. What was never below zero stays there.
    func quantile(_ quantile: Double, at step: Int, around mean: Double, in series: RegularSeries) -> Double {
        guard !errors.isEmpty else { return mean }
        let sorted = errors[min(step, errors.count - 1)]
        let middle = Quantile.ofSorted(sorted, 0.5)
        let margin = middle + widening(quantile) * (Quantile.ofSorted(sorted, quantile) - middle)
        let bound = mean + margin * scaling.scale(mean, typical: size)
        return series.isNonNegative ? max(0, bound) : bound
    }

    /// Paths overlap: of few independent ones the spread is known as badly as Student's t says (its expansion
    /// in the inverse of their number, relative to the normal quantile).
    private func widening(_ quantile: Double) -> Double {
        let square = Quantile.normal(quantile) * Quantile.normal(quantile)
        return 1 + (square + 1) / (4 * independent)
            + (5 * square * square + 16 * square + 3) / (96 * independent * independent)
    }
}
