import Foundation
import Testing

extension EndToEnd {
    /// What the service says when it cannot start, or cannot reload.
    struct StartTests {
        private func serve(_ sandbox: Sandbox, _ configuration: String, port: Int, data: String) async throws
            -> (
                status: Int32, output: String
            )
        {
            try await Sandbox.run(
                Sandbox.binary,
                [
                    "serve", "--config.file", configuration, "--web.listen-address", "127.0.0.1:\(port)",
                    "--storage.path",
                    sandbox.folder + "/" + data,
                ], folder: sandbox.folder)
        }

        @Test func `a configuration with an error is refused with its place and what is allowed`()
            async throws
        {
            try await withSandbox { sandbox in
                let file = try sandbox.write(
                    "bad.yml", "global:\n  scrape_intervall: 5s\nfleet:\n  backend: { kind: vm }\n")

                let answer = try await serve(sandbox, file, port: Sandbox.freePort(), data: "data")

                #expect(answer.status == 1)
                #expect(answer.output.contains("bad.yml:2:3: unknown key \"scrape_intervall\""))
                #expect(answer.output.contains("bad.yml:4:20: kind must be process or dry-run"))
            }
        }

        @Test func `an unreadable file is one clear line`() async throws {
            try await withSandbox { sandbox in
                let answer = try await serve(
                    sandbox, sandbox.folder + "/none.yml", port: Sandbox.freePort(), data: "data")

                #expect(answer.status == 1)
                #expect(answer.output.contains("none.yml: no such file"))
            }
        }

        @Test func `a port or a data directory in use is one clear line`() async throws {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n")

                let port = try await serve(sandbox, server.configuration, port: server.port, data: "other")
                let folder = try await serve(
                    sandbox, server.configuration, port: Sandbox.freePort(), data: "data")

                #expect(port.status == 1)
                #expect(port.output.contains("127.0.0.1:\(server.port)"))
                #expect(folder.status == 1)
                #expect(folder.output.contains("/data"))
                #expect(try await server.status("/-/healthy") == 200)
            }
        }

        @Test func `a bad reload keeps the running configuration and says so`() async throws {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\n")
                _ = try sandbox.write("flyball.yml", "global: { scrape_interval: often }\n")

                kill(server.process.processIdentifier, SIGHUP)

                try await eventually("the failure is a metric") {
                    String(decoding: try await server.body("/metrics"), as: UTF8.self)
                        .contains("flyball_config_last_reload_successful 0")
                }
                let shown = try await server.data("/api/v1/status/config") as? [String: Any]
                #expect((shown?["yaml"] as? String)?.contains("1s") == true)
            }
        }

        @Test func `a reload puts bounds of the store to use and says what of the rest is not in force`()
            async throws
        {
            try await withSandbox { sandbox in
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\nstorage: { retention: 15d }\n")
                _ = try sandbox.write(
                    "flyball.yml",
                    "global: { scrape_interval: 1s }\n"
                        + "storage: { retention: 2h, memory: { limit: 96MiB }, rollups: {} }\n")

                kill(server.process.processIdentifier, SIGHUP)

                try await eventually("the bounds are in force") {
                    let runtime = try await server.data("/api/v1/status/runtimeinfo") as? [String: Any]
                    return runtime?["storageRetention"] as? String == "2h"
                }
                let status = try await server.data("/api/v1/status/storage") as? [String: Any]
                #expect((status?["memoryLimit"] as? NSNumber)?.intValue == 96 << 20)
                let shown = try await server.data("/api/v1/status/config") as? [String: Any]
                let text = shown?["yaml"] as? String ?? ""
                #expect(
                    text.contains("# storage.rollups needs a restart: in force is { 5m: 90d, "), "\(text)")
                #expect(text.contains("96MiB"))
            }
        }

        @Test func `the samples of a service are not served as an empty folder`() async throws {
            try await withSandbox { sandbox in
                let text = try sandbox.write("x.om", "a 1 1\n# EOF\n")
                _ = try await Sandbox.run(
                    Sandbox.binary, ["storage", "import", "data", text], folder: sandbox.folder)
                let configuration = try sandbox.write("flyball.yml", "global: { scrape_interval: 1s }\n")
                let answer = try await serve(
                    sandbox, configuration, port: Sandbox.freePort(), data: "data/samples")
                #expect(answer.status == 1)
                #expect(answer.output.contains("holds samples itself"), "\(answer.output)")
                #expect(answer.output.contains("--storage.path "), "\(answer.output)")
                #expect(!FileManager.default.fileExists(atPath: sandbox.folder + "/data/samples/samples"))
                let none = try await Sandbox.run(
                    Sandbox.binary, ["serve", "--config.file", configuration, "--storage.path", ""],
                    folder: sandbox.folder)
                #expect(none.status == 1 && none.output.contains("must name a folder"))
            }
        }

        @Test func `arguments that nobody understands end with 1 and say what is missing`() async throws {
            let unknown = try await Sandbox.run(Sandbox.binary, ["frobnicate"])
            let missing = try await Sandbox.run(Sandbox.binary, ["scale", "web"])
            let wrong = try await Sandbox.run(Sandbox.binary, ["query", "up", "--since", "x"])

            #expect([unknown.status, missing.status, wrong.status] == [1, 1, 1])
            #expect(missing.output.contains("Usage: flyball scale <workload> <count>"))
            #expect(wrong.output.contains("--since must be like 10m"))
        }

        @Test func `check commands exit with 2 for a bad file and 0 for the shipped ones`() async throws {
            try await withSandbox { sandbox in
                let bad = try sandbox.write(
                    "bad.rules.yml", "groups:\n- name: g\n  rules:\n  - record: x\n    expr: sum(\n")

                let refused = try await Sandbox.run(Sandbox.binary, ["check", "rules", bad])
                let config = try await Sandbox.run(
                    Sandbox.binary, ["check", "config", Sandbox.root + "/flyball.yml"])

                #expect(refused.status == 2)
                #expect(refused.output.contains("bad.rules.yml:5:"))
                #expect(config.status == 0, "\(config.output)")
            }
        }
    }
}
