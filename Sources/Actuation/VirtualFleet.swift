package import Control
package import Fleet
package import TimeSeries

/// Nodes and replicas that exist only as values, moved by the time that is passed in: a node takes a while to start,
/// a replica to become ready and to stop, both crash on request. Deterministic; every list comes out sorted by id.
package struct VirtualFleet: Sendable {
    package struct Behaviour: Hashable, Sendable {
        package var nodeStart: Duration
        package var replicaStart: Duration
        package var replicaStop: Duration
        /// Between a crash and the next start; doubles with each crash in a row up to `maxRestartDelay`.
        package var restartDelay: Duration
        package var maxRestartDelay: Duration
        /// A node that is cut off for so long stops its replicas.
        package var lease: Duration

        package init(
            nodeStart: Duration = .seconds(1), replicaStart: Duration = .seconds(2),
            replicaStop: Duration = .seconds(1), restartDelay: Duration = .milliseconds(500),
            maxRestartDelay: Duration = .seconds(60), lease: Duration = .seconds(30)
        ) {
            self.nodeStart = nodeStart
            self.replicaStart = replicaStart
            self.replicaStop = replicaStop
            self.restartDelay = restartDelay
            self.maxRestartDelay = maxRestartDelay
            self.lease = lease
        }
    }

    struct VirtualNode: Sendable {
        var spec: NodeSpec
        var upAt: Timestamp
        var incarnation: Int
        var isAlive = true
        var cutOffSince: Timestamp?

        func isReachable(at now: Timestamp) -> Bool { isAlive && cutOffSince == nil && upAt <= now }
    }

    struct VirtualReplica: Sendable {
        var replica: Replica
        /// When its phase changes by itself.
        var due: Timestamp?
        var crashesAlways = false
    }

    package var behaviour: Behaviour
    private(set) var nodes: [NodeID: VirtualNode] = [:]
    private(set) var replicas: [ReplicaID: VirtualReplica] = [:]
    private(set) var ledger = CommandLedger()
    private var incarnations = 0
    private var ports = 20_000

    package init(behaviour: Behaviour = Behaviour()) { self.behaviour = behaviour }

    /// Lets everything that is due by `now` happen.
    package mutating func advance(to now: Timestamp) {
        for id in nodes.keys.sorted() {
            guard let since = nodes[id]?.cutOffSince, since + behaviour.lease <= now else { continue }
            removeReplicas(of: id)
        }
        for id in replicas.keys.sorted() {
            while let due = replicas[id]?.due, due <= now { step(id, at: due) }
        }
    }

    private mutating func step(_ id: ReplicaID, at now: Timestamp) {
        guard let entry = replicas[id] else { return }
        switch entry.replica.phase {
        case .starting where entry.crashesAlways: crash(id, at: now)
        case .starting: change(id, to: .ready, at: now, due: nil)
        case .crashed: change(id, to: .starting, at: now, due: now + behaviour.replicaStart)
        case .stopping: replicas[id] = nil
        case .ready, .unready: replicas[id]?.due = nil
        }
    }

    private mutating func change(
        _ id: ReplicaID, to phase: Replica.Phase, at now: Timestamp, due: Timestamp?
    ) {
        replicas[id]?.replica.phase = phase
        replicas[id]?.replica.since = now
        replicas[id]?.due = due
    }

    /// Takes or refuses a command, as any backend must.
    package mutating func perform(_ command: Command, at now: Timestamp) throws(BackendError) {
        advance(to: now)
        if let node = command.action.servingNode, let known = nodes[node], !known.isReachable(at: now) {
            throw .unavailable("node \(node) does not answer")
        }
        switch ledger.judge(command, at: now) {
        case .repeated: return
        case .rejected(let error): throw error
        case .new: break
        }
        let refusal = apply(command, at: now)
        ledger.record(command, refusal: refusal)
        if let refusal { throw .refused(refusal) }
    }

    /// The refusal, or nil where the action was taken.
    private mutating func apply(_ command: Command, at now: Timestamp) -> String? {
        switch command.action {
        case .start(let replica, let workload, let node):
            return start(replica, workload, on: node, at: now)
        case .stop(let replica, _, let node, _):
            guard nodes[node] != nil else { return "unknown node \(node)" }
            guard let entry = replicas[replica], entry.replica.node == node else { return nil }
            if entry.replica.phase != .stopping {
                change(replica, to: .stopping, at: now, due: now + behaviour.replicaStop)
            }
        case .resize(let replica, _, let node, let request, _):
            guard replicas[replica]?.replica.node == node else { return "no replica \(replica) on \(node)" }
            replicas[replica]?.replica.request = request
        case .startNode(let spec):
            if let known = nodes[spec.id], known.isAlive { return nil }
            removeReplicas(of: spec.id)
            incarnations += 1
            nodes[spec.id] = VirtualNode(
                spec: spec, upAt: now + behaviour.nodeStart, incarnation: incarnations)
        case .stopNode(let node):
            nodes[node] = nil
            removeReplicas(of: node)
        }
        return nil
    }

    private mutating func start(
        _ id: ReplicaID, _ workload: Workload, on node: NodeID, at now: Timestamp
    ) -> String? {
        guard nodes[node] != nil else { return "unknown node \(node)" }
        guard !workload.command.isEmpty else { return "workload \(workload.id) has no command" }
        if let known = replicas[id]?.replica {
            guard known.node == node else { return "replica \(id) runs on node \(known.node)" }
            return known.phase == .stopping ? "replica \(id) is stopping" : nil
        }
        ports += 1
        let replica = Replica(
            id: id, workload: workload.id, node: node, phase: .starting, since: now,
            address: "127.0.0.1:\(ports)", request: workload.request)
        replicas[id] = VirtualReplica(replica: replica, due: now + behaviour.replicaStart)
        return nil
    }

    private mutating func removeReplicas(of node: NodeID) {
        replicas = replicas.filter { $0.value.replica.node != node }
    }

    /// What a backend would see at `now`: nodes that are dead, cut off or still starting are reported as silent.
    package mutating func inventory(at now: Timestamp) -> Inventory {
        advance(to: now)
        let reports = nodes.values.sorted { $0.spec.id < $1.spec.id }.map { node in
            let isReachable = node.isReachable(at: now)
            return Inventory.NodeReport(
                id: node.spec.id, isReachable: isReachable,
                message: isReachable ? nil : node.upAt > now ? "is starting" : "does not answer",
                capacity: node.spec.capacity, labels: node.spec.labels,
                incarnation: isReachable ? "\(node.incarnation)" : nil,
                metricsAddress: Self.metricsAddress(of: node.spec.id))
        }
        let seen = replicas.values.map(\.replica).filter { nodes[$0.node]?.isReachable(at: now) == true }
        return Inventory(
            observedAt: now, nodes: reports, replicas: seen.sorted { $0.id < $1.id }, epoch: ledger.epoch)
    }
}

