import Fleet
import Scaling
import TimeSeries

/// Guards over the whole fleet, which no policy lifts.
extension Turn {
    /// Demand that falls by half or more at once, for so many workloads and at least half of those that are scaled,
    /// speaks of a broken source.
    static let collapsedWorkloads = 3
    static let collapseWindow: Duration = .seconds(60)
    static let collapseHold: Duration = .seconds(600)

    mutating func advanceFleetVelocity(_ census: [WorkloadID: Census]) {
        var velocity = memory.fleetVelocity ?? Velocity()
        velocity.advance(to: now, size: census.values.reduce(0) { $0 + $1.staying.count + $1.leaving.count })
        memory.fleetVelocity = velocity
    }

    /// How many more replicas may be stopped now, of all workloads.
    var fleetStopsLeft: Int {
        memory.fleetVelocity?.stopsLeft(memory.limits.fleetRemovals ?? GuardLimits.standardFleetRemovals) ?? 0
    }

    /// Looks at all measurements of a batch before any of them is decided upon.
    mutating func inspectDemand(_ events: [Event]) {
        var isNew = false
        for case .measured(let measurement) in events {
            guard let known = memory.policies[measurement.policy],
                memory.policyInCharge(of: measurement.workload) == measurement.policy,
                let demand = known.policy.demand(measurement, at: now)
            else { continue }
            if let before = known.demand, before >= 2, demand <= before / 2 {
                memory.policies[measurement.policy]?.collapsedAt = now
                isNew = true
            }
            memory.policies[measurement.policy]?.demand = demand
        }
        guard isNew, memory.collapse == nil else { return }
        let inCharge = memory.policies.values.filter {
            $0.demand != nil && memory.policyInCharge(of: $0.policy.workload) == $0.policy.name
        }
        let collapsed = inCharge.filter { policy in
            policy.collapsedAt.map { now - $0 <= Self.collapseWindow } ?? false
        }
        guard collapsed.count >= Self.collapsedWorkloads, collapsed.count * 2 >= inCharge.count else {
            return
        }
        let names = collapsed.map(\.policy.workload.name).sorted().joined(separator: ", ")
        let reason = "the demand of \(names) fell by half or more at once"
        memory.collapse = ControlView.Freeze(since: now, until: now + Self.collapseHold, reason: reason)
        record(.freeze, reasons: [reason, "no count is lowered for \(Self.collapseHold.prometheusText)"])
    }

    mutating func expireCollapse() {
        guard let collapse = memory.collapse, collapse.until <= now else { return }
        memory.collapse = nil
        record(.freeze, reasons: ["counts may be lowered again"])
    }

    /// Why a decision must not lower or raise the count, whoever decided.
    func veto(_ decision: ScaleDecision, of workload: WorkloadID?) -> ScaleDecision.Reason? {
        func pause(_ direction: PauseDirection) -> ScaleDecision.Reason? {
            memory.fleet.pause(of: workload, direction: direction)?
                .reason(at: decision.from, holding: direction)
        }
        if decision.desired > decision.from { return pause(.up) }
        guard decision.desired < decision.from else { return nil }
        if let collapse = memory.collapse {
            return ScaleDecision.Reason(
                kind: .held, subject: "fleet", count: decision.from,
                text: collapse.reason + ": not believed, nothing is removed", until: collapse.until)
        }
        return pause(.down)
    }
}
