package import Fleet
import TimeSeries

/// Which replicas go first when there are too many.
package enum Departure {
    /// What the order goes by besides how useful a replica is.
    package struct Preference: Hashable, Sendable {
        package var choice: VictimChoice
        /// For `least`.
        package var loads: [ReplicaID: Double]
        /// For `emptiestNode`: how many replicas there are on each node, of all workloads.
        package var occupants: [NodeID: Int]

        package init(
            _ choice: VictimChoice = .crowded, loads: [ReplicaID: Double] = [:],
            occupants: [NodeID: Int] = [:]
        ) {
            self.choice = choice
            self.loads = loads
            self.occupants = occupants
        }

        /// The smaller, the sooner it leaves. What is not known leaves last.
        fileprivate func rank(_ replica: Replica, on node: Node?) -> Double {
            switch choice {
            case .crowded: 0
            case .newest: -Double(replica.since.milliseconds)
            case .oldest: Double(replica.since.milliseconds)
            case .emptiestNode: occupants[replica.node].map(Double.init) ?? .infinity
            case .costliestNode:
                node?.labels["cost"].flatMap { Double($0) }.flatMap { $0.isFinite ? -$0 : nil } ?? .infinity
            case .least: loads[replica.id] ?? .infinity
            }
        }
    }

    /// All replicas of one workload in the order in which they should leave: those that do no work, those on nodes that
    /// are on their way out, those that the preference names, those on the node with most of their kind, the youngest,
    /// the highest id.
    package static func order(
        _ replicas: [Replica], nodes: [NodeID: Node], by preference: Preference = Preference()
    ) -> [Replica] {
        var remaining = replicas.sorted { $0.id < $1.id }
        var preference = preference
        var order: [Replica] = []
        while !remaining.isEmpty {
            var counts: [NodeID: Int] = [:]
            for replica in remaining { counts[replica.node, default: 0] += 1 }
            func rank(_ replica: Replica) -> Rank {
                let node = nodes[replica.node]
                return Rank(
                    usefulness: usefulness(of: replica), isOnItsWayOut: isOnItsWayOut(node),
                    preference: preference.rank(replica, on: node),
                    siblings: counts[replica.node, default: 0], replica: replica)
            }
            var first = 0
            for index in remaining.indices.dropFirst()
            where rank(remaining[index]).leavesBefore(rank(remaining[first])) {
                first = index
            }
            let leaving = remaining.remove(at: first)
            preference.occupants[leaving.node]? -= 1
            order.append(leaving)
        }
        return order
    }

    private struct Rank {
        var usefulness: Int
        var isOnItsWayOut: Bool
        var preference: Double
        var siblings: Int
        var replica: Replica

        func leavesBefore(_ other: Rank) -> Bool {
            if usefulness != other.usefulness { return usefulness < other.usefulness }
            if isOnItsWayOut != other.isOnItsWayOut { return isOnItsWayOut }
            if preference != other.preference { return preference < other.preference }
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
