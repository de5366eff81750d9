import Fleet
import Placement
import Scaling
import TimeSeries

/// The commands that one workload needs in one step.
struct WorkloadPlan {
    var starts: [Command] = []
    var stops: [Command] = []
    var resizes: [Command] = []
    /// For the record: where and why.
    var reasons: [String] = []
    /// What had to wait, and for what.
    var deferred: [String] = []
    var isMigration = false
}

extension Turn {
    /// How long the first placements wait for nodes that are still starting, so that the first node does not get all.
    static let nodeStartGrace: Duration = .seconds(5)

    /// Brings what runs closer to what is desired, the most important workload first.
    mutating func plan() {
        guard canSee else { return }
        let census = Census.take(memory)
        advanceFleetVelocity(census)
        var packing: WhatIf?
        for workload in memory.fleet.sortedWorkloads {
            let crowd = census[workload.id] ?? Census()
            var velocity = memory.velocities[workload.id] ?? Velocity()
            velocity.advance(to: now, size: crowd.staying.count + crowd.leaving.count)
            memory.velocities[workload.id] = velocity
            guard mayCommand(workload.id) else {
                memory.deferred[workload.id] = memory.fleet.pause(of: workload.id).map {
                    ["paused by \($0.owner): \($0.reason)"]
                }
                continue
            }
            var plan = WorkloadPlan()
            planStarts(of: workload, crowd, &packing, &plan)
            planStops(of: workload, crowd, &plan)
            planResizes(of: workload, crowd, &plan)
            finish(plan, of: workload, crowd)
        }
        stopOrphans(census)
        memory.velocities = memory.velocities.filter {
            !$0.value.isIdle || memory.fleet.workloads[$0.key] != nil
        }
    }

    /// Records a plan together with the decision that it follows from.
    private mutating func finish(_ plan: WorkloadPlan, of workload: Workload, _ crowd: Census) {
        memory.deferred[workload.id] = plan.deferred.isEmpty ? nil : plan.deferred
        let wanted = memory.fleet.desired[workload.id] ?? 0
        let losses = memory.losses[workload.id] ?? []
        let commands = plan.starts + plan.stops + plan.resizes
        if crowd.have + plan.starts.count >= wanted { memory.losses[workload.id] = nil }
        guard !commands.isEmpty else { return }
        let reasons = (plan.starts.isEmpty ? [] : losses) + plan.reasons + plan.deferred
        // A leaf has room for so many commands.
        for (index, start) in stride(from: 0, to: commands.count, by: 8).enumerated() {
            let part = Array(commands[start..<min(start + 8, commands.count)])
            if index == 0, let decision = decisions.removeValue(forKey: workload.id) {
                recordDecision(decision, commands: part, reasons: reasons)
                continue
            }
            let isReplacing = !losses.isEmpty && !plan.starts.isEmpty
            let kind: AuditEntry.Kind =
                isReplacing ? .failover : plan.isMigration ? .migration : .placement
            record(
                kind, workload: workload.id, reasons: index == 0 ? reasons : ["continued"], commands: part)
        }
    }

    /// Stops what belongs to no configured workload, slowly; nothing where no workload is configured at all.
    private mutating func stopOrphans(_ census: [WorkloadID: Census]) {
        guard !memory.fleet.workloads.isEmpty else { return }
        for (id, crowd) in census.sorted(by: { $0.key < $1.key }) where memory.fleet.workloads[id] == nil {
            var velocity = memory.velocities[id] ?? Velocity()
            let orphans = crowd.staying + crowd.leaving
            velocity.advance(to: now, size: orphans.count)
            memory.velocities[id] = velocity
            guard mayCommand(id), memory.freeze == nil, !isBlind else { continue }
            let reason = "workload \(id) is no longer configured"
            let stops = orphans.prefix(min(velocity.stopsLeft(memory.limits.removals), fleetStopsLeft)).map {
                stop($0, grace: .seconds(10), reason: reason)
            }
            for start in stride(from: 0, to: stops.count, by: 8) {
                record(
                    .placement, workload: id, reasons: [reason],
                    commands: Array(stops[start..<min(start + 8, stops.count)]))
            }
        }
    }

    mutating func stop(_ replica: Replica, grace: Duration, reason: String) -> Command {
        memory.velocities[replica.workload, default: Velocity()].stopped(at: now)
        memory.fleetVelocity?.stopped(at: now)
        return command(
            .stop(replica: replica.id, workload: replica.workload, node: replica.node, grace: grace),
            within: grace + Self.stopDeadline, reason: reason)
    }

    /// The fleet for packing: what runs, what may be starting, and which nodes are out of bounds.
    func whatIf() -> WhatIf {
        var occupants: [(NodeID, WhatIf.Occupant)] = memory.fleet.sortedReplicas.map { replica in
            (
                replica.node,
                WhatIf.Occupant(
                    replica: replica.id, workload: replica.workload, request: replica.request,
                    since: replica.since)
            )
        }
        for intent in memory.ledger.sortedOpen {
            guard case .start(let replica, let workload, let node, let request) = intent.subject,
                memory.fleet.replicas[replica] == nil
            else { continue }
            occupants.append(
                (
                    node,
                    WhatIf.Occupant(
                        replica: replica, workload: workload, request: request, since: intent.issuedAt)
                ))
        }
        var fleet = WhatIf(
            nodes: memory.fleet.sortedNodes, workloads: memory.fleet.workloads, occupants: occupants)
        for (node, watch) in memory.watches {
            if let until = watch.quarantinedUntil {
                fleet.barred[node] = "quarantined until \(until.rfc3339) after repeated losses"
            }
        }
        return fleet
    }
}
