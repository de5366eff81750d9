import Documents
import PromQL
import TimeSeries

/// `query_log_file`: a line of JSON for each query that was asked over HTTP, with the fields of Prometheus'.
package final class QueryLog: Sendable {
    struct Entry: Sendable {
        var query: String
        var range: EvaluationRange
        var waited: Duration
        var took: Duration
        /// Nil where it failed.
        var samples: QueryResult.SampleStatistics?
        var error: String?
        var client: String
        var method: String
        var path: String
        var at: Timestamp
    }

    private let file = JSONLog()

    package init() {}

    /// Opens the file, again where it is the same: whoever rotates it reloads the service afterwards.
    /// - Returns: why it cannot be written, in words for a person; nil where it can, or where `path` is nil.
    package func open(_ path: String?) -> String? { file.open(path, key: "query_log_file") }

    /// Where queries are to be logged.
    package var path: String? { file.path }

    var isOpen: Bool { file.isOpen }

    /// Lines that the disk did not take.
    package var failures: Int { file.failures }

    func write(_ entry: Entry) { file.write(Self.line(entry)) }

    static func line(_ entry: Entry) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("params")
            json.object { json in
                json.field("end", RFC3339.text(entry.range.end))
                json.field("query", entry.query)
                json.field("start", RFC3339.text(entry.range.start))
                json.field("step", entry.range.isInstant ? 0 : entry.range.step.inSeconds)
            }
            if let error = entry.error { json.field("error", error) }
            json.statistics(
                QueryTimings(waited: entry.waited, took: entry.took), entry.samples, all: false)
            json.key("httpRequest")
            json.object { json in
                json.field("clientIP", entry.client)
                json.field("method", entry.method)
                json.field("path", entry.path)
            }
            json.field("ts", RFC3339.text(entry.at))
        }
        return json.bytes
    }
}
