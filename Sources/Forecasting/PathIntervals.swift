import Glibc

/// What may come around a forecast, step by step: quantiles of a backtest's errors, pooled over neighbouring
/// steps and widened by how little they can be known to say of the next ones.
struct PathIntervals: Sendable {
    /// A forecast of the backtest and what came.
    struct Outcome: Sendable {
        var actual: Double
        var forecast: Double
    }

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

    /// Errors of neighbouring steps are alike: so many on either side are pooled at most.
    static let maxPool = 12
    /// How the unrest of a series counts beside the likeness of its errors.
    static let weightOfUnrest = 4.0
    /// What is taken for the unrest of a series before it has been seen, and for how many windows that stands.
    static let usualUnrest = 0.15
    static let usualWindows = 3.0

    /// For how many independent errors the assumption stands that forecasts are neither too high nor too low.
    static let errorsOfNoShift = 3.0
    /// Quantiles below this are the lower tail.
    static let tail = 0.2

    private var size = 1.0
    private var scaling = Scaling.fixed
    /// Ascending errors relative to their scale, per step ahead.
    private var errors: [[Double]] = []
    /// How many independent errors the spread at a step is known from.
    private var effective: [Double] = []
    /// Beyond the last step the spread goes on as this power of the distance.
    private var growth = 0.0

    init() {}

    /// - Parameters:
    ///   - outcomes: per step ahead, oldest first; as many for every step.
    ///   - independent: how many of them do not overlap.
    ///   - unrest: how much the size of errors differs from window to window.
    init(_ outcomes: [[Outcome]], independent: Double, unrest: Double) {
        guard let first = outcomes.first, !first.isEmpty else { return }
        choose(outcomes)
        let relative = outcomes.map { step in
            step.map { ($0.actual - $0.forecast) / scaling.scale($0.forecast, typical: size) }
        }
        let pool = max(1, min(outcomes.count / 8, Self.maxPool))
        for step in relative.indices {
            let near = relative[max(0, step - pool)...min(relative.count - 1, step + pool)]
            errors.append(near.flatMap { $0 }.sorted())
            let share = Self.shareInCommon(near)
            effective.append(max(1, independent / (share + Self.weightOfUnrest * unrest)))
        }
        growth = Self.growth(relative)
    }

    /// Chooses what errors are relative to, by what the tenth and ninetieth percentile would have lost.
    private mutating func choose(_ outcomes: [[Outcome]]) {
        let all = outcomes.flatMap { $0 }
        size = max(all.reduce(0) { $0 + abs($1.forecast) } / Double(max(1, all.count)), 1e-300)
        var best = Double.infinity
        for scaling in Scaling.allCases {
            let sorted = all.map { ($0.actual - $0.forecast) / scaling.scale($0.forecast, typical: size) }
                .sorted()
            var loss = 0.0
            for quantile in [0.1, 0.9] {
                let margin = Quantile.ofSorted(sorted, quantile)
                for outcome in all {
                    let bound = outcome.forecast + margin * scaling.scale(outcome.forecast, typical: size)
                    loss += Quantile.pinball(outcome.actual, bound, quantile)
                }
            }
            guard loss < best else { continue }
            best = loss
            self.scaling = scaling
        }
    }

    /// How much of the errors' square all steps of a path have in common: one where a path is off by the same
    /// at all of them, and counts once; one in so many where they have nothing to do with each other.
    private static func shareInCommon(_ steps: ArraySlice<[Double]>) -> Double {
        guard let first = steps.first else { return 1 }
        var common = 0.0
        var total = 0.0
        for path in first.indices {
            var sum = 0.0
            for step in steps {
                sum += step[path]
                total += step[path] * step[path]
            }
            common += sum * sum / Double(steps.count)
        }
        return total > 0 ? common / total : 1
    }

