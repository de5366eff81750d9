import Synchronization
import TimeSeries

/// The `Date` header (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, made once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int64, text: String)>((.min, ""))

    func text(_ now: Timestamp) -> String {
        let second = now.milliseconds / 1000
        return last.withLock { last in
            if last.second != second { last = (second, Self.format(second)) }
            return last.text
        }
    }

    static func format(_ second: Int64) -> String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // `1994-11-06T08:49:37Z`
        let text = RFC3339.text(Timestamp(milliseconds: second * 1000))
        let parts = text.split { "-TZ".contains($0) }
        guard parts.count == 4, let month = Int(parts[1]), months.indices.contains(month - 1) else {
            return ""
        }
        let weekday = weekdays[Int(((second / 86_400) % 7 + 7) % 7)]
        return "\(weekday), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]) GMT"
    }
}
