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
        let text = RFC3339.text(Timestamp(milliseconds: total))
        return text.replacing("T", with: " ").replacing("Z", with: " +0000 UTC")
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
