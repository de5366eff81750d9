package import Fleet

/// Room made for a replica of higher priority.
package struct Preemption: Hashable, Sendable {
    package var node: NodeID
    /// In the order of their eviction; never empty.
    package var victims: [ReplicaID]
}

extension WhatIf {
    /// The least harm that would make room: of the nodes where evicting lower priorities helps, the one whose highest
    /// victim is lowest, then the one with fewest victims, then the lowest id. Nil where nothing helps.
    package func preempt(for workload: Workload) -> Preemption? {
        let surroundings = Surroundings(of: workload, in: self)
        var best: (preemption: Preemption, highest: Int)?
        for slot in slots {
            let against = surroundings.refusals(of: slot, barred: barred[slot.node.id])
            guard !against.isEmpty, against.allSatisfy(\.isShortage),
                let victims = victims(on: slot, below: workload.priority, for: workload.request)
            else { continue }
            let highest = victims.map { priority(of: $0) }.max() ?? 0
            let preemption = Preemption(node: slot.node.id, victims: victims.map(\.replica))
            let isBetter =
                best.map {
                    (highest, victims.count) < ($0.highest, $0.preemption.victims.count)
                } ?? true
            if isBetter { best = (preemption, highest) }
        }
        return best?.preemption
    }

    /// The lowest priorities first, of equals the youngest; then those that turn out not to be needed are spared.
    private func victims(on slot: Slot, below limit: Int, for need: Resources) -> [Occupant]? {
        let candidates = slot.occupants.filter { priority(of: $0) < limit }.sorted {
            (priority(of: $0), $1.since, $0.replica) < (priority(of: $1), $0.since, $1.replica)
        }
        var free = slot.free
        var chosen: [Occupant] = []
        for candidate in candidates where !need.fits(in: free) {
            free += candidate.request
            chosen.append(candidate)
        }
        guard need.fits(in: free) else { return nil }
        for occupant in chosen.reversed() where need.fits(in: free - occupant.request) {
            free -= occupant.request
            chosen.removeAll { $0 == occupant }
        }
        return chosen.isEmpty ? nil : chosen
    }

    private func priority(of occupant: Occupant) -> Int { workloads[occupant.workload]?.priority ?? .min }
}
