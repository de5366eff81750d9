import Fleet
import Scaling
import TimeSeries

extension Turn {
    static let resizeDeadline: Duration = .seconds(15)
    /// After a backend would not resize a replica, none of its workload is tried for so long.
    static let resizeHold: Duration = .seconds(600)
    /// Of one workload in one step.
    static let mostResizes = 8

    /// Gives running replicas the size that a policy decided, in place and where their node has room.
    mutating func planResizes(of workload: Workload, _ crowd: Census, _ plan: inout WorkloadPlan) {
        guard memory.fleet.sizes?[workload.id] != nil else { return }
        if let until = memory.resizeHolds?[workload.id] {
            guard until <= now else { return plan.deferred.append("waits to resize: the backend would not") }
            memory.resizeHolds?[workload.id] = nil
        }
        let busy = Set(
            memory.ledger.open.values.compactMap { intent -> ReplicaID? in
                if case .resize(let replica, _, _, _) = intent.subject { replica } else { nil }
            })
        var room: [NodeID: Resources] = [:]
        for node in memory.fleet.sortedNodes { room[node.id] = node.allocatable }
        for replica in memory.fleet.replicas.values { room[replica.node]? -= replica.request }
        for intent in memory.ledger.open.values {
            switch intent.subject {
            case .start(let replica, _, let node, let request) where memory.fleet.replicas[replica] == nil:
                room[node]? -= request
            case .resize(let replica, _, let node, let request):
                if let present = memory.fleet.replicas[replica] { room[node]? -= request - present.request }
            case .start, .stop, .startNode, .stopNode: break
            }
        }
        for replica in crowd.staying.sorted(by: { $0.id < $1.id })
        where replica.request != workload.request && replica.phase == .ready && !busy.contains(replica.id) {
            guard plan.resizes.count < Self.mostResizes else { return }
            let more = workload.request - replica.request
            guard let left = room[replica.node], more.fits(in: left) || more.fits(in: .zero) else {
                plan.deferred.append("waits to resize \(replica.id): no room on \(replica.node)")
                continue
            }
            room[replica.node] = left - more
            plan.resizes.append(
                command(
                    .resize(
                        replica: replica.id, workload: workload.id, node: replica.node,
                        request: workload.request, limit: workload.limit), within: Self.resizeDeadline,
                    reason: "\(workload.id) is to have \(workload.request) each"))
        }
    }
}
