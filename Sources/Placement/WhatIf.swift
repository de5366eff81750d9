package import Fleet
package import TimeSeries

/// A fleet as it would be: nodes with what stands on them, to be packed and repacked without touching anything.
/// Scale-out, drain, failover and preemption all ask this one.
package struct WhatIf: Sendable {
    /// What stands on a node.
    package struct Occupant: Hashable, Sendable {
        package var replica: ReplicaID
        package var workload: WorkloadID
        package var request: Resources
        package var since: Timestamp

        package init(replica: ReplicaID, workload: WorkloadID, request: Resources, since: Timestamp) {
            self.replica = replica
            self.workload = workload
            self.request = request
            self.since = since
        }
    }

    /// A node and its occupants.
    package struct Slot: Sendable {
        package var node: Node
        package var occupants: [Occupant] = []
        package var free: Resources
    }

    /// By node id.
    package private(set) var slots: [Slot]
    package let workloads: [WorkloadID: Workload]
    /// Nodes that get nothing, and why.
    package var barred: [NodeID: String] = [:]

    package init(nodes: [Node], workloads: [WorkloadID: Workload], occupants: [(NodeID, Occupant)] = []) {
        slots = nodes.sorted { $0.id < $1.id }.map { Slot(node: $0, free: $0.allocatable) }
        self.workloads = workloads
        for (node, occupant) in occupants { add(occupant, to: node) }
    }

    package mutating func add(_ occupant: Occupant, to node: NodeID) {
        guard let index = slots.firstIndex(where: { $0.node.id == node }) else { return }
        slots[index].occupants.append(occupant)
        slots[index].free -= occupant.request
    }

    package mutating func remove(_ replica: ReplicaID) {
        for index in slots.indices {
            guard let place = slots[index].occupants.firstIndex(where: { $0.replica == replica }) else {
                continue
            }
            slots[index].free += slots[index].occupants.remove(at: place).request
        }
    }

    /// Finds the best node for one more replica and puts it there.
    package mutating func place(_ replica: ReplicaID, of workload: Workload, at now: Timestamp) -> Verdict {
        let verdict = choose(for: workload)
        if case .placed(let node, _) = verdict {
            add(
                Occupant(replica: replica, workload: workload.id, request: workload.request, since: now),
                to: node)
        }
        return verdict
    }

    /// The best node for one more replica: the highest score, of equals the lowest id.
    package func choose(for workload: Workload) -> Verdict {
        let surroundings = Surroundings(of: workload, in: self)
        var best: (node: NodeID, score: Score)?
        var refusals: [NodeRefusal] = []
        for slot in slots {
            let against = surroundings.refusals(of: slot, barred: barred[slot.node.id])
            guard against.isEmpty else {
                refusals.append(NodeRefusal(node: slot.node.id, refusals: against))
                continue
            }
            let score = surroundings.score(of: slot)
            if best.map({ score > $0.score }) ?? true { best = (slot.node.id, score) }
        }
        if let best { return .placed(best.node, best.score) }
        return .refused(refusals)
    }
}

/// Where a replica would go, or what every node says against it.
package enum Verdict: Hashable, Sendable {
    case placed(NodeID, Score)
    /// Empty where there is no node at all.
    case refused([NodeRefusal])

    package var node: NodeID? {
        if case .placed(let node, _) = self { node } else { nil }
    }

    /// One line a node; what stands in the way.
    package var refusals: [String] {
        guard case .refused(let refusals) = self else { return [] }
        return refusals.isEmpty ? ["the fleet has no nodes"] : refusals.map(\.text)
    }
}
