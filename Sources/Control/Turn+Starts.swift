import Fleet
import Placement
import Scaling
import TimeSeries

extension Turn {
    /// An unplaceable replica is recorded once it has been one for so long: while nodes come up it often finds a place.
    static let unplacedGrace: Duration = .seconds(2)

    mutating func planStarts(
        of workload: Workload, _ crowd: Census, _ packing: inout WhatIf?, _ plan: inout WorkloadPlan
    ) {
        let missing = (memory.fleet.desired[workload.id] ?? 0) - crowd.have
        guard missing > 0 else {
            memory.unplaced[workload.id] = nil
            return
        }
        plan.isMigration = !crowd.leaving.isEmpty
        if let why = holdBack(workload, crowd) {
            plan.deferred.append("waits to start \(missing): \(why)")
            return
        }
        var allowed = memory.velocities[workload.id]?.startsLeft(memory.limits) ?? 0
        if allowed < missing {
            plan.deferred.append(
                "waits to start \(missing - allowed): the fleet's limit of starts per minute")
        }
        let room = ceiling(of: workload) - crowd.have - crowd.unconfirmedStops
        if room < missing {
            plan.deferred.append(
                "waits to start \(missing - max(0, room)): stops under way are not confirmed yet")
            allowed = min(allowed, max(0, room))
        }
        guard allowed > 0 else { return }
        if packing == nil { packing = whatIf() }
        for _ in 0..<min(missing, allowed) {
            guard let verdict = packing?.choose(for: workload) else { return }
            guard case .placed(let node, let score) = verdict else {
                makeRoom(for: workload, verdict, &packing, &plan)
                return
            }
            let replica = nextReplica(of: workload.id)
            packing?.add(
                WhatIf.Occupant(
                    replica: replica, workload: workload.id, request: workload.request, since: now), to: node)
            memory.velocities[workload.id, default: Velocity()].started(at: now)
            plan.starts.append(
                command(
                    .start(replica: replica, workload: workload, node: node), within: Self.startDeadline,
                    reason: plan.isMigration
                        ? "replaces a replica on a draining node"
                        : "\(workload.id) is to have \(crowd.have + missing)"))
            plan.reasons.append("\(replica) on \(node): \(score.text)")
        }
        memory.unplaced[workload.id] = nil
    }

    /// How many may run at most, drains apart: a stop that was sent and not seen yet may fail.
    private func ceiling(of workload: Workload) -> Int {
        let policy = memory.policyInCharge(of: workload.id).flatMap { memory.policies[$0]?.policy }
        return max(memory.fleet.desired[workload.id] ?? 0, policy?.maxReplicas ?? 0)
    }

    /// Why no replica may be started at this moment, whatever room there is.
    private func holdBack(_ workload: Workload, _ crowd: Census) -> String? {
        if let backOff = memory.backOffs[workload.id], backOff.until > now {
            return "\(backOff.failures) failed in a row, the last \(backOff.message); "
                + "next in \((backOff.until - now).prometheusText)"
        }
        let isNodeStarting = memory.ledger.isOpen { subject in
            if case .startNode(let node) = subject {
                memory.fleet.nodes[node]?.health == .expected
            } else {
                false
            }
        }
        if isNodeStarting, now - memory.beganAt < Self.nodeStartGrace { return "nodes are starting" }
        guard workload.isSingleton else { return nil }
        if let hold = memory.singletonHolds[workload.id] {
            return "the old copy may run on \(hold.node) for another \((hold.until - now).prometheusText)"
        }
        return crowd.possible > 0 ? "the old copy of the singleton is not gone yet" : nil
    }

    private mutating func nextReplica(of workload: WorkloadID) -> ReplicaID {
        memory.replicaCount += 1
        let suffix = "-\(memory.epoch)-\(memory.replicaCount)"
        let name = workload.name.prefix(63 - suffix.utf8.count) + suffix
        return ReplicaID(String(name))!
    }

