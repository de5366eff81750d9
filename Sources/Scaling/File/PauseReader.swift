import Documents
import Fleet
import TimeSeries

/// Reads `pauses`.
enum PauseReader {
    static let mostPauses = 20

    /// Nil where there are none.
    static func pauses(_ fields: FieldReader, _ document: DocumentReader) -> [ScalingPause]? {
        let pauses = fields.list("pauses") { pause($0, document) } ?? []
        if pauses.count > mostPauses {
            fields.report("at most \(mostPauses) pauses are allowed", at: "pauses")
        }
        return pauses.isEmpty ? nil : pauses
    }

    private static func pause(_ node: Documents.Node, _ document: DocumentReader) -> ScalingPause? {
        document.mapping(node, "a pause") { fields -> ScalingPause? in
            let direction = fields.scalar("direction", expected: "\"up\" or \"down\"") {
                PauseDirection(rawValue: $0)
            }
            let until =
                fields.require("until") == nil
                ? nil
                : fields.scalar("until", expected: "a moment such as 2026-12-01T08:00:00Z") {
                    RFC3339.parse($0)
                }
            let owner = text("owner", fields)
            let reason = text("reason", fields)
            guard let until, let owner, let reason else { return nil }
            return ScalingPause(direction: direction, until: until, owner: owner, reason: reason)
        } ?? nil
    }

    /// A line that says something.
    private static func text(_ key: String, _ fields: FieldReader) -> String? {
        guard let text = fields.requiredString(key) else { return nil }
        if text.allSatisfy(\.isWhitespace) { fields.report("\(key) must not be empty", at: key) }
        if text.utf8.count > 500 { fields.report("\(key) must be at most 500 bytes", at: key) }
        return text
    }
}
