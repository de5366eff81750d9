import Foundation

/// The plan of a query with the cost of each part, as a table for people.
enum ExplanationRendering {
    private static let heading = ["PART", "OWN MS", "MS", "STEPS", "SERIES", "SAMPLES IN", "OUT"]

    static func lines(_ explanation: JSON) -> [String] {
        var rows = [heading]
        add(explanation["plan"], indent: 0, to: &rows)
        let stages = [
            ("planning", "planningSeconds"), ("reading", "readingSeconds"),
            ("evaluating", "evaluatingSeconds"),
        ].map { "\($0.0) \(milliseconds(explanation[$0.1])) ms" }
        let readings = explanation["readings"].items.map { reading in
            "read {\(reading["matchers"].text)}: \(reading["series"].text) series, "
                + "\(reading["samples"].text) samples"
        }
        return aligned(rows) + readings + [stages.joined(separator: ", ")]
    }

    private static func add(_ step: JSON, indent: Int, to rows: inout [[String]]) {
        let text = [step["operation"].text, step["expression"].text].filter { !$0.isEmpty }
        rows.append([
            String(repeating: "  ", count: indent) + text.joined(separator: " "),
            milliseconds(step["ownSeconds"]), milliseconds(step["seconds"]), step["steps"].text,
            step["series"].text, step["input"].text, step["output"].text,
        ])
        for child in step["children"].items { add(child, indent: indent + 1, to: &rows) }
    }

    private static func milliseconds(_ seconds: JSON) -> String {
        String(format: "%.3f", (seconds.number ?? 0) * 1000)
    }

    /// Words to the left, numbers to the right.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let blank = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + blank : blank + row[column]
            }.joined(separator: "  ")
        }
    }
}
