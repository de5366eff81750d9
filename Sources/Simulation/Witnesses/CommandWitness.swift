import Actuation
import Audit
import Control
import Fleet
import Journal
import Synchronization
import TimeSeries

/// Stands before the backend and checks each command that arrives against the disk and the fleet as they really are: a
/// durable leaf names it, its epoch is not an old one, nobody has paused its workload, and whatever is delivered
/// however often has one effect.
final class CommandWitness: NodeBackend {
    private struct State {
        var recorded: Set<String> = []
        var sequence: UInt64 = 0
        var epoch: UInt64 = 0
        var effects: [String: Int] = [:]
        var started: Set<ReplicaID> = []
        var pauses: [Pause] = []
    }

    private let backend: InMemoryBackend
    private let disk: SimulatedDisk
    private let clock: any Clock
    private let trace: Trace
    private let state = Mutex(State())

    init(_ backend: InMemoryBackend, disk: SimulatedDisk, clock: any Clock, trace: Trace) {
        self.backend = backend
        self.disk = disk
        self.clock = clock
        self.trace = trace
    }

    var kind: String { backend.kind }

    func capabilities() async -> BackendCapabilities { await backend.capabilities() }

    func inventory() async throws(BackendError) -> Inventory { try await backend.inventory() }

    func changes() -> AsyncStream<Void> { backend.changes() }

    /// What the service has confirmed as paused.
    func confirm(_ pauses: [Pause]) { state.withLock { $0.pauses = pauses } }

    func perform(_ command: Command) async throws(BackendError) {
        checkRecord(of: command)
        checkStanding(of: command)
        let before = fingerprint(command)
        let answer: Result<Void, BackendError>
        do throws(BackendError) {
            answer = .success(try await backend.perform(command))
        } catch {
            answer = .failure(error)
        }
        if fingerprint(command) != before { count(command) }
        try answer.get()
    }

    private func checkRecord(of command: Command) {
        let (isKnown, sequence) = state.withLock { ($0.recorded.contains(command.id), $0.sequence) }
        guard !isKnown else { return }
        do {
            let log = try Log(disk: disk.durableCopy(), folder: "control/journal")
            var ids: [String] = []
            var last = sequence
            try log.forEach(from: sequence + 1) { found, record in
                last = found
                ids += try AuditLog.leaf(of: record)?.entry.commands.map(\.id) ?? []
            }
            let isRecorded = state.withLock { [ids, last] state in
                state.recorded.formUnion(ids)
                state.sequence = last
                return state.recorded.contains(command.id)
            }
            if !isRecorded { trace.violate("\(command.id) was sent before its record was durable") }
        } catch {
            trace.violate("the journal cannot be read when \(command.id) arrives: \(error)")
        }
    }

    private func checkStanding(of command: Command) {
        let now = clock.now
        let (epoch, pause) = state.withLock { state in
            let pause = command.action.workload.flatMap { workload in
                state.pauses.first { ($0.workload ?? workload) == workload && $0.until > now }
            }
            defer { state.epoch = max(state.epoch, command.epoch) }
            return (state.epoch, pause)
        }
        if command.epoch < epoch { trace.violate("\(command.id) arrives after epoch \(epoch) began") }
        if let pause, command.issuedAt > pause.since {
            trace.violate("\(command.id) (\(command.text)) was issued during a pause by \(pause.owner)")
        }
    }

    private func count(_ command: Command) {
        let (effects, isSecond) = state.withLock { state in
            state.effects[command.id, default: 0] += 1
            var isSecond = false
            if case .start(let replica, _, _) = command.action {
                isSecond = !state.started.insert(replica).inserted
            }
            return (state.effects[command.id] ?? 0, isSecond)
        }
        if effects > 1 { trace.violate("\(command.id) took effect \(effects) times") }
        if isSecond { trace.violate("\(command.id) (\(command.text)) starts a replica that ran before") }
    }

    /// What of the fleet the command is about.
    private func fingerprint(_ command: Command) -> String {
        let fleet = backend.truth
        switch command.action {
        case .start(let replica, _, _): return fleet.replica(replica).map { "on \($0.node)" } ?? "absent"
        case .stop(let replica, _, _, _):
            return fleet.replica(replica).map { $0.phase == .stopping ? "ending" : "there" } ?? "ending"
        case .resize(let replica, _, _, _, _):
            return fleet.replica(replica).map { "\($0.request)" } ?? "absent"
        case .startNode(let spec): return "\(fleet.incarnation(of: spec.id) ?? 0)"
        case .stopNode(let node): return "\(fleet.incarnation(of: node) ?? 0)"
        }
    }
}

extension Command.Action {
    /// The workload whose replicas it adds or removes.
    var workload: WorkloadID? {
        switch self {
        case .start(_, let workload, _): workload.id
        case .stop(_, let workload, _, _): workload
        case .resize, .startNode, .stopNode: nil
        }
    }
}
