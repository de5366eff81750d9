import TimeSeries

/// A person's word about some hours: at least, at most or exactly so many replicas while it holds.
package struct ScalingSchedule: Hashable, Sendable, Codable {
    /// When it holds, by a clock on the wall.
    package enum Times: Hashable, Sendable, Codable {
        /// On these days (0 is Sunday) from one minute of the day to another; into the next day where `to` is not
        /// after `from`.
        case daily(days: [Int], from: Int, to: Int)
        /// From each firing on, for so long.
        case cron(CronExpression, lasts: Duration)
    }

    /// Unique within the policy.
    package var name: String
    package var times: Times
    /// A name of the IANA database, or `UTC`.
    package var zone: String
    package var least: Int?
    package var most: Int?
    /// Overrides signals, forecasts and other schedules, within the policy's bounds.
    package var exactly: Int?

    package init(
        name: String, times: Times, zone: String = "UTC", least: Int? = nil, most: Int? = nil,
        exactly: Int? = nil
    ) {
        self.name = name
        self.times = times
        self.zone = zone
        self.least = least
        self.most = most
        self.exactly = exactly
    }
}

/// The five fields of a crontab line. Where both days of the month and of the week are restricted, either suffices.
package struct CronExpression: Hashable, Sendable, Codable {
    package var minutes: [Int]
    package var hours: [Int]
    package var days: [Int]
    package var months: [Int]
    /// 0 is Sunday.
    package var weekdays: [Int]

    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// Nil for what is no crontab line.
    package init?(_ text: String) {
        let fields = text.split(separator: " ")
        guard fields.count == 5,
            let minutes = Self.field(fields[0], 0...59), let hours = Self.field(fields[1], 0...23),
            let days = Self.field(fields[2], 1...31),
            let months = Self.field(fields[3], 1...12, names: Self.monthNames, firstName: 1),
            let weekdays = Self.field(fields[4], 0...7, names: Self.weekdayNames, firstName: 0)
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = Set(weekdays.map { $0 % 7 }).sorted()
    }

    /// Whether there is a day that it names: no 31 February.
    var comes: Bool {
        let longest = months.map { $0 == 2 ? 29 : [4, 6, 9, 11].contains($0) ? 30 : 31 }.max() ?? 0
        return weekdays.count < 7 || days.contains { $0 <= longest }
    }

    package func matches(_ date: CivilDate) -> Bool {
        guard months.contains(date.month) else { return false }
        let onDay = days.contains(date.day)
        let onWeekday = weekdays.contains(date.weekday)
        return days.count < 31 && weekdays.count < 7 ? onDay || onWeekday : onDay && onWeekday
    }

    /// Days of the week such as `mon-fri` or `sat,sun`; nil for something else.
    package static func weekdays(_ text: String) -> [Int]? {
        field(Substring(text.filter { $0 != " " }), 0...7, names: weekdayNames, firstName: 0).map {
            Set($0.map { $0 % 7 }).sorted()
        }
    }

    private static func field(
        _ text: Substring, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) -> [Int]? {
        func number(_ text: Substring) -> Int? {
            if let index = names.firstIndex(of: text.lowercased()) { return index + firstName }
            guard !text.isEmpty, text.utf8.count <= 2, text.utf8.allSatisfy({ (48...57).contains($0) }),
                let value = Int(text), range.contains(value)
            else { return nil }
            return value
        }
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let stepped = part.split(separator: "/", omittingEmptySubsequences: false)
            guard stepped.count <= 2, let span = stepped.first else { return nil }
            var step = 1
            if stepped.count == 2 {
                guard let given = Int(stepped[1]), (1...60).contains(given) else { return nil }
                step = given
            }
            let ends = span.split(separator: "-", omittingEmptySubsequences: false)
            switch ends.count {
            case 1 where span == "*":
                values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
            case 1:
                guard let first = number(span) else { return nil }
                values.formUnion(
                    stepped.count == 2
                        ? stride(from: first, through: range.upperBound, by: step)
                        : stride(from: first, through: first, by: 1))
            case 2:
                guard let first = number(ends[0]), let last = number(ends[1]), first <= last else {
                    return nil
                }
                values.formUnion(stride(from: first, through: last, by: step))
            default: return nil
            }
        }
        return values.isEmpty ? nil : values.sorted()
    }
}

/// A day of the Gregorian calendar.
package struct CivilDate: Hashable, Sendable {
    package var month: Int
    package var day: Int
    /// 0 is Sunday.
    package var weekday: Int

    /// - Parameter days: since 1 January 1970.
    package init(daysSince1970 days: Int64) {
        // Days are counted from 1 March of year 0, so that the leap day ends a year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        weekday = Int(((days + 4) % 7 + 7) % 7)
    }
}