    /// Nothing has room: waits for stops under way, else evicts lower priorities, else remembers the refusals.
    private mutating func makeRoom(
        for workload: Workload, _ verdict: Verdict, _ packing: inout WhatIf?, _ plan: inout WorkloadPlan
    ) {
        guard var fleet = packing else { return }
        let stops = memory.ledger.stopping
        for replica in memory.fleet.sortedReplicas
        where replica.phase == .stopping || stops.contains(replica.id) {
            fleet.remove(replica.id)
        }
        if case .placed(let node, _) = fleet.choose(for: workload) {
            reserve(workload, on: node, &packing)
            plan.deferred.append("waits to start: \(node) is about to have room")
            return
        }
        if memory.freeze == nil, !isBlind, let preemption = fleet.preempt(for: workload),
            evict(preemption, for: workload, &plan)
        {
            reserve(workload, on: preemption.node, &packing)
            return
        }
        rememberUnplaced(workload, verdict.refusals)
        plan.deferred.append("waits to start: no node has a place")
    }

    /// Keeps room for a replica that will be started once it is free, so that nobody less important takes it.
    private mutating func reserve(_ workload: Workload, on node: NodeID, _ packing: inout WhatIf?) {
        memory.unplaced[workload.id] = nil
        packing?.add(
            WhatIf.Occupant(
                replica: ReplicaID("reserved")!, workload: workload.id, request: workload.request, since: now),
            to: node)
    }

    private mutating func evict(
        _ preemption: Preemption, for workload: Workload, _ plan: inout WorkloadPlan
    ) -> Bool {
        let victims = preemption.victims.compactMap { memory.fleet.replicas[$0] }
        var budgets: [WorkloadID: Int] = [:]
        for victim in victims {
            let left = memory.velocities[victim.workload]?.stopsLeft(memory.limits.removals)
            budgets[victim.workload, default: left ?? memory.limits.removalsPerMinute] -= 1
        }
        guard victims.count == preemption.victims.count, budgets.values.allSatisfy({ $0 >= 0 }),
            victims.count <= fleetStopsLeft, victims.allSatisfy({ mayCommand($0.workload) })
        else { return false }
        for victim in victims {
            let grace = memory.fleet.workloads[victim.workload]?.stopGrace ?? .seconds(10)
            plan.stops.append(
                stop(
                    victim, grace: grace, reason: "makes room for \(workload.id), which has a higher priority"
                ))
            lose(victim, "\(victim.id) made room for \(workload.id)")
        }
        plan.reasons.append(
            "\(preemption.node) is to have room for \(workload.id) (priority \(workload.priority)); leaving: "
                + victims.map(\.id.name).joined(separator: ", "))
        return true
    }

    private mutating func rememberUnplaced(_ workload: Workload, _ refusals: [String]) {
        var unplaced =
            memory.unplaced[workload.id]
            ?? ControlMemory.Unplaced(since: now, reasons: [], recordedAt: nil, recorded: [])
        unplaced.reasons = AuditText.bounded(refusals)
        let isNew = unplaced.recordedAt == nil || unplaced.recorded != unplaced.reasons
        let isDue = unplaced.recordedAt.map { now - $0 >= Self.heartbeat } ?? true
        // Numbers move with every start elsewhere: what is new is told at once but once in five seconds at most.
        let isQuiet =
            unplaced.recordedAt.map { now - $0 >= .seconds(5) }
            ?? (now - unplaced.since >= Self.unplacedGrace)
        if isQuiet, isNew || isDue {
            unplaced.recordedAt = now
            unplaced.recorded = unplaced.reasons
            record(
                .placement, workload: workload.id,
                reasons: ["no node has a place for a replica of \(workload.id) (\(workload.request))"]
                    + unplaced.reasons)
        }
        memory.unplaced[workload.id] = unplaced
    }
}
