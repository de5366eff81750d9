import Foundation
import Testing

extension EndToEnd {
    /// `flyball query` and `flyball fmt` against a running service.
    struct QueryTests {
        @Test func `a service is asked from the command line`() async throws {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox,
                    configuration: "global: { scrape_interval: 1s, query_log_file: queries.log }\n",
                    arguments: ["--query.max-concurrency", "3"])
                try await eventually("the service sees itself") {
                    try await server.value("up{job=\"flyball\"}") == 1
                }

                let instant = try await server.command("query", "up{job=\"flyball\"} + 1")
                #expect(instant.status == 0, "\(instant.output)")
                #expect(instant.output.hasPrefix("SERIES") && instant.output.contains("job=\"flyball\"}  2"))
                let range = try await server.command(
                    "query", "range", "up{job=\"flyball\"}", "--start", "-1m", "--step", "1s", "-o", "csv")
                #expect(range.status == 0 && range.output.hasPrefix("__name__,"), "\(range.output)")
                let line = try await server.command(
                    "query", "up{job=\"flyball\"}", "--since", "1m", "-o", "sparkline")
                #expect(line.output.contains("1 to 1, now 1"), "\(line.output)")
                let series = try await server.command("query", "series", "up", "--start", "-5m")
                #expect(series.output.contains("up{"), "\(series.output)")
                let names = try await server.command("query", "labels")
                #expect(names.output.split(separator: "\n").contains("job"), "\(names.output)")
                let values = try await server.command("query", "labels", "job", "--match", "up")
                #expect(values.output.split(separator: "\n").contains("flyball"), "\(values.output)")

                let log = try String(
                    contentsOfFile: (server.configuration as NSString).deletingLastPathComponent
                        + "/queries.log",
                    encoding: .utf8)
                #expect(log.contains(#""query":"up{job=\"flyball\"} + 1""#))
                let metrics = String(decoding: try await server.body("/metrics"), as: UTF8.self)
                #expect(metrics.contains("prometheus_engine_queries_concurrent_max 3\n"))
                #expect(metrics.contains("prometheus_engine_query_log_enabled 1\n"))
            }
        }

        @Test func `what is refused ends with 2, and no answer with 1`() async throws {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n",
                    arguments: ["--query.strict-prometheus"])

                let wrong = try await server.command("query", "sum(")
                let strict = try await server.command("query", "forecast(up[1d], 60)")
                let nobody = try await Sandbox.run(
                    Sandbox.binary, ["query", "up", "--server", "http://127.0.0.1:\(try Sandbox.freePort())"])

                #expect(wrong.status == 2 && wrong.output.contains("parse error"), "\(wrong.output)")
                #expect(strict.status == 2 && strict.output.contains("unknown function"), "\(strict.output)")
                #expect(nobody.status == 1 && nobody.output.contains("no answer"), "\(nobody.output)")
            }
        }

        @Test func `queries are laid out from arguments and files`() async throws {
            try await withSandbox { sandbox in
                let file = try sandbox.write("a.promql", "sum(rate(x[5m]))by(job)\n")

                let argument = try await Sandbox.run(
                    Sandbox.binary, ["fmt", "forecast(rate(x[5m])[14d:1m],3600,.9)"])
                let before = try await Sandbox.run(Sandbox.binary, ["fmt", "--check", "--file", file])
                let written = try await Sandbox.run(Sandbox.binary, ["fmt", "--write", "--file", file])
                let after = try await Sandbox.run(Sandbox.binary, ["fmt", "--check", "--file", file])
                let bad = try await Sandbox.run(Sandbox.binary, ["fmt", "sum("])

                #expect(argument.output == "forecast(rate(x[5m])[2w:1m], 3600, 0.9)\n")
                #expect(before.status == 2 && before.output.contains("a.promql is not laid out canonically"))
                #expect(written.status == 0 && after.status == 0, "\(written.output)\(after.output)")
                #expect(sandbox.text("a.promql") == "sum by (job) (rate(x[5m]))\n")
                #expect(bad.status == 2)
            }
        }
    }
}
