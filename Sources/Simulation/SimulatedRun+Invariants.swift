import Actuation
import Control
package import Fleet
import Scaling
import TimeSeries

/// What the checks remember.
struct InvariantChecks {
    fileprivate var lastFault = Timestamp(milliseconds: 0)
    fileprivate var reported: Set<String> = []

    /// From now on, and for a while, the fleet may be other than it should.
    mutating func faulted(at now: Timestamp) { lastFault = now }
}

extension SimulatedRun {
    /// After so long without a fault the number of replicas must be within its bounds: a lost node is noticed after
    /// 5 s, failed starts wait up to a minute or two for their next attempt.
    static let settling = Duration.seconds(240)

    /// The replicas of a workload that really run and are not about to end.
    package func running(_ workload: WorkloadID) -> [Replica] {
        backend.truth.running.filter { $0.workload == workload && $0.phase != .stopping }
    }

    /// Checked after every step.
    func checkInvariants() {
        let fleet = backend.truth
        for workload in configuration.workloads {
            let copies = fleet.running.filter { $0.workload == workload.id }
            if workload.isSingleton, copies.count > 1 {
                report("\(copies.count) copies of the singleton \(workload.id)")
            }
            guard now - checks.lastFault > Self.settling, service != nil,
                let policy = configuration.policy(of: workload.id)
            else { continue }
            let count = copies.count { $0.phase != .stopping }
            if count > policy.maxReplicas { report("\(count) of \(workload.id), more than allowed") }
            if count < policy.minReplicas { report("\(count) of \(workload.id), fewer than allowed") }
        }
    }

    /// Nothing is removed on the word of a policy unless replicas were really heard of within the policy's limit.
    func check(_ entry: AuditEntry) {
        guard let decision = entry.decision, decision.desired < decision.from,
            let policy = configuration.policies.first(where: { $0.name == decision.policy })
        else { return }
        let heard = exporters.lastAnswered(decision.workload)
        guard let heard, decision.at - heard <= policy.staleAfter else {
            return trace.violate("\(entry.id) removes replicas of \(decision.workload) without fresh signals")
        }
    }

    /// All is well: what is desired runs, nothing else does, and no command is in the air.
    package func checkConverged() {
        guard let view else { return trace.violate("no service runs at the end") }
        for workload in view.workloads {
            let id = workload.workload.id
            let there = backend.truth.running.filter { $0.workload == id }
            let ready = there.count { $0.phase == .ready }
            if ready != workload.desired || there.count != workload.desired {
                trace.violate(
                    "\(id): \(workload.desired) are desired, \(there.count) run, \(ready) are ready; "
                        + (workload.deferred + workload.unplaced).joined(separator: "; "))
            }
        }
        if !view.openCommands.isEmpty { trace.violate("open: \(view.openCommands.map(\.text))") }
        if let freeze = view.freeze { trace.violate("still frozen: \(freeze.reason)") }
    }

    /// A state that lasts is one violation, not one for each step.
    private func report(_ violation: String) {
        if checks.reported.insert(violation).inserted { trace.violate(violation) }
    }
}
