import Curl
import Foundation
import Testing

extension EndToEnd {
    /// `flyball storage`, beside a running service and after it.
    struct StorageCommandTests {
        private func storage(_ sandbox: Sandbox, _ arguments: String...) async throws -> (
            status: Int32, output: String
        ) {
            try await Sandbox.run(Sandbox.binary, ["storage"] + arguments, folder: sandbox.folder)
        }

        /// A service that has scraped itself a few times.
        private func filled(_ sandbox: Sandbox) async throws -> FlyballServer {
            let server = try await FlyballServer(sandbox, configuration: "global: { scrape_interval: 1s }\n")
            try await eventually("a few scrapes are there and durable") {
                (try await server.value("count_over_time(flyball_storage_durable_timestamp_seconds[1m])") ?? 0)
                    >= 4
            }
            return server
        }

        private func json(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        private func number(_ object: [String: Any], _ key: String) throws -> Double {
            try #require(object[key] as? NSNumber, "\(key)").doubleValue
        }

        @Test func `inspect tells series, samples and bytes of a running service and of a stopped one`()
            async throws
        {
            try await withSandbox { sandbox in
                let server = try await filled(sandbox)
                let running = try await storage(sandbox, "inspect", "data", "--output", "json")
                #expect(running.status == 0)
                #expect(try number(try json(running.output), "samples") > 100)
                try await server.interrupt()

                let answer = try await storage(sandbox, "inspect", "data", "--output", "json")
                let report = try json(answer.output)
                let metrics = try #require(report["metrics"] as? [[String: Any]])
                let up = try #require(metrics.first { $0["name"] as? String == "up" })
                let table = try await storage(sandbox, "inspect", "data", "--limit", "5")

                for object in [report, up] {
                    let samples = try number(object, "samples")
                    let bytes = try number(object, "bytes")
                    #expect(try number(object, "series") > 0 && samples > 0)
                    #expect(try abs(number(object, "bytes_per_sample") * samples / bytes - 1) < 1e-9)
                }
                let files = FileManager.default.subpaths(atPath: server.storage + "/samples") ?? []
                let sizes = try files.map { file -> Double in
                    let values = try URL(fileURLWithPath: server.storage + "/samples/" + file)
                        .resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
                    return values.isRegularFile == true ? Double(values.fileSize ?? 0) : 0
                }
                #expect(try number(report, "bytes") == sizes.reduce(0, +))
                #expect(try metrics.reduce(0) { try $0 + number($1, "samples") } == number(report, "samples"))
                #expect(table.output.contains("BYTES/SAMPLE") && table.output.contains("--limit 0 shows all"))
                #expect(table.output.contains("job=\"flyball\"") || table.output.contains("instance="))
            }
        }

        @Test func `what is exported and imported elsewhere is exported there again, byte for byte`()
            async throws
        {
            try await withSandbox { sandbox in
                let server = try await filled(sandbox)
                let locked = try await storage(
                    sandbox, "import", "data", sandbox.write("x.om", "up 1 1\n# EOF\n"))
                #expect(locked.status == 1)
                #expect(locked.output.contains("in use by another process (pid "))
                try await server.interrupt()

                let out = try await storage(
                    sandbox, "export", "data", "--to", "first.om", "--stale-markers", "--match",
                    "{__name__=~\".+\",__name__!~\"flyball_scrape.*\"}")
                #expect(out.status == 0, "\(out.output)")
                let read = try await storage(sandbox, "import", "other", "first.om")
                #expect(read.status == 0, "\(read.output)")
                let again = try await storage(
                    sandbox, "export", "other", "--to", "second.om", "--stale-markers")
                #expect(again.status == 0, "\(again.output)")

                let first = sandbox.text("first.om")
                #expect(first.contains("# TYPE ") && first.hasSuffix("# EOF\n") && first.contains("\nup{"))
                #expect(!first.contains("\nflyball_scrape"))
                #expect(first == sandbox.text("second.om"))
                #expect(try await storage(sandbox, "verify", "other").status == 0)

                // The same again does no harm, and a service starts with it.
                let twice = try await storage(sandbox, "import", "other", "first.om")
                #expect(twice.status == 0 && twice.output.contains("0 samples imported"), "\(twice.output)")
                let blocks = try await Sandbox.run(
                    "/usr/bin/promtool",
                    ["tsdb", "create-blocks-from", "openmetrics", "first.om", "blocks"],
                    folder: sandbox.folder)
                #expect(blocks.status == 0, "\(blocks.output)")
            }
        }

        @Test func `verify ends with 2 and names the file for any damage, with 0 for what a crash leaves`()
            async throws
        {
            try await withSandbox { sandbox in
                let server = try await filled(sandbox)
                let running = try await storage(sandbox, "verify", "data")
                #expect(running.status == 0, "\(running.output)")
                try await server.killHard()
                let log = server.storage + "/samples/log/0000000001.log"
                var bytes = try #require(FileManager.default.contents(atPath: log))

                let whole = try await storage(sandbox, "verify", "data")
                #expect(whole.status == 0, "\(whole.output)")
                #expect(whole.output.contains("intact"))

                bytes[bytes.count / 2] ^= 4
                try bytes.write(to: URL(fileURLWithPath: log))
                let damaged = try await storage(sandbox, "verify", "data")
                #expect(damaged.status == 2)
                #expect(damaged.output.contains("samples/log/0000000001.log at "))
                #expect(damaged.output.contains("NOT intact"))
            }
        }

        @Test func `a backtest reads the demand out of a store and leaves the folder as it is`() async throws
        {
            try await withSandbox { sandbox in
                let rows = (0...600).map { "reqs \(50 + $0 % 60) \(1_700_000_000 + $0 * 60)\n" }.joined()
                let text = "# TYPE reqs gauge\n\(rows)# EOF\n"
                let read = try await storage(sandbox, "import", "data", try sandbox.write("x.om", text))
                #expect(read.status == 0, "\(read.output)")
                _ = try sandbox.write("crlf.om", text.replacing("\n", with: "\r\n"))
                let files = FileManager.default.subpaths(atPath: sandbox.folder + "/data")?.sorted()

                var outputs: Set<String> = []
                for trace in ["data", "data/samples", "crlf.om"] {
                    let run = try await Sandbox.run(
                        Sandbox.binary,
                        [
                            "backtest", "--policy", "static", "--policy", "hpa-v2", "--trace", trace,
                            "--query",
                            "sum(reqs)", "--evaluate-after", "2h", "--output", "json",
                        ], folder: sandbox.folder)
                    #expect(run.status == 0, "\(run.output)")
                    outputs.insert(run.output)
                }

                #expect(outputs.count == 1, "\(outputs)")
                #expect(outputs.first?.hasPrefix("{\"policies\":[{\"policy\":\"static\"") == true)
                #expect(FileManager.default.subpaths(atPath: sandbox.folder + "/data")?.sorted() == files)
            }
        }

        @Test func `what is missing is named by inspect and export, which end with 2 and give the rest`()
            async throws
        {
            try await withSandbox { sandbox in
                let text = (1...2000).map { "x{n=\"\($0 / 500)\"} \($0) \($0)\n" }.joined()
                let read = try await storage(
                    sandbox, "import", "data", sandbox.write("x.om", text + "# EOF\n"))
                #expect(read.status == 0, "\(read.output)")
                let folder = sandbox.folder + "/data/samples/snapshots"
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                let chunks = try #require(names.first { $0.hasPrefix("chunks-") })
                try FileManager.default.removeItem(atPath: folder + "/" + chunks)

                let out = try await storage(sandbox, "export", "data", "--to", "out.om")
                let json = try await storage(sandbox, "inspect", "data", "--output", "json")
                let table = try await storage(sandbox, "inspect", "data")

                for answer in [out, json, table] {
                    #expect(answer.status == 2)
                    #expect(answer.output.contains("warning: snapshots/\(chunks): "), "\(answer.output)")
                    #expect(answer.output.contains("from 1970-01-01T00:00:01Z to"), "\(answer.output)")
                    #expect(answer.output.contains("INCOMPLETE"))
                }
                #expect(json.output.contains("\"complete\":false"))
                #expect(sandbox.text("out.om").hasSuffix("# EOF\n"))
            }
        }

        @Test func `what was deleted comes back with an import, and stays`() async throws {
            try await withSandbox { sandbox in
                let now = Int(Date().timeIntervalSince1970)
                let text = try sandbox.write(
                    "a.om", "a 1 \(now - 60)\na 2 \(now - 30)\nb 1 \(now - 30)\n# EOF\n")
                #expect(try await storage(sandbox, "import", "data", text).status == 0)
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1h }\n",
                    arguments: ["--web.enable-admin-api"])
                let transport = CurlTransport()
                defer { transport.close() }
                let token = sandbox.text("data/token").trimmingCharacters(in: .whitespacesAndNewlines)
                func ask(_ path: String) async throws -> Int {
                    try await transport.perform(
                        TransportRequest(
                            method: "POST", url: server.url + "/api/v1/admin/tsdb/" + path,
                            headers: [("Authorization", "Bearer " + token)])
                    ).status
                }
                #expect(try await ask("delete_series?match[]=a") == 204)
                #expect(try await server.value("count_over_time(a[5m])") == nil)
                try await server.interrupt()

                let again = try await storage(sandbox, "import", "data", text)

                #expect(again.output.contains("2 samples imported"), "\(again.output)")
                #expect(again.output.contains("1 samples were there already"), "\(again.output)")
                try await server.restart()
                #expect(try await server.value("count_over_time(a[5m])") == 2)
                #expect(try await ask("clean_tombstones") == 204)
                #expect(try await server.value("count_over_time(a[5m])") == 2)
            }
        }

