import Actuation
import Curl
import Fleet
import Synchronization
import TimeSeries

@testable import Backends

/// The process backend over nodes that live in this process: real replicas, real files, no sockets between.
final class ProcessSubject: ConformanceSubject, NodeLaunching, Transport {
    private struct State {
        var runtimes: [String: NodeRuntime] = [:]
        var tasks: [String: Task<Void, Never>] = [:]
        var losesReply = false
    }

    let folder: String
    let clock: any Clock = SystemClock()
    let nodes = ["n1", "n2"].map {
        NodeSpec(
            id: NodeID($0)!, capacity: Resources(milliCPU: 2000, memoryBytes: 1 << 30), labels: ["zone": "a"])
    }
    let workload = Workload(
        id: WorkloadID("web")!, command: ["sleep", "1000"], health: Workload.HealthCheck(),
        stopGrace: .seconds(5))
    let patience = 400
    let isolation = "none: nodes of a test"
    private let state = Mutex(State())
    private let current: Mutex<ProcessBackend?> = Mutex(nil)

    init() throws {
        folder = try TemporaryFolder.make()
        try open()
    }

    private func open() throws {
        let backend = try ProcessBackend(folder: folder, launcher: self, transport: self, clock: clock)
        current.withLock { $0 = backend }
    }

    var backend: any NodeBackend { current.withLock { $0! } }
    func pause() async throws { try await clock.sleep(for: .milliseconds(25)) }
    func reopen() async throws { try open() }
    func loseNextReply() async -> Bool {
        state.withLock { $0.losesReply = true }
        return true
    }

    func child(_ replica: ReplicaID) -> NodeFolder.Child? {
        nodes.lazy.map { NodeFolder("\(self.folder)/\($0.id)") }
            .flatMap { $0.read([NodeFolder.Child].self, from: $0.children) ?? [] }
            .first { $0.replica == replica }
    }

    func crash(_ replica: ReplicaID) async -> Bool {
        guard let child = child(replica) else { return false }
        Signals.kill(child.pid)
        return true
    }

    /// The task ends as a killed process would: at once, and with it every replica.
    func kill(_ node: NodeID) async -> Bool {
        let socket = NodeFolder("\(folder)/\(node)").socket
        let task = state.withLock { state in
            state.runtimes[socket] = nil
            return state.tasks.removeValue(forKey: socket)
        }
        task?.cancel()
        await task?.value
        return task != nil
    }

    func tearDown() async {
        for node in nodes { _ = await kill(node.id) }
        TemporaryFolder.remove(folder)
    }

    func reap() {}

    func launch(_ spec: NodeSpec, in folder: NodeFolder) throws(BackendError) {
        let runtime: NodeRuntime
        do throws(BackendError) {
            runtime = try NodeRuntime(
                options: NodeAgent.Options(spec: spec, restartDelay: .milliseconds(50)), folder: folder,
                transport: InMemoryTransport { _ throws(TransportError) in TransportResponse(status: 200) },
                clock: clock, isInit: false, environment: ["PATH": "/usr/bin:/bin"], log: { _ in })
        } catch {
            return  // As with a process, which ends by itself where the node runs already.
        }
        state.withLock { state in
            state.runtimes[folder.socket] = runtime
            state.tasks[folder.socket] = Task {
                await runtime.run()
                self.forget(runtime, folder.socket)
            }
        }
    }

    private func forget(_ runtime: NodeRuntime, _ socket: String) {
        state.withLock { if $0.runtimes[socket] === runtime { $0.runtimes[socket] = nil } }
    }

    func perform(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        guard let runtime = state.withLock({ $0.runtimes[request.unixSocket ?? ""] }) else {
            throw .refused("nobody listens")
        }
        let path = String(request.url.dropFirst("http://node".count))
        let response = await runtime.respond(
            to: NodeAgentRequest(method: request.method, path: path, body: request.body))
        let isLost = state.withLock { state in
            guard state.losesReply, path == "/v1/commands" else { return false }
            state.losesReply = false
            return true
        }
        if isLost { throw .failed("the connection was reset") }
        return TransportResponse(status: response.status, body: response.body)
    }
}
