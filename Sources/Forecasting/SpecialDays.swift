import Glibc

/// Days that differ from the same weekday of the weeks around them: those that come again with the calendar, on a
/// day of the month or before its end, and lone ones, like a public holiday, after which everything is as before.
struct SpecialDays: Sendable {
    /// How far a day must be off: in deviations of all days, and as the logarithm of a ratio.
    static let leastDeviations = 5.0
    static let leastRatio = 0.1
    /// How often a day of the month must have been special, and in the same way.
    static let leastMonths = 3
    /// Days before the end of a month that may be special, the last one included.
    static let lastDays = 3
    /// More special days in a row are a change of level.
    static let longest = 3

    /// What each day of a month is times its like: 1 to 31 from the beginning, -1, -2, -3 from the end.
    private(set) var effects: [Int: Double] = [:]
    /// Days, by number from the first one, that were lone exceptions, and what they were times their like.
    private(set) var exceptions: [Int: Double] = [:]
    private let stepsPerDay: Int
    /// The index of the first value of a day, and that day's number since 1970.
    private let firstIndex: Int
    private let firstDay: Int

    /// Nil where days are not known or too few, or a value is not above zero.
    /// - Parameter startSeconds: when the first value was, in seconds since 1970.
    init?(_ values: [Double], stepSeconds: Double?, startSeconds: Double?) {
        guard let stepSeconds, let startSeconds, stepSeconds > 0, startSeconds >= 1e8, startSeconds < 1e11,
            (86_400 / stepSeconds).rounded() == 86_400 / stepSeconds, stepSeconds <= 21_600,
            values.allSatisfy({ $0 > 0 })
        else { return nil }
        stepsPerDay = Int(86_400 / stepSeconds)
        let day = (startSeconds / 86_400).rounded(.down)
        let late = Int(((startSeconds - day * 86_400) / stepSeconds).rounded())
        firstIndex = late == 0 ? 0 : stepsPerDay - late
        firstDay = Int(day) + (late == 0 ? 0 : 1)
        let count = (values.count - firstIndex) / stepsPerDay
        guard count >= 28 else { return nil }
        let means = (0..<count).map { day in
            let first = firstIndex + day * stepsPerDay
            return log(values[first..<first + stepsPerDay].reduce(0, +) / Double(stepsPerDay))
        }
        let offsets = means.indices.map { day in
            means[day]
                - Quantile.median(
                    [-21, -14, -7, 7, 14, 21].compactMap { shift in
                        means.indices.contains(day + shift) ? means[day + shift] : nil
                    })
        }
        let least = max(
            Self.leastRatio, Self.leastDeviations * 1.4826 * Quantile.median(offsets.map { abs($0) }))
        findEffects(offsets, least: least)
        findExceptions(offsets, least: least)
    }

    /// Keys of the calendar that stand out in every month seen, and whose effect the other months foretell.
    private mutating func findEffects(_ offsets: [Double], least: Double) {
        var found: [Int: [Double]] = [:]
        for (day, offset) in offsets.enumerated() {
            for key in Self.keys(firstDay + day) { found[key, default: []].append(offset) }
        }
        for (key, offsets) in found where offsets.count >= Self.leastMonths {
            let middle = Quantile.median(offsets)
            guard offsets.allSatisfy({ $0 * middle > 0 }), abs(middle) > least else { continue }
            var missed = 0.0
            for (index, offset) in offsets.enumerated() {
                var others = offsets
                others.remove(at: index)
                missed += abs(offset - Quantile.median(others))
            }
            guard missed < 0.5 * offsets.reduce(0, { $0 + abs($1) }) else { continue }
            effects[key] = middle * Double(offsets.count) / Double(offsets.count + 1)
        }
    }

    /// A day far off, the same weekday of the next week as ever. One of the last week counts where such days have
    /// passed before.
    private mutating func findExceptions(_ offsets: [Double], least: Double) {
        var passed = 0
        var run = 0
        for (day, offset) in offsets.enumerated() {
            guard abs(offset) > least, effect(firstDay + day) == 0 else {
                run = 0
                continue
            }
            run += 1
            guard run <= Self.longest else {
                for back in 0..<run { exceptions[day - back] = nil }
                continue
            }
            if day + 7 < offsets.count {
                guard abs(offsets[day + 7]) < abs(offset) / 2 else { continue }
                passed += 1
                exceptions[day] = offset
            } else if passed >= 2 {
                exceptions[day] = offset
            }
        }
    }

    /// The day of the month, and the place from its end where it is one of the last.
    private static func keys(_ day: Int) -> [Int] {
        let date = monthAndDay(day)
        var keys = [date.day]
        for back in 1...lastDays where monthAndDay(day + back).month != date.month {
            keys.append(-back)
            break
        }
        return keys
    }

    /// The logarithm of what a day is times its like; the day counted since 1970.
    private func effect(_ day: Int) -> Double {
        // Of two that agree on a day the stronger one: the 31st and the last are one day.
        Self.keys(day).compactMap { effects[$0] }.max { abs($0) < abs($1) } ?? 0
    }

    /// The values without what the calendar and lone days did to them.
    func removed(from values: [Double]) -> [Double] {
        guard !effects.isEmpty || !exceptions.isEmpty else { return values }
        return values.indices.map { index in
            let day = dayNumber(index)
            return values[index] / exp(exceptions[day] ?? effect(firstDay + day))
        }
    }

    /// By what the calendar multiplies the value at an index, also past the end.
    func factor(at index: Int) -> Double {
        effects.isEmpty ? 1 : exp(effect(firstDay + dayNumber(index)))
    }

    private func dayNumber(_ index: Int) -> Int {
        index >= firstIndex ? (index - firstIndex) / stepsPerDay : -1
    }

    /// The Gregorian calendar (Hinnant's algorithm).
    static func monthAndDay(_ day: Int) -> (month: Int, day: Int) {
        let shifted = day + 719_468
        let ofEra = shifted - (shifted >= 0 ? shifted : shifted - 146_096) / 146_097 * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        return (month < 10 ? month + 3 : month - 9, ofYear - (153 * month + 2) / 5 + 1)
    }
}
