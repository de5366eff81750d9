import Glibc

/// Finds a change of level so near to the end that hardly a cycle lies after it: what has come since lies farther from
/// past cycles than any stretch as long has before, and evenly so.
enum RecentShift {
    /// Fewer values may be wrong.
    static let leastAfter = 3
    /// No more past cycles than this say what a moment should be, nor fewer than that.
    static let mostCycles = 7
    static let leastCycles = 3
    /// What was at least this share of it before, for half of as long a stretch, is a precedent: it may pass again.
    static let precedent = 0.5
    /// The share of the values since that have to be nearer to the new level than to the old one.
    static let agreement = 0.9
    /// So many moments tell what is usual.
    static let sample = 256
    /// Where the spread around the level is so many times another, what was before says nothing of what is now.
    static let otherSpread = 5.0

    /// How values lie about what past cycles say, in one of two ways to measure it.
    private struct Distances {
        let isMultiplicative: Bool
        let level: [Double]
        let cycle: Int
        /// Before it too few cycles are known.
        let first: Int

        init(_ level: [Double], cycle: Int, isMultiplicative: Bool) {
            self.level = level
            self.cycle = cycle
            self.isMultiplicative = isMultiplicative
            first = RecentShift.leastCycles * cycle
        }

        /// Of a value from the median of the same moments of past cycles.
        subscript(index: Int) -> Double {
            let cycles = min(RecentShift.mostCycles, index / cycle)
            return level[index] - Quantile.median((1...cycles).map { level[index - $0 * cycle] })
        }

        /// From `first` on.
        var all: [Double] { level.indices.map { $0 < first ? 0 : self[$0] } }

        /// Whether the end is farther away than a sample of moments: most series need no closer look.
        var mayHaveChanged: Bool {
            let step = max(1, (level.count - first) / RecentShift.sample)
            let some = stride(from: first, to: level.count, by: step).map { abs(self[$0]) }
            return abs(size) > LevelShifts.leastSize / 2 * Quantile.median(some)
        }

        /// Of the last values.
        var size: Double {
            Quantile.median((level.count - RecentShift.leastAfter..<level.count).map { self[$0] })
        }
    }

    /// Nil where there is none.
    /// - Parameter cycle: whole seasons.
    static func found(_ values: [Double], cycle: Int) -> LevelShift? {
        guard values.count >= (LevelShifts.leastBefore + 1) * cycle else { return nil }
        let isPositive = values.allSatisfy { $0 > 0 }
        let added = shift(Distances(values, cycle: cycle, isMultiplicative: false), cycle: cycle)
            .flatMap { keepsSign(values, $0.shift) ? $0 : nil }
        guard isPositive, let added else { return added?.shift }
        let scaled = shift(
            Distances(values.map { log($0) }, cycle: cycle, isMultiplicative: true), cycle: cycle)
        // What looks like a change in only one of the two ways is an uneven day.
        guard let scaled else { return nil }
        return added.unevenness < scaled.unevenness ? added.shift : scaled.shift
    }

    /// Whether what was never below zero stays there when it is moved.
    private static func keepsSign(_ values: [Double], _ shift: LevelShift) -> Bool {
        guard let least = values.min(), least >= 0 else { return true }
        return (values[..<shift.index].min() ?? 0) + shift.size > 0
    }

    /// The change, and how far values since are from the new level beside its size.
    private static func shift(
        _ distances: Distances, cycle: Int
    ) -> (shift: LevelShift, unevenness: Double)? {
        guard distances.mayHaveChanged else { return nil }
        let all = distances.all
        let count = all.count
        let earliest = count - LevelShifts.leastAfter * cycle
        var size = distances.size
        var start = count
        for _ in 0..<2 {
            var gain = 0.0
            var best = 0.0
            start = count
            for index in stride(from: count - 1, through: earliest, by: -1) {
                gain += abs(all[index]) - abs(all[index] - size)
                if gain > best { (best, start) = (gain, index) }
            }
            guard count - start >= leastAfter else { return nil }
            size = Quantile.median(Array(all[start...]))
        }
        let since = all[start...]
        let usual = 1.4826 * Quantile.median(all[distances.first..<start].map { abs($0) })
        let agreeing = since.count { abs($0 - size) < abs($0) }
        guard abs(size) > LevelShifts.leastSize * usual, size != 0,
            !distances.isMultiplicative || abs(size) > LevelShifts.leastRatio,
            Double(agreeing) >= agreement * Double(since.count),
            !hasPrecedent(all[distances.first..<start], length: since.count, size: size)
        else { return nil }
        let values = Array(distances.level[start...])
        let middle = Quantile.median(values)
        let spread = 1.4826 * Quantile.median(values.map { abs($0 - middle) })
        let isAlike = spread <= otherSpread * usual && usual <= otherSpread * spread
        return (
            LevelShift(
                index: start, size: size, isMultiplicative: distances.isMultiplicative, keepsShape: isAlike),
            Quantile.median(since.map { abs($0 - size) }) / abs(size)
        )
    }

    /// Whether any stretch as long was mostly as far away, in the same direction.
    private static func hasPrecedent(_ before: ArraySlice<Double>, length: Int, size: Double) -> Bool {
        func isFar(_ distance: Double) -> Bool {
            distance * size > precedent * size * size
        }
        var far = 0
        for index in before.indices {
            if isFar(before[index]) { far += 1 }
            if index - length >= before.startIndex, isFar(before[index - length]) { far -= 1 }
            if 2 * far >= length { return true }
        }
        return false
    }
}
