import Glibc

/// A seasonal index, and an autoregression of what remains without it.
struct SeasonalRemainder: Sendable {
    /// How an index is taken from the deviations of one phase from their moving average.
    enum Averaging: Hashable, Sendable {
        /// The mean, a cycle weighing so much of the next one.
        case decaying(Double)
        case median
    }

    private let index: [Double]
    private let isLogarithmic: Bool
    private let remainder: Autoregression
    private let reach: Int

    /// Nil where the history is shorter than two cycles, or too short for the lags.
    /// - Parameter level: logarithms where the model is of them.
    init?(
        _ level: [Double], period: Int, averaging: Averaging, isLogarithmic: Bool, lags: [Int]
    ) {
        guard period >= 2, level.count >= 2 * period + 1, let longest = lags.max() else { return nil }
        let index =
            switch averaging {
            case .decaying(let decay):
                SeasonalSmoothing.indices(level, period, isMultiplicative: false, decay: decay)
            case .median: Self.medians(level, period)
            }
        let rest = level.indices.map { level[$0] - index[$0 % period] }
        guard
            let remainder = Autoregression(
                rest, lags: lags, form: Autoregression.Form(isLogarithmic: false, difference: 0))
        else { return nil }
        self.index = index
        self.isLogarithmic = isLogarithmic
        self.remainder = remainder
        reach = longest + 1
    }

    /// The values after `level`, which begins where the history did that this was fitted to.
    /// - Parameter level: logarithms where the model is of them.
    func forecast(after level: ArraySlice<Double>, horizon: Int) -> [Double] {
        let period = index.count
        let recent = level.indices.suffix(reach).map { position in
            level[position] - index[(position - level.startIndex) % period]
        }
        var path = remainder.forecast(after: recent[...], horizon: horizon)
        for step in path.indices {
            path[step] += index[(level.count + step) % period]
            if isLogarithmic { path[step] = exp(min(path[step], 700)) }
        }
        return path
    }

    private static func medians(_ values: [Double], _ period: Int) -> [Double] {
        // Phase by phase in one array: a list of its own for each would be most of the work.
        let most = values.count / period + 1
        var deviations = [Double](repeating: 0, count: period * most)
        var counts = [Int](repeating: 0, count: period)
        SeasonalSmoothing.forEachDeviation(values, period) { centre, mean in
            let phase = centre % period
            deviations[phase * most + counts[phase]] = values[centre] - mean
            counts[phase] += 1
        }
        let raw = counts.indices.map { phase in
            let start = phase * most
            return Quantile.median(in: start..<start + counts[phase], of: &deviations)
        }
        let mean = raw.reduce(0, +) / Double(period)
        return raw.map { $0 - mean }
    }
}