extension VirtualFleet {
    /// The node's process dies, and with it its replicas.
    package mutating func kill(_ node: NodeID) {
        nodes[node]?.isAlive = false
        removeReplicas(of: node)
    }

    /// The node lives on unseen; past its lease it stops its replicas.
    package mutating func cutOff(_ node: NodeID, at now: Timestamp) {
        guard nodes[node]?.cutOffSince == nil else { return }
        nodes[node]?.cutOffSince = now
    }

    package mutating func reconnect(_ node: NodeID, at now: Timestamp) {
        advance(to: now)
        nodes[node]?.cutOffSince = nil
    }

    /// Ends a replica; it is started again after its back-off, for ever in vain where `always`.
    package mutating func crash(_ id: ReplicaID, at now: Timestamp, always: Bool = false) {
        guard let entry = replicas[id], entry.replica.phase != .stopping else { return }
        replicas[id]?.crashesAlways = entry.crashesAlways || always
        replicas[id]?.replica.restarts += 1
        replicas[id]?.replica.message = "exited with status 1"
        let doublings = min(entry.replica.restarts, 16)
        let delay = min(behaviour.maxRestartDelay, behaviour.restartDelay * (1 << doublings))
        change(id, to: .crashed, at: now, due: now + delay)
    }

    /// Its health check begins to fail, or passes again.
    package mutating func setHealthy(_ id: ReplicaID, _ isHealthy: Bool, at now: Timestamp) {
        guard let phase = replicas[id]?.replica.phase, phase == .ready || phase == .unready else { return }
        change(id, to: isHealthy ? .ready : .unready, at: now, due: nil)
    }
}

extension Command.Action {
    /// The node that must answer for the action to happen; nil for those that make or end nodes.
    package var servingNode: NodeID? {
        switch self {
        case .start(_, _, let node), .stop(_, _, let node, _), .resize(_, _, let node, _, _): node
        case .startNode, .stopNode: nil
        }
    }
}
