import Fleet
import Scaling
import TimeSeries

extension ControlLoop {
    /// What is believed and intended now.
    package var view: ControlView {
        ControlView(
            at: memory.now, epoch: memory.epoch, generation: memory.generation,
            version: memory.fleet.version,
            standsDown: memory.deposedBy.map { "another service leads with epoch \($0)" },
            observedAt: memory.observedAt, nodes: nodeViews, workloads: workloadViews,
            replicas: memory.fleet.sortedReplicas, policies: policyViews, pauses: memory.fleet.pauses,
            freeze: memory.freeze ?? memory.collapse, openCommands: memory.ledger.sortedOpen.map(\.view),
            closedCommands: memory.ledger.closed.reversed().map(\.view))
    }

    private var nodeViews: [ControlView.NodeView] {
        var requested: [NodeID: Resources] = [:]
        var counts: [NodeID: Int] = [:]
        for replica in memory.fleet.replicas.values {
            requested[replica.node, default: .zero] += replica.request
            counts[replica.node, default: 0] += 1
        }
        for intent in memory.ledger.open.values {
            guard case .start(let replica, _, let node, let request) = intent.subject,
                memory.fleet.replicas[replica] == nil
            else { continue }
            requested[node, default: .zero] += request
        }
        return memory.fleet.sortedNodes.map { node in
            ControlView.NodeView(
                node: node, requested: requested[node.id] ?? .zero, replicas: counts[node.id] ?? 0,
                isConfigured: memory.fleet.specs[node.id] != nil,
                quarantinedUntil: memory.watches[node.id]?.quarantinedUntil,
                drainBlockers: node.isDraining ? blockers(of: node.id) : [])
        }
    }

    private func blockers(of node: NodeID) -> [String] {
        let workloads = Set(memory.fleet.replicas.values.filter { $0.node == node }.map(\.workload))
        return workloads.sorted().flatMap { id in
            let why = (memory.deferred[id] ?? []) + (memory.unplaced[id]?.reasons ?? [])
            return why.map { "\(id): \($0)" }
        }
    }

    private var workloadViews: [ControlView.WorkloadView] {
        let census = Census.take(memory)
        return memory.fleet.workloads.values.sorted { $0.id < $1.id }.map { workload in
            let crowd = census[workload.id] ?? Census()
            let running = crowd.staying + crowd.leaving
            return ControlView.WorkloadView(
                workload: workload.redacted, desired: memory.fleet.desired[workload.id] ?? 0,
                ready: Census.ready(running),
                starting: running.count { $0.phase == .starting } + crowd.pending.count,
                unready: running.count { $0.phase == .unready || $0.phase == .crashed },
                stopping: crowd.stopping.count, policy: memory.policyInCharge(of: workload.id),
                pause: memory.fleet.pause(of: workload.id),
                unplaced: memory.unplaced[workload.id]?.reasons ?? [],
                deferred: memory.deferred[workload.id] ?? [],
                backOffUntil: memory.backOffs[workload.id].flatMap { $0.until > memory.now ? $0.until : nil })
        }
    }

    private var policyViews: [ControlView.PolicyView] {
        memory.policies.values.sorted { $0.policy.name < $1.policy.name }.map { known in
            ControlView.PolicyView(
                policy: known.policy,
                isInCharge: (known.policy.nodePool.map { memory.policyInCharge(of: $0) }
                    ?? memory.policyInCharge(of: known.policy.workload)) == known.policy.name,
                measurement: known.measurement, decision: known.decision,
                account: known.scaling.account, entry: known.entry)
        }
    }
}

extension Intent {
    var view: ControlView.CommandView {
        ControlView.CommandView(
            id: id, text: text, state: state, issuedAt: issuedAt, deadline: deadline, reason: reason)
    }
}