        @Test func `a pipe is imported, a folder is not, and refused samples make no series`() async throws {
            try await withSandbox { sandbox in
                let text = try sandbox.write("x.om", "a 1 1\nfar 1 9e15\n# EOF\n")
                let piped = try await Sandbox.run(
                    "/bin/sh", ["-c", "cat \(text) | \(Sandbox.binary) storage import data -"],
                    folder: sandbox.folder)
                #expect(piped.status == 1, "\(piped.output)")
                #expect(piped.output.contains("1 samples imported, 1 series in the store"), "\(piped.output)")
                #expect(piped.output.contains("1 have a moment beyond the bounds"), "\(piped.output)")
                let folder = try await storage(sandbox, "import", "data", ".")
                #expect(folder.status == 1 && folder.output.contains(". is a folder; name a file"))
            }
        }

        @Test func `output that has no room is a failure with its reason`() async throws {
            try await withSandbox { sandbox in
                let read = try await storage(
                    sandbox, "import", "data", sandbox.write("x.om", "a 1 1\n# EOF\n"))
                #expect(read.status == 0, "\(read.output)")
                let link = sandbox.folder + "/full"
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
                for command in ["inspect data", "inspect data --output json", "verify data", "export data"] {
                    let full = try await Sandbox.run(
                        "/bin/sh", ["-c", "\(Sandbox.binary) storage \(command) > full"],
                        folder: sandbox.folder)
                    #expect(full.status == 1, "\(command): \(full.output)")
                    #expect(full.output.contains("space"), "\(command): \(full.output)")
                }
                let file = try await storage(sandbox, "export", "data", "--to", "full")
                #expect(file.status == 1 && file.output.contains("space"))
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/dev/full")
            }
        }

