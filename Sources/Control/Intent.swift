package import Fleet
package import TimeSeries

/// A command from the decision until it is certain what became of it.
package struct Intent: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        /// Recorded and handed over; may or may not have been sent.
        case intended
        /// The backend took it; the inventory has not shown it yet.
        case acknowledged(at: Timestamp)
        /// The answer was lost: its effect counts as both there and not there until an inventory settles it.
        case unknown(String)
        case done
        case failed(String)
        /// Not sent, because what it was decided on no longer held.
        case superseded(String)

        package var isOpen: Bool {
            switch self {
            case .intended, .acknowledged, .unknown: true
            case .done, .failed, .superseded: false
            }
        }
    }

    package enum Subject: Hashable, Sendable, Codable {
        case start(ReplicaID, WorkloadID, NodeID, Resources)
        case stop(ReplicaID, WorkloadID, NodeID)
        case resize(ReplicaID, WorkloadID, NodeID, Resources)
        case startNode(NodeID)
        case stopNode(NodeID)
    }

    package var id: String
    package var subject: Subject
    package var state: State
    package var issuedAt: Timestamp
    package var deadline: Timestamp
    package var reason: String
    /// The configuration that it was decided on.
    package var generation: UInt64

    init(_ command: Command, generation: UInt64) {
        id = command.id
        self.generation = generation
        subject =
            switch command.action {
            case .start(let replica, let workload, let node):
                .start(replica, workload.id, node, workload.request)
            case .stop(let replica, let workload, let node, _): .stop(replica, workload, node)
            case .resize(let replica, let workload, let node, let request, _):
                .resize(replica, workload, node, request)
            case .startNode(let spec): .startNode(spec.id)
            case .stopNode(let node): .stopNode(node)
            }
        state = .intended
        issuedAt = command.issuedAt
        deadline = command.deadline
        reason = command.reason
    }

    /// `start web-1-3 on n2`.
    package var text: String {
        switch subject {
        case .start(let replica, _, let node, _): "start \(replica) on \(node)"
        case .stop(let replica, _, let node): "stop \(replica) on \(node)"
        case .resize(let replica, _, let node, let request): "resize \(replica) on \(node) to \(request)"
        case .startNode(let node): "start node \(node)"
        case .stopNode(let node): "stop node \(node)"
        }
    }

    var node: NodeID {
        switch subject {
        case .start(_, _, let node, _), .stop(_, _, let node), .resize(_, _, let node, _),
            .startNode(let node),
            .stopNode(let node):
            node
        }
    }
}

extension Command {
    /// The same command without the values of environment variables: for records that are shown.
    package var redacted: Command {
        guard case .start(let replica, let workload, let node) = action else { return self }
        var copy = self
        copy.action = .start(replica: replica, workload: workload.redacted, node: node)
        return copy
    }
}

extension Workload {
    /// The same workload without the values of its environment variables, which may be secret.
    package var redacted: Workload {
        var copy = self
        copy.environment = environment.mapValues { _ in "[redacted]" }
        return copy
    }
}
