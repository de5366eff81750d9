package import Fleet

/// Which replicas go first when there are too many.
package enum Departure {
    /// All replicas of one workload in the order in which they should leave: those that do no work, those on nodes that
    /// are on their way out, those on the node with most of their kind, the youngest, the highest id.
    package static func order(_ replicas: [Replica], nodes: [NodeID: Node]) -> [Replica] {
        var remaining = replicas.sorted { $0.id < $1.id }
        var order: [Replica] = []
        while !remaining.isEmpty {
            var counts: [NodeID: Int] = [:]
            for replica in remaining { counts[replica.node, default: 0] += 1 }
            func rank(_ replica: Replica) -> Rank {
                Rank(
                    usefulness: usefulness(of: replica), isOnItsWayOut: isOnItsWayOut(nodes[replica.node]),
                    siblings: counts[replica.node, default: 0], replica: replica)
            }
            var first = 0
            for index in remaining.indices.dropFirst()
            where rank(remaining[index]).leavesBefore(rank(remaining[first])) {
                first = index
            }
            order.append(remaining.remove(at: first))
        }
        return order
    }

    private struct Rank {
        var usefulness: Int
        var isOnItsWayOut: Bool
        var siblings: Int
        var replica: Replica

        func leavesBefore(_ other: Rank) -> Bool {
            if usefulness != other.usefulness { return usefulness < other.usefulness }
            if isOnItsWayOut != other.isOnItsWayOut { return isOnItsWayOut }
            if siblings != other.siblings { return siblings > other.siblings }
            if replica.since != other.replica.since { return replica.since > other.replica.since }
            return replica.id > other.replica.id
        }
    }

    private static func usefulness(of replica: Replica) -> Int {
        switch replica.phase {
        case .stopping: 0
        case .crashed: 1
        case .unready: 2
        case .starting: 3
        case .ready: 4
        }
    }

    private static func isOnItsWayOut(_ node: Node?) -> Bool {
        guard let node else { return true }
        return node.isDraining || node.isCordoned || node.health != .ready
    }
}
