import ArgumentParser
import Foundation
import TimeSeries

/// `flyball query EXPRESSION`
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate PromQL at a moment or over a range.",
        discussion: """
            flyball query up
            flyball query 'sum(rate(http_requests_total[1m]))' --since 10m --step 15s
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Argument(help: "The expression.") var expression: String
    @Option(help: "The moment, as RFC 3339 or Unix seconds; now without it.") var time: String?
    @Option(help: "A range that ends now and begins so long ago, such as 10m.") var since: String?
    @Option(help: "The step of a range.") var step = "15s"
    @Option(help: "table or json.") var output = Output.table
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let data: JSON
        if let since {
            let end = Date().timeIntervalSince1970
            guard let span = Duration(prometheus: since) else {
                throw ValidationError("--since must be like 10m or 1h30m")
            }
            data = try await server.get(
                "/api/v1/query_range",
                [
                    ("query", expression), ("start", "\(end - span.inSeconds)"), ("end", "\(end)"),
                    ("step", step),
                ])
        } else {
            data = try await server.get(
                "/api/v1/query", [("query", expression)] + (time.map { [("time", $0)] } ?? []))
        }
        if output == .json { return print(data.pretty) }
        show(data)
    }

    private func show(_ data: JSON) {
        switch data["resultType"].text {
        case "scalar", "string": print(data["result"].items.last?.text ?? "")
        case "vector":
            let rows = data["result"].items.map {
                [series($0["metric"]), $0["value"].items.last?.text ?? "{histogram}"]
            }
            Terminal.table([["SERIES", "VALUE"]] + rows)
        default:
            for row in data["result"].items {
                print(Terminal.paint(series(row["metric"]), .bold))
                for sample in row["values"].items {
                    print("  " + sample.items.map(\.text).joined(separator: "  "))
                }
            }
        }
    }

    private func series(_ metric: JSON) -> String {
        let labels = metric.fields.filter { $0.key != "__name__" }.map {
            $0.key + "=\"" + escaped($0.value.text) + "\""
        }
        let name = metric["__name__"].text
        return labels.isEmpty && !name.isEmpty ? name : name + "{" + labels.joined(separator: ", ") + "}"
    }

    /// As PromQL writes it, so that a series stays on its line and can be pasted into a query.
    private func escaped(_ value: String) -> String {
        value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }
}