    /// How the spread grew from the first quarter of the steps to the last: between not at all and as that of
    /// a random walk.
    private static func growth(_ relative: [[Double]]) -> Double {
        let quarter = relative.count / 4
        guard quarter >= 1 else { return 0.5 }
        func spread(_ steps: ArraySlice<[Double]>) -> Double {
            steps.reduce(0) { $0 + $1.reduce(0) { $0 + abs($1) } }
        }
        let near = spread(relative[..<quarter])
        let far = spread(relative[(relative.count - quarter)...])
        guard near > 0, far > near else { return 0 }
        // The middle of the last quarter is seven times as far as that of the first.
        return min(0.5, log(far / near) / log(7))
    }

    /// The variance, over windows of `width` values, of the logarithm of how far values were from those `lag`
    /// before, less what chance makes of it; pulled towards what is usual where windows are few.
    static func unrest(_ values: [Double], lag: Int, width: Int) -> Double {
        let windows = width >= 1 ? max(0, values.count - lag) / width : 0
        guard windows >= 3 else { return usualUnrest }
        var means: [Double] = []
        var chances: [Double] = []
        for window in 0..<windows {
            let end = values.count - window * width
            var sum = 0.0
            var squares = 0.0
            for index in (end - width)..<end {
                let distance = abs(values[index] - values[index - lag])
                sum += distance
                squares += distance * distance
            }
            let mean = sum / Double(width)
            means.append(mean)
            if mean > 0 { chances.append(max(0, squares / Double(width) / (mean * mean) - 1)) }
        }
        chances.sort()
        let typical = means.reduce(0, +) / Double(windows)
        guard typical > 0, !chances.isEmpty else { return usualUnrest }
        // A window in which nothing moved is calm, and not infinitely so.
        let logarithms = means.map { log($0 + typical / 100) }
        let middle = logarithms.reduce(0, +) / Double(windows)
        let variance =
            logarithms.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(windows - 1)
        // Distances within a window are not independent either.
        let chance = 3 * Quantile.ofSorted(chances, 0.5) / Double(width)
        let seen = Double(windows - 1)
        return (seen * min(1, max(0, variance - chance)) + usualWindows * usualUnrest) / (seen + usualWindows)
    }

    /// A quantile of what may come so many steps (from 0) ahead. What was never below zero stays there.
    func quantile(_ quantile: Double, at step: Int, around mean: Double, in series: RegularSeries) -> Double {
        guard !errors.isEmpty else { return mean }
        let known = min(step, errors.count - 1)
        let sorted = errors[known]
        let middle = Quantile.ofSorted(sorted, 0.5)
        var factor = Self.widening(quantile, effective[known])
        if step > known { factor *= pow(Double(step + 1) / Double(known + 1), growth) }
        let shift = Self.shift(of: middle, quantile, effective[known])
        let margin = shift + factor * (Quantile.ofSorted(sorted, quantile) - middle)
        let bound = mean + margin * scaling.scale(mean, typical: size)
        return series.isNonNegative ? max(0, bound) : bound
    }

    /// What of a median error is to be expected again. Few errors say little of it: with as many as
    /// `errorsOfNoShift` it is believed by half, so that the median is a better forecast and is as often exceeded as
    /// not. The lower tail keeps all of a forecast that was too high: many a series returns to the same floor.
    private static func shift(of median: Double, _ quantile: Double, _ count: Double) -> Double {
        let believed = median * count / (count + errorsOfNoShift)
        guard median < 0, quantile < 0.5 else { return believed }
        return believed + min(1, (1 - 2 * quantile) / (1 - 2 * tail)) * (median - believed)
    }

    /// From so few errors the spread is known as badly as Student's t says (its expansion in the inverse of
    /// their number, relative to the normal quantile).
    private static func widening(_ quantile: Double, _ count: Double) -> Double {
        let square = Quantile.normal(quantile) * Quantile.normal(quantile)
        return 1 + (square + 1) / (4 * count)
            + (5 * square * square + 16 * square + 3) / (96 * count * count)
    }
}
