import Curl
import Foundation
import Testing

/// A running `flyball serve` and its API.
final class FlyballServer: @unchecked Sendable {
    let sandbox: Sandbox
    let port: Int
    let configuration: String
    /// What `flyball serve` is told besides.
    let arguments: [String]
    private(set) var process: Process
    private static let transport = CurlTransport()

    var url: String { "http://127.0.0.1:\(port)" }
    var storage: String { sandbox.folder + "/data" }

    init(_ sandbox: Sandbox, configuration text: String, arguments: [String] = []) async throws {
        self.sandbox = sandbox
        self.arguments = arguments
        port = try Sandbox.freePort()
        configuration = try sandbox.write("flyball.yml", text)
        process = try Self.launch(sandbox, port, configuration, arguments)
        try await waitUntilReady()
    }

    private static func launch(
        _ sandbox: Sandbox, _ port: Int, _ configuration: String, _ arguments: [String]
    ) throws -> Process {
        try sandbox.start(
            Sandbox.binary,
            [
                "serve", "--config.file", configuration, "--web.listen-address", "127.0.0.1:\(port)",
                "--storage.path",
                sandbox.folder + "/data", "--log.level", "info",
            ] + arguments, log: "serve-\(UUID().uuidString.prefix(4)).log")
    }

    func waitUntilReady() async throws {
        try await eventually("the service is ready") { try await self.status("/-/ready") == 200 }
    }

    /// Starts the same service again after its end.
    func restart() async throws {
        process = try Self.launch(sandbox, port, configuration, arguments)
        try await waitUntilReady()
    }

    func status(_ path: String) async throws -> Int {
        try await Self.transport.perform(TransportRequest(url: url + path, timeout: .seconds(5))).status
    }

    func body(_ path: String) async throws -> [UInt8] {
        try await Self.transport.perform(TransportRequest(url: url + path, timeout: .seconds(30))).body
    }

    /// `data` of the answer as plain values.
    func data(_ path: String) async throws -> Any {
        let object = try JSONSerialization.jsonObject(with: Data(try await body(path))) as? [String: Any]
        return object?["data"] ?? [:] as [String: Any]
    }

    /// The value of the first element of an instant query; nil for an empty answer.
    func value(_ query: String) async throws -> Double? {
        try await vector(query).first?.value
    }

    func vector(_ query: String, time: Double? = nil) async throws -> [(
        metric: [String: String], value: Double
    )] {
        let moment = time.map { "&time=\($0)" } ?? ""
        let answer = try await data("/api/v1/query?query=" + Self.escape(query) + moment) as? [String: Any]
        let rows = answer?["result"] as? [[String: Any]] ?? []
        return rows.compactMap { row in
            guard let text = (row["value"] as? [Any])?.last as? String else { return nil }
            let value = text == "+Inf" ? .infinity : text == "-Inf" ? -.infinity : Double(text) ?? .nan
            return (metric: row["metric"] as? [String: String] ?? [:], value: value)
        }
    }

    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }

    static func get(_ url: String) async throws -> [UInt8] {
        try await transport.perform(TransportRequest(url: url, timeout: .seconds(10))).body
    }

    /// Runs another command of the binary against this service.
    func command(_ arguments: String...) async throws -> (status: Int32, output: String) {
        try await Sandbox.run(
            Sandbox.binary, arguments + ["--url", url, "--token-file", storage + "/token"],
            folder: sandbox.folder)
    }

    /// One row of the fleet's replicas.
    struct ReplicaRow: Equatable {
        var id: String, workload: String, node: String, phase: String, restarts: Int
    }

    func replicas(_ workload: String? = nil) async throws -> [ReplicaRow] {
        let fleet = try await data("/api/v1/fleet") as? [String: Any]
        let rows = (fleet?["replicas"] as? [[String: Any]] ?? []).map { row in
            ReplicaRow(
                id: row["id"] as? String ?? "", workload: row["workload"] as? String ?? "",
                node: row["node"] as? String ?? "", phase: row["phase"] as? String ?? "",
                restarts: (row["restarts"] as? NSNumber)?.intValue ?? 0)
        }
        return rows.filter { workload == nil || $0.workload == workload }
    }

    func interrupt() async throws {
        process.interrupt()
        try await eventually("the service ends") { !self.process.isRunning }
    }

    func killHard() async throws {
        kill(process.processIdentifier, SIGKILL)
        try await eventually("the service is dead") { !self.process.isRunning }
    }
}
