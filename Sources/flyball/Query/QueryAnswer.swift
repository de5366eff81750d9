import Foundation
import TimeSeries

/// The answer of a query, as the API gave it.
struct QueryAnswer {
    struct Series {
        /// In the order of their names, that of the metric first.
        var labels: [(name: String, value: String)]
        var points: [(time: Double, value: String)]

        var name: String { Self.name(labels) }

        /// As PromQL writes it, so that a series stays on its line and can be pasted into a query.
        static func name(_ labels: [(name: String, value: String)]) -> String {
            var parts: [String] = []
            var metric = ""
            for label in labels {
                if label.name == "__name__", Labels.isLegacyMetricName(label.value) {
                    metric = label.value
                } else if label.name == "__name__" {
                    parts.append(Labels.quoted(label.value))
                } else {
                    let name = Labels.isLegacyName(label.name) ? label.name : Labels.quoted(label.name)
                    parts.append(name + "=" + Labels.quoted(label.value))
                }
            }
            return parts.isEmpty && !metric.isEmpty
                ? metric : metric + "{" + parts.joined(separator: ", ") + "}"
        }

        static func labels(_ metric: JSON) -> [(name: String, value: String)] {
            metric.fields.map { (name: $0.key, value: $0.value.text) }.sorted { a, b in
                (a.name != "__name__" ? 1 : 0, a.name) < (b.name != "__name__" ? 1 : 0, b.name)
            }
        }
    }

    enum Value {
        case single(String)
        case vector([Series])
        case matrix([Series])
    }

    var value: Value
    var warnings: [String]
    var infos: [String]
    /// What the API said under `explain`, where it was asked.
    var explanation: JSON
    var json: JSON

    init(_ envelope: JSON) {
        let data = envelope["data"]
        json = data
        warnings = envelope["warnings"].items.map(\.text)
        infos = envelope["infos"].items.map(\.text)
        explanation = data["explain"]
        let rows = data["result"].items
        switch data["resultType"].text {
        case "vector":
            value = .vector(
                rows.map { row in
                    Series(
                        labels: Series.labels(row["metric"]),
                        points: [row["value"], row["histogram"]].filter(\.isPresent).map(Self.point))
                })
        case "matrix":
            value = .matrix(
                rows.map { row in
                    let points = (row["values"].items + row["histograms"].items).map(Self.point)
                    return Series(
                        labels: Series.labels(row["metric"]), points: points.sorted { $0.time < $1.time })
                })
        default: value = .single(rows.last?.text ?? "")
        }
    }

    private static func point(_ pair: JSON) -> (time: Double, value: String) {
        let items = pair.items
        return (items.first?.number ?? 0, items.last.map(text) ?? "")
    }

    /// A number as it is, a histogram by its count, sum and filled buckets.
    private static func text(_ value: JSON) -> String {
        if let number = value.string { return number }
        let buckets = value["buckets"].items.map { bucket -> String in
            let parts = bucket.items
            guard parts.count == 4 else { return "" }
            let boundaries = parts[0].integer ?? 0
            let open = boundaries == 1 || boundaries == 3 ? "[" : "("
            let close = boundaries == 0 || boundaries == 3 ? "]" : ")"
            return "\(open)\(parts[1].text),\(parts[2].text)\(close):\(parts[3].text)"
        }
        let parts = ["count:" + value["count"].text, "sum:" + value["sum"].text] + buckets
        return "{" + parts.joined(separator: ", ") + "}"
    }
}
