import Control
import Documents

/// How much the control loop may move in any minute, whatever policies and people ask for.
extension ConfigurationReader {
    private static let most = 1_000_000

    func guards(_ fields: FieldReader) -> GuardLimits {
        var limits = GuardLimits()
        limits.removals = minuteLimit(fields, "stops") ?? limits.removals
        limits.starts = minuteLimit(fields, "starts") ?? limits.starts
        limits.fleetRemovals = minuteLimit(fields, "fleet_stops")
        return limits
    }

    /// A count of at least 1, or it and a share, of which the larger holds: else a small workload could never change.
    private func minuteLimit(_ fields: FieldReader, _ key: String) -> GuardLimits.MinuteLimit? {
        fields.scalar(key, expected: "a count such as 4, or a share and a count such as 50% or 4") { text in
            let parts = text.split(separator: " ")
            guard let last = parts.last, let count = Int(last), (1...Self.most).contains(count) else {
                return nil
            }
            if parts.count == 1 { return GuardLimits.MinuteLimit(share: 0, count: count) }
            guard parts.count == 3, parts[1] == "or", parts[0].hasSuffix("%"),
                let percent = Double(parts[0].dropLast()), percent > 0, percent <= 100
            else { return nil }
            return GuardLimits.MinuteLimit(share: percent / 100, count: count)
        }
    }
}
