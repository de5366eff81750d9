package import Fleet
package import TimeSeries

/// What emptying a node would mean.
package struct Evacuation: Hashable, Sendable {
    package var moves: [ReplicaID: NodeID]
    /// Replicas for which there is no other place, and what the nodes say.
    package var stuck: [ReplicaID: [NodeRefusal]]
}

extension WhatIf {
    /// Packs everything on a node elsewhere, the most important first. Changes nothing.
    package func evacuation(of node: NodeID, at now: Timestamp) -> Evacuation {
        var fleet = self
        let isDraining = slots.first { $0.node.id == node }?.node.isDraining ?? false
        if !isDraining { fleet.barred[node] = "draining" }
        var result = Evacuation(moves: [:], stuck: [:])
        let occupants = slots.first { $0.node.id == node }?.occupants ?? []
        let ordered = occupants.compactMap { occupant in
            workloads[occupant.workload].map { (occupant: occupant, workload: $0) }
        }.sorted { ($1.workload.priority, $0.occupant.replica) < ($0.workload.priority, $1.occupant.replica) }
        for (occupant, workload) in ordered {
            fleet.remove(occupant.replica)
            switch fleet.place(occupant.replica, of: workload, at: now) {
            case .placed(let node, _): result.moves[occupant.replica] = node
            case .refused(let refusals): result.stuck[occupant.replica] = refusals
            }
        }
        return result
    }
}
