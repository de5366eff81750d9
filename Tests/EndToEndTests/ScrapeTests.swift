import Foundation
import Testing

extension EndToEnd {
    /// Scraping real exporters and hostile ones.
    struct ScrapeTests {
        /// Every sample line of a payload as (series text, value text), by plain splitting.
        private func samples(_ payload: String) -> [(series: String, value: Double)] {
            payload.split(separator: "\n").compactMap { line in
                guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return nil }
                let text = line[line.index(after: space)...]
                let value = text == "NaN" ? Double.nan : text == "+Inf" ? .infinity : Double(text) ?? .nan
                return (String(line[..<space]), value)
            }
        }

        /// `name{a="b"}` as the labels that the API shows, for values without escapes or commas inside quotes.
        private func labels(_ series: String) -> [String: String] {
            guard let brace = series.firstIndex(of: "{") else { return ["__name__": series] }
            var labels = ["__name__": String(series[..<brace])]
            var rest = series[series.index(after: brace)...].dropLast()
            while let equals = rest.firstRange(of: "=\"") {
                let name = rest[..<equals.lowerBound].trimmingCharacters(in: CharacterSet(charactersIn: ", "))
                var value = ""
                var index = equals.upperBound
                while rest[index] != "\"" {
                    if rest[index] == "\\" {
                        index = rest.index(after: index)
                        value.append(rest[index] == "n" ? "\n" : rest[index])
                    } else {
                        value.append(rest[index])
                    }
                    index = rest.index(after: index)
                }
                if !value.isEmpty { labels[name] = value }
                rest = rest[rest.index(after: index)...]
            }
            return labels
        }

        @Test func `every sample line of a real node_exporter is queryable with an equal value`() async throws
        {
            try await withSandbox { sandbox in
                let exporterPort = try Sandbox.freePort()
                try sandbox.start(
                    "/usr/bin/prometheus-node-exporter",
                    ["--web.listen-address=127.0.0.1:\(exporterPort)", "--no-collector.systemd"],
                    log: "exporter.log")
                var payload = ""
                try await eventually("node_exporter answers") {
                    payload = String(
                        decoding: try await FlyballServer.get("http://127.0.0.1:\(exporterPort)/metrics"),
                        as: UTF8.self)
                    return payload.contains("node_cpu_seconds_total")
                }
                // The same bytes again, from a server that does not count on: values can be compared one by one.
                _ = try sandbox.write("frozen/metrics", payload)
                let frozenPort = try Sandbox.freePort()
                try sandbox.start(
                    "/usr/bin/python3",
                    [
                        "-m", "http.server", "\(frozenPort)", "--bind", "127.0.0.1", "--directory",
                        sandbox.folder + "/frozen",
                    ],
                    log: "python.log")
                let server = try await FlyballServer(
                    sandbox,
                    configuration: """
                        global: { scrape_interval: 1s, scrape_timeout: 1s }
                        scrape_configs:
                        - job_name: node
                          static_configs: [ { targets: ['127.0.0.1:\(exporterPort)'] } ]
                        - job_name: frozen
                          fallback_scrape_protocol: PrometheusText0.0.4
                          static_configs: [ { targets: ['127.0.0.1:\(frozenPort)'] } ]
                        """)

                try await eventually("both are up") {
                    try await server.value("sum(up{job=~\"node|frozen\"})") == 2
                }
                let stored = try await server.vector("{job=\"frozen\"}")
                let live = try await server.vector("{job=\"node\"}")

                func key(_ metric: [String: String]) -> String {
                    metric.filter { $0.key != "job" && $0.key != "instance" }.sorted { $0.key < $1.key }
                        .map { $0.key + "=" + $0.value }.joined(separator: ",")
                }
                let values = Dictionary(
                    stored.map { (key($0.metric), $0.value) }, uniquingKeysWith: { first, _ in first })
                let names = Set(live.map { key($0.metric) })
                let expected = samples(payload)
                #expect(expected.count > 200)
                for sample in expected {
                    let wanted = key(labels(sample.series))
                    let found = values[wanted]
                    #expect(
                        found == sample.value || (found?.isNaN == true && sample.value.isNaN),
                        "\(sample.series)")
                    if sample.series.hasPrefix("node_cpu") || sample.series.hasPrefix("node_memory") {
                        #expect(names.contains(wanted), "\(sample.series) of the live exporter")
                    }
                }
            }
        }

        @Test func `a target that hangs, babbles or never ends costs only its own scrape`() async throws {
            try await withSandbox { sandbox in
                let script = try sandbox.write(
                    "hostile.py",
                    """
                    import socket, sys, threading, time
                    kind, port = sys.argv[1], int(sys.argv[2])
                    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port)); s.listen(16)
                    def serve(c):
                        try:
                            c.recv(4096)
                            if kind == "hang": time.sleep(60)
                            head = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain; version=0.0.4\\r\\n\\r\\n"
                            c.sendall(head + (b"this is { not metrics\\n" if kind == "garbage" else b""))
                            while kind == "endless": c.sendall(b"x_total 1\\n" * 1000)
                        except OSError: pass
                        finally: c.close()
                    while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
                    """)
                let ports = try (0..<3).map { _ in try Sandbox.freePort() }
                for (kind, port) in zip(["hang", "garbage", "endless"], ports) {
                    try sandbox.start("/usr/bin/python3", [script, kind, "\(port)"], log: kind + ".log")
                }
                let server = try await FlyballServer(
                    sandbox,
                    configuration: """
                        global: { scrape_interval: 1s, scrape_timeout: 1s }
                        scrape_configs:
                        - job_name: hostile
                          body_size_limit: 1MB
                          static_configs: [ { targets: ['127.0.0.1:\(ports[0])', '127.0.0.1:\(ports[1])', '127.0.0.1:\(ports[2])'] } ]
                        """)

                try await eventually("all three are down and the service itself is up") {
                    let down = try await server.vector("up{job=\"hostile\"} == 0").count
                    let own = try await server.value("up{job=\"flyball\"}")
                    return down == 3 && own == 1
                }
                let targets = try await server.data("/api/v1/targets") as? [String: Any]
                let errors = (targets?["activeTargets"] as? [[String: Any]] ?? [])
                    .filter { $0["scrapePool"] as? String == "hostile" }.compactMap {
                        $0["lastError"] as? String
                    }
                #expect(errors.count == 3)
                #expect(errors.allSatisfy { !$0.isEmpty })
            }
        }

        @Test func `promtool accepts the shipped rules and queries the API`() async throws {
            let rules = try FileManager.default.contentsOfDirectory(atPath: Sandbox.root + "/rules")
                .filter { $0.hasSuffix(".rules.yml") }.map { Sandbox.root + "/rules/" + $0 }
            #expect(!rules.isEmpty)
            let checked = try await Sandbox.run("/usr/bin/promtool", ["check", "rules"] + rules)
            #expect(checked.status == 0, "\(checked.output)")
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n")
                try await eventually("promtool sees the service's own target") {
                    let answer = try await Sandbox.run(
                        "/usr/bin/promtool", ["query", "instant", server.url, "up"])
                    return answer.status == 0 && answer.output.contains("job=\"flyball\"")
                        && answer.output.contains("=> 1")
                }
                let labels = try await Sandbox.run(
                    "/usr/bin/promtool", ["query", "labels", server.url, "job"])
                #expect(labels.output.contains("flyball"))
                let range = try await Sandbox.run("/usr/bin/promtool", ["query", "range", server.url, "up"])
                #expect(range.status == 0, "\(range.output)")
            }
        }
    }
}
