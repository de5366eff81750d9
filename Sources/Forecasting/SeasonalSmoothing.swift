/// Classical decomposition and simple exponential smoothing: seasonal indices from ratios (or differences) to
/// a centred moving average, recent cycles weighing more, and the smoothed level of what remains.
enum SeasonalSmoothing {
    static let rates = [0.05, 0.1, 0.2, 0.4, 0.7, 1]
    static let decay = 0.85

    /// Nil where the history has fewer than two cycles.
    static func forecast(_ values: ArraySlice<Double>, period: Int, isMultiplicative: Bool, horizon: Int)
        -> [Double]?
    {
        let values = Array(values)
        guard period >= 2, values.count >= 2 * period + 1 else { return nil }
        let indices = indices(values, period, isMultiplicative: isMultiplicative)
        let level = values.enumerated().map { index, value in
            isMultiplicative ? value / indices[index % period] : value - indices[index % period]
        }
        let last = smoothed(level, from: period)
        return (0..<horizon).map { step in
            let index = indices[(values.count + step) % period]
            return isMultiplicative ? last * index : last + index
        }
    }

    /// One index a phase: the mean ratio (or difference) to a centred moving average, each cycle weighing
    /// `decay` of the next.
    static func indices(
        _ values: [Double], _ period: Int, isMultiplicative: Bool, decay: Double = Self.decay
    ) -> [Double] {
        var sums = [Double](repeating: 0, count: period)
        var weights = sums
        let cycles = values.count / period
        var powers = [1.0]
        for _ in 0..<cycles { powers.append(powers[powers.count - 1] * decay) }
        forEachDeviation(values, period) { centre, mean in
            let effect = isMultiplicative ? (mean > 0 ? values[centre] / mean : 1) : values[centre] - mean
            let weight = powers[max(0, cycles - 1 - centre / period)]
            sums[centre % period] += weight * effect
            weights[centre % period] += weight
        }
        let raw = zip(sums, weights).map { $1 > 0 ? $0 / $1 : (isMultiplicative ? 1 : 0) }
        let mean = raw.reduce(0, +) / Double(period)
        return raw.map { isMultiplicative ? max($0 / (mean > 0 ? mean : 1), 1e-3) : $0 - mean }
    }

    /// Every moment around which there is a whole period, with the moving average over it.
    static func forEachDeviation(_ values: [Double], _ period: Int, _ body: (Int, Double) -> Void) {
        var sum = values[0..<period].reduce(0, +)
        for start in 0...(values.count - period) {
            if start > 0 { sum += values[start + period - 1] - values[start - 1] }
            // An even period straddles its centre: the mean of two neighbouring windows.
            var mean = sum / Double(period)
            if period % 2 == 0, start + period < values.count {
                mean += (values[start + period] - values[start]) / Double(2 * period)
            }
            body(start + period / 2, mean)
        }
    }

    /// The last level at the rate that would have foreseen each next value best.
    static func smoothed(_ level: [Double], from start: Int) -> Double {
        var best = (error: Double.infinity, level: level[level.count - 1])
        for rate in rates {
            var smooth = level[0..<start].reduce(0, +) / Double(start)
            var error = 0.0
            for value in level[start...] {
                error += abs(value - smooth)
                smooth += rate * (value - smooth)
            }
            if error < best.error { best = (error, smooth) }
        }
        return best.level
    }
}