        @Test func `an export goes into what has the name, a pipe or a linked file`() async throws {
            try await withSandbox { sandbox in
                let text = "# TYPE a unknown\na 1 1\n# EOF\n"
                let read = try await storage(sandbox, "import", "data", sandbox.write("x.om", text))
                #expect(read.status == 0, "\(read.output)")
                let real = try sandbox.write(
                    "real.om", "what was there before, and longer than what comes now\n")
                try FileManager.default.createSymbolicLink(
                    atPath: sandbox.folder + "/link.om", withDestinationPath: real)
                let linked = try await storage(sandbox, "export", "data", "--to", "link.om")
                #expect(linked.status == 0, "\(linked.output)")
                #expect(sandbox.text("real.om") == sandbox.text("link.om"))
                #expect(sandbox.text("real.om").hasSuffix("a 1 1\n# EOF\n"))

                let piped = try await Sandbox.run(
                    "/bin/sh",
                    [
                        "-c",
                        "mkfifo fifo && (timeout 20 cat fifo > got.om &) && \(Sandbox.binary) storage export data --to fifo "
                            + "&& test -p fifo && sleep 1",
                    ], folder: sandbox.folder)
                #expect(piped.status == 0, "\(piped.output)")
                #expect(sandbox.text("got.om") == sandbox.text("real.om"))
            }
        }

        @Test func `what is compressed is not taken for text`() async throws {
            try await withSandbox { sandbox in
                let packed = try await Sandbox.run(
                    "/bin/sh",
                    ["-c", "printf 'a 1 1\n# EOF\n' | gzip > x.gz; printf '\\357\\273\\277a 1\n' > bom.om"],
                    folder: sandbox.folder)
                #expect(packed.status == 0, "\(packed.output)")
                let gzip = try await storage(sandbox, "import", "data", "x.gz")
                #expect(gzip.status == 1)
                #expect(
                    gzip.output.contains("gzip -dc x.gz | flyball storage import data -"), "\(gzip.output)")
                let marked = try await storage(sandbox, "import", "data", "bom.om")
                #expect(marked.status == 1 && marked.output.contains("byte order mark"), "\(marked.output)")
                #expect(!FileManager.default.fileExists(atPath: sandbox.folder + "/data"))
            }
        }

        @Test func `errors name the place and the remedy`() async throws {
            try await withSandbox { sandbox in
                let none = try await storage(sandbox, "inspect", "nowhere")
                #expect(
                    none.status == 1
                        && none.output.contains("nowhere: no such folder; name the service's folder"))
                _ = try sandbox.write("some/file", "x")
                let other = try await storage(sandbox, "verify", "some")
                #expect(other.status == 1 && other.output.contains("some holds no samples"))
                let full = try await storage(sandbox, "import", "some", "some/file")
                #expect(full.status == 1 && full.output.contains("some is not empty and holds no samples"))
                let text = try sandbox.write("bad.om", "up 1 1\nup{ 1 2\n# EOF\n")
                let bad = try await storage(sandbox, "import", "new", text)
                #expect(bad.status == 1 && bad.output.contains("bad.om: line 2, column"), "\(bad.output)")
                let selector = try await storage(sandbox, "export", "new", "--match", "up{")
                #expect(selector.status == 1 && selector.output.contains("--match up{"), "\(selector.output)")
                let moment = try await storage(sandbox, "export", "new", "--start", "yesterday")
                #expect(
                    moment.status == 1 && moment.output.contains("--start must be like"), "\(moment.output)")
            }
        }
    }
}
