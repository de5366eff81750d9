import Control
import Fleet
import TimeSeries

/// One run of one case: gives out commands with fresh ids and waits for what they should lead to.
actor ConformanceSession {
    nonisolated let subject: any ConformanceSubject
    private var number = 0
    var epoch: UInt64 = 1

    init(_ subject: any ConformanceSubject) { self.subject = subject }

    func raiseEpoch(to epoch: UInt64) { self.epoch = epoch }

    /// A command that is due in a minute, issued now.
    func command(_ action: Command.Action, age: Duration = .zero, lifetime: Duration = .seconds(60))
        -> Command
    {
        number += 1
        let now = subject.clock.now - age
        return Command(
            id: "e\(epoch)-\(number)", action: action, epoch: epoch, issuedAt: now,
            deadline: now + lifetime, reason: "conformance")
    }

    @discardableResult
    func send(_ action: Command.Action) async throws -> Command {
        let command = command(action)
        try await subject.backend.perform(command)
        return command
    }

    /// The error that a command must be answered with.
    func refusal(of command: Command) async throws -> BackendError {
        do {
            try await subject.backend.perform(command)
        } catch {
            return error
        }
        throw ConformanceFailure("\(command.action) was accepted")
    }

    /// Starts the first node, or the one at `index`, and waits until it answers.
    @discardableResult
    func startNode(_ index: Int = 0) async throws -> NodeID {
        let spec = subject.nodes[index]
        try await send(.startNode(spec))
        try await eventually("node \(spec.id) answers") { inventory in
            inventory.nodes.contains { $0.id == spec.id && $0.isReachable }
        }
        return spec.id
    }

    func start(_ name: String, on node: NodeID) -> Command.Action {
        .start(replica: ReplicaID(name)!, workload: subject.workload, node: node)
    }

    func stop(_ name: String, on node: NodeID) -> Command.Action {
        .stop(replica: ReplicaID(name)!, workload: subject.workload.id, node: node, grace: .seconds(5))
    }

    /// Starts a replica and waits until it is ready.
    @discardableResult
    func runReplica(_ name: String, on node: NodeID) async throws -> Replica {
        try await send(start(name, on: node))
        return try await readyReplica(name)
    }

    @discardableResult
    func readyReplica(_ name: String) async throws -> Replica {
        let inventory = try await eventually("replica \(name) is ready") { inventory in
            inventory.replicas.contains { $0.id.name == name && $0.phase == .ready }
        }
        return inventory.replicas.first { $0.id.name == name }!
    }

    @discardableResult
    func eventually(
        _ what: String, _ holds: @Sendable (Inventory) -> Bool
    ) async throws -> Inventory {
        var last: Inventory?
        for _ in 0..<subject.patience {
            let inventory = try await subject.backend.inventory()
            if holds(inventory) { return inventory }
            last = inventory
            try await subject.pause()
        }
        throw ConformanceFailure("never: \(what); last seen \(last.map { "\($0)" } ?? "nothing")")
    }

    /// Looks for as long as a start would take and expects the same every time.
    func always(_ what: String, _ holds: @Sendable (Inventory) -> Bool) async throws {
        for _ in 0..<max(3, subject.patience / 20) {
            let inventory = try await subject.backend.inventory()
            guard holds(inventory) else { throw ConformanceFailure("not: \(what); seen \(inventory)") }
            try await subject.pause()
        }
    }
}

func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws(ConformanceFailure) {
    guard condition else { throw ConformanceFailure("not: " + what()) }
}
