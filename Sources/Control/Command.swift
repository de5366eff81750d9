package import Fleet
package import TimeSeries

/// Something to be done by a backend, exactly once. Its id is the idempotency key.
package struct Command: Hashable, Sendable, Codable {
    package enum Action: Hashable, Sendable, Codable {
        case start(replica: ReplicaID, workload: Workload, node: NodeID)
        case stop(replica: ReplicaID, workload: WorkloadID, node: NodeID, grace: Duration)
        /// Changes what a running replica reserves and may use, in place.
        case resize(
            replica: ReplicaID, workload: WorkloadID, node: NodeID, request: Resources, limit: Resources?)
        case startNode(NodeSpec)
        case stopNode(NodeID)
    }

    /// `e<epoch>-<number>`, unique for ever.
    package var id: String
    package var action: Action
    /// The term of the leader that decided; a backend refuses a lower one than it has seen.
    package var epoch: UInt64
    package var issuedAt: Timestamp
    package var deadline: Timestamp
    /// Why, for a person; the full reasons are in the audit entry that names this command.
    package var reason: String

    package init(
        id: String, action: Action, epoch: UInt64, issuedAt: Timestamp, deadline: Timestamp, reason: String
    ) {
        self.id = id
        self.action = action
        self.epoch = epoch
        self.issuedAt = issuedAt
        self.deadline = deadline
        self.reason = reason
    }
}

/// What is known of a command after the call. Accepted is not done: convergence is read off the inventory.
package enum Outcome: Hashable, Sendable, Codable {
    /// The backend took it (or had taken it before, under the same id).
    case done
    /// It had no effect and will have none.
    case failed(String)
    /// The answer was lost; an inventory must tell.
    case unknown(String)
    /// Not sent: the lease, the evidence or the configuration was no longer what it was decided on.
    case superseded(String)
}

extension Command {
    /// `start web-1-3 on n2`.
    package var text: String {
        switch action {
        case .start(let replica, _, let node): "start \(replica) on \(node)"
        case .stop(let replica, _, let node, _): "stop \(replica) on \(node)"
        case .resize(let replica, _, let node, let request, _):
            "resize \(replica) on \(node) to \(request)"
        case .startNode(let spec): "start node \(spec.id)"
        case .stopNode(let node): "stop node \(node)"
        }
    }
}
