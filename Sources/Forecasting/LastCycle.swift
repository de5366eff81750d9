/// What the last cycle, repeated, has been worth as a forecast.
enum LastCycle {
    /// More of the past says less of what comes next.
    static let maxWindows = 19
    static let leastWindows = 4
    /// What is taken for the steadiness before it has been seen.
    static let usualSteadiness = 0.6
    /// The rank of a window that went well.
    static let goodRank = 0.2
    /// It counts more where its latest error is below so many times a typical model's.
    static let calm = 1.1
    /// No more past cycles say how its errors are usually spread over one, nor do they say less than this.
    static let usualCycles = 7
    static let leastShare = 0.25
    /// However exactly it was repeated, it counts so many times at most.
    static let mostEmphasis = 8.0

    /// How evenly wrong it is from window to window: the error of a window that went well relative to the mean of all,
    /// from 0 (as where every week has its weekend, before which the last day is no forecast) to 1.
    /// - Parameters:
    ///   - period: the length of a cycle, 1 for the last value.
    ///   - width: the length of a window, which starts every half of it.
    static func steadiness(_ values: [Double], period: Int, width: Int) -> Double {
        guard period >= 1, width >= 1 else { return usualSteadiness }
        var errors: [Double] = []
        for start in stride(from: values.count - width, through: period, by: -max(1, width / 2)) {
            guard errors.count < maxWindows else { break }
            var sum = 0.0
            for step in 0..<width {
                sum += abs(values[start + step] - values[start - period + step % period])
            }
            errors.append(sum)
        }
        let mean = errors.reduce(0, +) / Double(max(1, errors.count))
        guard errors.count >= leastWindows, mean > 0 else { return usualSteadiness }
        errors.sort()
        return min(1, Quantile.ofSorted(errors, goodRank) / mean)
    }

    /// How far the last value is wrong to one side, from 0 to 1: always so where there is a trend.
    /// - Parameter width: how far it is to stand, from every half of that on.
    static func bias(_ values: [Double], width: Int) -> Double {
        var signed = 0.0
        var total = 0.0
        var windows = 0
        for start in stride(from: values.count - width, through: 1, by: -max(1, width / 2)) {
            guard windows < maxWindows else { break }
            windows += 1
            for value in values[start..<start + width] {
                signed += value - values[start - 1]
                total += abs(value - values[start - 1])
            }
        }
        return total > 0 ? abs(signed) / total : 0
    }

    /// How many times as much as usual it counts where it has just been repeated better than a typical model forecasts:
    /// that is how it first shows that a restless series has come to rest, or that one which grew stands still. How
    /// wrong it was lately is the geometric mean of what it was over the whole of what is looked at, and of what the
    /// last half of that says of a whole: where nights are calm, a calm night says nothing.
    /// - Parameters:
    ///   - values: up to the moment of the forecast.
    ///   - period: the length of a cycle, 1 for the last value.
    ///   - width: how much of the end is looked at.
    ///   - typical: the error of a typical model.
    static func emphasis(_ values: ArraySlice<Double>, period: Int, width: Int, typical: Double) -> Double {
        guard width >= 2, period >= 1, values.count - width >= period, typical > 0 else { return 1 }
        let lately = errors(values, before: values.endIndex, period: period, width: width)
        let later = lately.later / max(leastShare, usualShare(values, period: period, width: width))
        let error = (lately.whole * later).squareRoot()
        let usual = calm * typical
        return error * mostEmphasis > usual ? max(1, usual / error) : mostEmphasis
    }

    /// The mean error of the last half of some values relative to that of them all, as it was one cycle before and
    /// some more.
    private static func usualShare(_ values: ArraySlice<Double>, period: Int, width: Int) -> Double {
        let cycle = (width + period - 1) / period * period
        var whole = 0.0
        var later = 0.0
        for past in 1...usualCycles {
            let end = values.endIndex - past * cycle
            guard end - width - period >= values.startIndex else { break }
            let errors = errors(values, before: end, period: period, width: width)
            whole += errors.whole
            later += errors.later
        }
        return whole > 0 ? later / whole : 1
    }

    /// The mean error of the last cycle, repeated, for so many values before a moment and for the last half of them.
    private static func errors(
        _ values: ArraySlice<Double>, before end: Int, period: Int, width: Int
    ) -> (whole: Double, later: Double) {
        let start = end - width
        var earlier = 0.0
        var later = 0.0
        for step in 0..<width {
            let error = abs(values[start + step] - values[start - period + step % period])
            if step < width / 2 { earlier += error } else { later += error }
        }
        return ((earlier + later) / Double(width), later / Double(width - width / 2))
    }
}
