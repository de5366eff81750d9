import Actuation
import Backends
import Control
import Curl
import Fleet
import Foundation
import Logging
import Synchronization
import Testing
import TimeSeries

@testable import Daemon

/// A whole node in this process: real socket, real HTTP, real replicas; only the process around it is missing.
@Suite(.timeLimit(.minutes(5))) struct NodeServerTests {
    /// Runs the node's server where the backend would spawn a process.
    private final class Launcher: NodeLaunching {
        let isolation = "none: a node of a test"
        let tasks = Mutex<[Task<Void, any Error>]>([])
        let lease: Duration

        init(lease: Duration = .seconds(30)) { self.lease = lease }

        func reap() {}

        func launch(_ spec: NodeSpec, in folder: NodeFolder) throws(BackendError) {
            let options = NodeOptions(spec: spec, folder: folder, lease: lease)
            let task = Task {
                try await NodeProcess.run(
                    options, environment: ["PATH": "/usr/bin:/bin"], logger: Logger(label: "node"))
            }
            tasks.withLock { $0.append(task) }
        }
    }

    private let clock = SystemClock()
    private let spec = NodeSpec(id: NodeID("n1")!, capacity: Resources(milliCPU: 1000, memoryBytes: 1 << 30))
    private let web1 = ReplicaID("web-1")!

    private func command(_ id: String, _ action: Command.Action) -> Command {
        Command(
            id: id, action: action, epoch: 1, issuedAt: clock.now, deadline: clock.now + .seconds(60),
            reason: "test")
    }

    private func until(
        _ backend: ProcessBackend, _ holds: (Inventory) -> Bool
    ) async throws -> Inventory {
        while true {
            let inventory = try await backend.inventory()
            if holds(inventory) { return inventory }
            try await clock.sleep(for: .milliseconds(20))
        }
    }

    private func withNode(
        lease: Duration = .seconds(30),
        _ body: (String, ProcessBackend, CurlTransport, Launcher) async throws -> Void
    ) async throws {
        let folder = "/tmp/flyball-node-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let transport = CurlTransport()
        defer { transport.close() }
        let launcher = Launcher(lease: lease)
        let backend = try ProcessBackend(
            folder: folder, launcher: launcher, transport: transport, clock: clock)
        try await backend.perform(command("e1-1", .startNode(spec)))
        _ = try await until(backend) { $0.nodes.contains { $0.isReachable && $0.metricsAddress != nil } }
        do {
            try await body(folder, backend, transport, launcher)
        } catch {
            await backend.stopAllNodes(within: .seconds(10))
            throw error
        }
        await backend.stopAllNodes(within: .seconds(10))
        for task in launcher.tasks.withLock({ $0 }) { try await task.value }
    }

    @Test func `a replica is started, measured and stopped over the node's socket`() async throws {
        try await withNode { folder, backend, transport, _ in
            let workload = Workload(id: WorkloadID("web")!, command: ["sleep", "1000"])
            try await backend.perform(
                command("e1-2", .start(replica: web1, workload: workload, node: spec.id)))
            let inventory = try await until(backend) { $0.replicas.map(\.phase) == [.ready] }

            let address = try #require(inventory.nodes.first?.metricsAddress)
            let metrics = try await transport.perform(TransportRequest(url: "http://\(address)/metrics"))
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains(#"flyball_node_capacity{node="n1",resource="cpu",unit="core"} 1"#))
            #expect(
                text.contains(
                    #"container_cpu_usage_seconds_total{name="web-1",workload="web",replica="web-1",node="n1"}"#
                ))

            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/n1/node.sock")
            #expect(mode[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `another service finds what the first one left`() async throws {
        try await withNode { folder, backend, transport, launcher in
            let workload = Workload(id: WorkloadID("web")!, command: ["sleep", "1000"])
            try await backend.perform(
                command("e1-2", .start(replica: web1, workload: workload, node: spec.id)))
            let before = try await until(backend) { $0.replicas.map(\.phase) == [.ready] }

            let next = try ProcessBackend(
                folder: folder, launcher: launcher, transport: transport, clock: clock)

            let after = try await next.inventory()
            #expect(after.replicas == before.replicas)
            #expect(after.nodes == before.nodes)
        }
    }

    @Test func `a node that nobody asks ends by itself and takes its socket away`() async throws {
        try await withNode(lease: .seconds(10)) { folder, _, _, launcher in
            for task in launcher.tasks.withLock({ $0 }) { try await task.value }

            #expect(!FileManager.default.fileExists(atPath: folder + "/n1/node.sock"))
        }
    }
}
