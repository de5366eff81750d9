import Fleet
import Placement
import Scaling
import TimeSeries

extension Turn {
    /// Stops what is too much, and what has been replaced on nodes that are being emptied. Never lets the ready replicas
    /// fall below what is desired, unless fewer are ready already.
    mutating func planStops(of workload: Workload, _ crowd: Census, _ plan: inout WorkloadPlan) {
        let desired = memory.fleet.desired[workload.id] ?? 0
        var departures = surplus(crowd, of: workload, desired: desired)
        if !departures.isEmpty, let pause = memory.fleet.pause(of: workload.id, direction: .down) {
            plan.deferred.append(
                "waits to stop \(departures.count): paused downwards by \(pause.owner): \(pause.reason)")
            departures = []
        }
        departures += replaced(crowd, of: workload, desired: desired)
        guard !departures.isEmpty else { return }
        if memory.freeze != nil {
            plan.deferred.append("waits to stop \(departures.count): removals are frozen")
            return
        }
        if isBlind {
            plan.deferred.append("waits to stop \(departures.count): too many nodes are silent")
            return
        }
        let own = memory.velocities[workload.id]?.stopsLeft(memory.limits.removals) ?? 0
        let allowed = min(own, fleetStopsLeft)
        if allowed < departures.count {
            plan.deferred.append(
                "waits to stop \(departures.count - allowed): "
                    + (own <= fleetStopsLeft ? "the fleet's limit of" : "the limit of all")
                    + " removals per minute")
        }
        for departure in departures.prefix(allowed) {
            plan.stops.append(
                stop(departure.replica, grace: workload.stopGrace, reason: departure.reason))
            plan.reasons.append(
                "\(departure.replica.id) leaves \(departure.replica.node): \(departure.reason)")
            if departure.isMigration { plan.isMigration = true }
        }
    }

    private struct Exit {
        var replica: Replica
        var reason: String
        var isMigration = false
    }

    private func surplus(_ crowd: Census, of workload: Workload, desired: Int) -> [Exit] {
        let excess = crowd.staying.count - desired
        guard excess > 0 else { return [] }
        let preference = preference(of: workload.id)
        return Departure.order(crowd.staying, nodes: memory.fleet.nodes, by: preference).prefix(excess).map {
            Exit(replica: $0, reason: "\(crowd.staying.count) run, \(desired) are desired")
        }
    }

    /// Whom the policy in charge lets go first. Loads that were measured too long ago are none.
    private func preference(of workload: WorkloadID) -> Departure.Preference {
        guard let name = memory.policyInCharge(of: workload), let known = memory.policies[name],
            let choice = known.policy.victims
        else { return Departure.Preference() }
        var preference = Departure.Preference(choice)
        switch choice {
        case .least:
            guard let measurement = known.measurement, now - measurement.at <= known.policy.staleAfter else {
                return Departure.Preference()
            }
            for load in measurement.loads ?? [] {
                if let replica = ReplicaID(load.replica) { preference.loads[replica] = load.value }
            }
        case .emptiestNode:
            for replica in memory.fleet.replicas.values {
                preference.occupants[replica.node, default: 0] += 1
            }
        case .crowded, .newest, .oldest, .costliestNode: break
        }
        return preference
    }

    /// Replicas on nodes that are being emptied whose work others do by now. A singleton goes first and comes back after.
    private func replaced(_ crowd: Census, of workload: Workload, desired: Int) -> [Exit] {
        guard !crowd.leaving.isEmpty else { return [] }
        let reason = "\(workload.id) moves off a draining node"
        if workload.isSingleton {
            return crowd.leaving.map { Exit(replica: $0, reason: reason, isMigration: true) }
        }
        var spare = Census.ready(crowd.staying) + Census.ready(crowd.leaving) - desired
        var exits: [Exit] = []
        for replica in Departure.order(crowd.leaving, nodes: memory.fleet.nodes) {
            if replica.phase == .ready {
                guard spare > 0 else { continue }
                spare -= 1
            } else if crowd.have < desired {
                // It does no work, but nothing stands in for it yet.
                continue
            }
            exits.append(Exit(replica: replica, reason: reason, isMigration: true))
        }
        return exits
    }
}
