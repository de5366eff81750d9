import Glibc

/// A change of level that came at once and lasted.
package struct LevelShift: Hashable, Sendable {
    /// The first value at the new level.
    package var index: Int
    /// By how much the new level is above the old one; of logarithms where all values are above zero.
    package var size: Double
    package var isMultiplicative: Bool
    /// Whether values lie around the new level about as they did around the old one.
    package var keepsShape = true
}

/// Finds lasting changes of level, and moves what was before them to the level after: a season's shape is worth
/// keeping when its level is gone.
enum LevelShifts {
    /// A change must be so many times what cycles otherwise differ by, and as a ratio at least this logarithm.
    static let leastSize = 6.0
    static let leastRatio = 0.1
    /// Cycles that must lie before and after: a weekend and a day off are no new level.
    static let leastBefore = 7
    static let leastAfter = 3
    /// No more cycles than this on either side say what a level is.
    static let reach = 14
    /// The share of the change that has to come from one cycle to the next but one; a drift has it not.
    static let leastStep = 0.6
    static let most = 3
    /// The fewest values of a cycle, and the most cycles of a history.
    static let leastCycle = 12
    static let mostCycles = 64

    /// The values as they would have been at the last level, and the changes found, the newest first.
    /// - Parameter periods: the seasons, the shorter first; whole cycles of the first one are compared.
    static func aligned(_ series: RegularSeries, periods: [Int]) -> (values: [Double], shifts: [LevelShift]) {
        var values = series.values
        var shifts: [LevelShift] = []
        let cycle = cycle(values.count, periods.first ?? 1)
        guard values.count >= (leastBefore + leastAfter) * cycle else { return (values, []) }
        let isMultiplicative = values.allSatisfy { $0 > 0 }
        var level = isMultiplicative ? values.map { log($0) } : values
        for _ in 0..<most {
            guard let shift = largest(level, cycle: cycle, long: periods.last ?? cycle, isMultiplicative)
            else { break }
            shifts.append(shift)
            move(&values, by: shift)
            for index in 0..<shift.index { level[index] += shift.size }
        }
        if let recent = RecentShift.found(values, cycle: cycle) {
            shifts.append(recent)
            move(&values, by: recent)
        }
        return (values, shifts.sorted { $0.index > $1.index })
    }

    private static func move(_ values: inout [Double], by shift: LevelShift) {
        for index in 0..<shift.index {
            values[index] =
                shift.isMultiplicative ? values[index] * exp(shift.size) : values[index] + shift.size
        }
    }

    /// Whole seasons, and long enough that a short bump is none of the cycles that are compared.
    private static func cycle(_ count: Int, _ period: Int) -> Int {
        let least = max(leastCycle, count / mostCycles)
        return (least + period - 1) / period * period
    }

    private static func largest(
        _ level: [Double], cycle: Int, long: Int, _ isMultiplicative: Bool
    ) -> LevelShift? {
        let count = level.count / cycle
        let start = level.count - count * cycle
        let cycles = (0..<count).map { block in
            let first = start + block * cycle
            return level[first..<first + cycle].reduce(0, +) / Double(cycle)
        }
        let plain = withoutSeason(cycles, long: long % cycle == 0 ? long / cycle : 1)
        var best: (block: Int, size: Double, ratio: Double)?
        for block in leastBefore..<max(leastBefore, count - leastAfter + 1) {
            let before = Array(plain[max(0, block - reach)..<block])
            let after = Array(plain[block..<min(count, block + reach)])
            let old = Quantile.median(before)
            let new = Quantile.median(after)
            let size = new - old
            let spread =
                1.4826 * Quantile.median(before.map { abs($0 - old) } + after.map { abs($0 - new) })
            let step =
                (plain[block] + plain[block + 1] - plain[block - 1] - plain[block - 2]) / 2
            guard abs(size) > leastSize * spread, !isMultiplicative || abs(size) > leastRatio,
                size * step > leastStep * size * size, size != 0,
                // All of the newest must be there, not only most of them.
                after.allSatisfy({ abs($0 - new) < abs($0 - old) }),
                before.suffix(leastBefore).allSatisfy({ abs($0 - old) < abs($0 - new) })
            else { continue }
            let ratio = abs(size) / max(spread, 1e-12 * abs(size))
            if ratio > best?.ratio ?? 0 { best = (block, size, ratio) }
        }
        return best.map { found in
            LevelShift(
                index: exact(
                    level, around: start + found.block * cycle, cycle: cycle, season: long,
                    size: found.size),
                size: found.size, isMultiplicative: isMultiplicative)
        }
    }

    /// Cycles less what their place in the longer season adds: the median of it, which a change of level that
    /// was not long ago does not move.
    private static func withoutSeason(_ cycles: [Double], long: Int) -> [Double] {
        guard long > 1, cycles.count >= 3 * long else { return cycles }
        let base = cycles.indices.map { index in
            let first = min(max(0, index - long / 2), cycles.count - long)
            return Quantile.median(Array(cycles[first..<first + long]))
        }
        let places = (0..<long).map { place in
            Quantile.median(stride(from: place, to: cycles.count, by: long).map { cycles[$0] - base[$0] })
        }
        return cycles.indices.map { cycles[$0] - places[$0 % long] }
    }

    /// Where within a cycle of a moment the values change from what they were a season before to so much more.
    private static func exact(
        _ level: [Double], around moment: Int, cycle: Int, season: Int, size: Double
    ) -> Int {
        let lag = moment - cycle >= season ? season : cycle
        let first = max(lag, moment - cycle)
        let last = min(level.count, moment + cycle)
        var cost = 0.0
        var best = (cost: 0.0, index: first)
        for index in first..<last {
            let change = level[index] - level[index - lag]
            // Before the change nothing is to be expected, after it the size.
            cost += abs(change) - abs(change - size)
            if cost < best.cost { best = (cost, index + 1) }
        }
        return best.index
    }
}
