import TimeSeries

/// Prometheus' `humanize...` functions: numbers for people.
enum Humanize {
    private static let small = ["m", "u", "n", "p", "f", "a", "z", "y"]

    /// Four digits with a metric prefix: 1.235M, 120m.
    static func metric(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return general(value) }
        if abs(value) >= 1 {
            return scaled(value, by: 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"])
        }
        let (rest, prefix) = grown(value)
        return general(rest) + prefix
    }

    /// Four digits with a binary prefix: 1.177Mi.
    static func binary(_ value: Double) -> String {
        guard abs(value) > 1, value.isFinite else { return general(value) }
        return scaled(value, by: 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    static func percentage(_ value: Double) -> String { general(value * 100) + "%" }

    /// Seconds as `2d 3h 4m 5s`, below a minute with four digits, below a second with a prefix.
    static func duration(_ value: Double) -> String {
        guard value.isFinite else { return general(value) }
        guard value != 0 else { return "0s" }
        if abs(value) < 1 {
            let (rest, prefix) = grown(value)
            return general(rest) + prefix + "s"
        }
        let sign = value < 0 ? "-" : ""
        let total = Int64(clamping: abs(value).rounded(.down)) ?? 0
        let (seconds, minutes) = (total % 60, total / 60 % 60)
        let (hours, days) = (total / 3600 % 24, total / 86_400)
        if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
        if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
        if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
        return sign + general(abs(value)) + "s"
    }

    /// Seconds since 1970 as Go prints a time in UTC, to the millisecond; nil where Go's clock cannot hold it.
    static func timestamp(_ value: Double) -> String? {
        guard value.isFinite else { return general(value) }
        guard abs(value * 1e9) < 0x1p63, let total = Int64(clamping: (value * 1000).rounded(.towardZero))
        else {
            return nil
        }
        let seconds = total >= 0 ? total / 1000 : (total - 999) / 1000
        let milliseconds = total - seconds * 1000
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - day * 86_400
        let date = civil(day)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var text = "\(date.year)-\(two(date.month))-\(two(date.day)) "
        text += "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        if milliseconds > 0 {
            var fraction = String(String(1000 + milliseconds).dropFirst())
            while fraction.last == "0" { fraction.removeLast() }
            text += "." + fraction
        }
        return text + " +0000 UTC"
    }

    /// The date of a day counted from 1970-01-01 (Hinnant's algorithm, days from the first of March of year 0).
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func general(_ value: Double) -> String {
        GoNumber.format(value, verb: "g", precision: 4)
    }

    private static func scaled(_ value: Double, by base: Double, _ prefixes: [String]) -> String {
        var value = value
        var chosen = ""
        for prefix in prefixes where abs(value) >= base {
            chosen = prefix
            value /= base
        }
        return general(value) + chosen
    }

    /// A number below one, multiplied until it is not, with the prefix that says how often.
    private static func grown(_ value: Double) -> (Double, prefix: String) {
        var value = value
        var chosen = ""
        for prefix in small where abs(value) < 1 {
            chosen = prefix
            value *= 1000
        }
        return (value, chosen)
    }
}
