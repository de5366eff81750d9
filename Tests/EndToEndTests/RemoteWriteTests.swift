import Curl
import Foundation
import Testing

extension EndToEnd {
    /// Prometheus as the sender, and what becomes of its samples here.
    struct RemoteWriteTests {
        /// The samples of a selector at a moment, by series; NaN as its bits so that they can be compared.
        private typealias Matrix = [[String: String]: [[UInt64]]]

        private func matrix(_ url: String, _ query: String, at time: Double, after start: Double) async throws
            -> Matrix
        {
            let body = try await FlyballServer.get(
                url + "/api/v1/query?query=\(FlyballServer.escape(query))&time=\(time)")
            let answer = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
            let data = answer?["data"] as? [String: Any]
            var found: Matrix = [:]
            for row in data?["result"] as? [[String: Any]] ?? [] {
                let samples = (row["values"] as? [[Any]] ?? []).compactMap { pair -> [UInt64]? in
                    guard let moment = (pair.first as? NSNumber)?.doubleValue, moment > start,
                        let text = pair.last as? String
                    else { return nil }
                    let value =
                        text == "+Inf" ? .infinity : text == "-Inf" ? -.infinity : Double(text) ?? .nan
                    return [moment.bitPattern, value.bitPattern]
                }
                found[row["metric"] as? [String: String] ?? [:]] = samples
            }
            return found
        }

        @Test func `what Prometheus scrapes and pushes is here with equal values, also after kill -9`()
            async throws
        {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n",
                    arguments: ["--web.enable-remote-write-receiver"])
                let port = try Sandbox.freePort()
                let file = try sandbox.write(
                    "prometheus.yml",
                    """
                    global: { scrape_interval: 1s }
                    scrape_configs:
                    - job_name: sender
                      static_configs: [ { targets: ['127.0.0.1:\(port)'] } ]
                    remote_write:
                    - url: \(server.url)/api/v1/write
                      queue_config: { batch_send_deadline: 500ms }
                      metadata_config: { send_interval: 2s }
                    """)
                try sandbox.start(
                    "/usr/bin/prometheus",
                    [
                        "--config.file=" + file, "--web.listen-address=127.0.0.1:\(port)",
                        "--storage.tsdb.path=" + sandbox.folder + "/prometheus",
                    ], log: "prometheus.log")

                try await eventually("a dozen scrapes arrived") {
                    (try await server.value("count_over_time(up{job=\"sender\"}[1m])") ?? 0) >= 12
                }
                let newest = try #require(try await server.value("timestamp(up{job=\"sender\"})"))
                let sender = "http://127.0.0.1:\(port)"
                let sent = try await matrix(
                    sender, "{job=\"sender\"}[8s]", at: newest - 2, after: newest - 10)
                #expect(sent.count > 300)
                #expect(sent.values.reduce(0) { $0 + $1.count } > 6 * 300)
                try await eventually("every sample arrived, with equal values") {
                    try await matrix(
                        server.url, "{job=\"sender\"}[8s]", at: newest - 2, after: newest - 10) == sent
                }
                try await eventually("what the metrics are arrived too") {
                    let answer = String(
                        decoding: try await server.body("/api/v1/metadata?metric=prometheus_build_info"),
                        as: UTF8.self)
                    return answer.contains("\"gauge\"")
                }
                let metrics = String(decoding: try await server.body("/metrics"), as: UTF8.self)
                #expect(metrics.contains("flyball_remote_write_requests_total{code=\"204\"}"))
                #expect(!metrics.contains("flyball_remote_write_requests_total{code=\"4"))

                try await server.killHard()
                try await server.restart()

                let kept = try await matrix(
                    server.url, "{job=\"sender\"}[8s]", at: newest - 2, after: newest - 10)
                #expect(kept == sent)
            }
        }

        @Test func `nothing is received unless the command line asks for it`() async throws {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n")
                let transport = CurlTransport()
                defer { transport.close() }

                let answer = try await transport.perform(
                    TransportRequest(
                        method: "POST", url: server.url + "/api/v1/write", body: [0], timeout: .seconds(5)))

                #expect(answer.status == 404)
                #expect(
                    String(decoding: answer.body, as: UTF8.self).contains(
                        "--web.enable-remote-write-receiver"))
            }
        }
    }
}
