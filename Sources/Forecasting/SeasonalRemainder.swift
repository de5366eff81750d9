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
    init?(
        _ values: [Double], period: Int, averaging: Averaging, isLogarithmic: Bool, lags: [Int]
    ) {
        guard period >= 2, values.count >= 2 * period + 1, let longest = lags.max() else { return nil }
        let state = isLogarithmic ? values.map(Autoregression.logarithm) : values
        let index =
            switch averaging {
            case .decaying(let decay):
                SeasonalSmoothing.indices(state, period, isMultiplicative: false, decay: decay)
            case .median: Self.medians(state, period)
            }
        let rest = state.indices.map { state[$0] - index[$0 % period] }
        guard
            let remainder = Autoregression(
                rest, lags: lags, form: Autoregression.Form(isLogarithmic: false, difference: 0))
        else { return nil }
        self.index = index
        self.isLogarithmic = isLogarithmic
        self.remainder = remainder
        reach = longest + 1
    }

    /// The values after `values`, which begin where the history did that this was fitted to.
    func forecast(after values: ArraySlice<Double>, horizon: Int) -> [Double] {
        let period = index.count
        let recent = values.indices.suffix(reach).map { position in
            let value = isLogarithmic ? Autoregression.logarithm(values[position]) : values[position]
            return value - index[(position - values.startIndex) % period]
        }
        var path = remainder.forecast(after: recent[...], horizon: horizon)
        for step in path.indices {
            path[step] += index[(values.count + step) % period]
            if isLogarithmic { path[step] = exp(min(path[step], 700)) }
        }
        return path
    }

    private static func medians(_ values: [Double], _ period: Int) -> [Double] {
        var phases = [[Double]](repeating: [], count: period)
        SeasonalSmoothing.forEachDeviation(values, period) { centre, mean in
            phases[centre % period].append(values[centre] - mean)
        }
        let raw = phases.map { phase -> Double in
            guard !phase.isEmpty else { return 0 }
            let sorted = phase.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        let mean = raw.reduce(0, +) / Double(period)
        return raw.map { $0 - mean }
    }
}
