import Fleet
import Scaling
import TimeSeries

extension Turn {
    /// The least time between two records of a decision that says what the last one said.
    static let heartbeat: Duration = .seconds(60)

    mutating func measure(_ measurement: Measurement) {
        guard var policy = memory.policies[measurement.policy],
            policy.policy.workload == measurement.workload
        else { return }
        if policy.policy.nodePool != nil { return measurePool(measurement, policy) }
        guard let workload = memory.fleet.workloads[measurement.workload] else { return }
        policy.measurement = measurement
        let isInCharge = memory.policyInCharge(of: workload.id) == policy.policy.name
        let inputs = DecisionInputs(
            policy: policy.policy.name, event: eventIndex, counts: counts(of: workload, policy.policy),
            memory: policy.scaling)
        var decision = decide(
            policy.policy, measurement, counts: inputs.counts, memory: &policy.scaling, now: now)
        if isInCharge {
            obey(&decision, for: workload, memory: &policy)
        } else if !policy.policy.isObserver {
            policy.scaling.retract(decision)
            decision.reasons.append(
                ScaleDecision.Reason(
                    kind: .shadow, subject: "policy", count: decision.desired,
                    text: "another policy is in charge of \(workload.id): recorded, nothing is changed"))
        }
        policy.decision = decision
        memory.policies[measurement.policy] = policy
        remember(decision, inputs, isInCharge: isInCharge)
    }

    /// Lets a decision take effect, as far as a pause and the nature of a singleton allow.
    private mutating func obey(
        _ decision: inout ScaleDecision, for workload: Workload,
        memory policy: inout ControlMemory.PolicyMemory
    ) {
        if let pause = memory.fleet.pause(of: workload.id) {
            policy.scaling.retract(decision)
            decision.desired = decision.from
            decision.reasons.append(pause.reason(at: decision.from))
            return
        }
        if let veto = veto(decision, of: workload.id) {
            policy.scaling.retract(decision)
            decision.desired = decision.from
            decision.reasons.append(veto)
            return
        }
        if workload.isSingleton, decision.desired > 1 {
            policy.scaling.retract(decision)
            decision.desired = 1
            decision.reasons.append(
                ScaleDecision.Reason(
                    kind: .maximum, subject: "singleton", count: 1, text: "a singleton has one replica"))
        }
        setDesired(workload.id, decision.desired)
        if let size = decision.size, policy.policy.sizing?.mode == .resize {
            memory.fleet.apply(
                .sized(
                    workload.id,
                    Resources(milliCPU: Int64(size.milliCPU), memoryBytes: Int64(size.memoryBytes))))
        }
    }

    /// Keeps a decision for the record if it says something new, or if the last record is a minute old.
    mutating func remember(
        _ decision: ScaleDecision, _ inputs: DecisionInputs, isInCharge: Bool
    ) {
        guard let policy = memory.policies[decision.policy] else { return }
        // A steady load at its target is now within tolerance of it and now exactly there.
        let told = decision.reasons.map { $0.kind == .tolerance ? .signal : $0.kind }
        let kinds = Set(told.map(\.rawValue)).sorted().joined(separator: ",")
        let key = "\(decision.desired) \(kinds)"
        let isDue = policy.recordedAt.map { now - $0 >= Self.heartbeat } ?? true
        let changes = isInCharge && decision.from != decision.desired
        guard changes || key != policy.recordedKey || isDue else { return }
        memory.policies[decision.policy]?.recordedAt = now
        memory.policies[decision.policy]?.recordedKey = key
        evidence.append(inputs)
        if isInCharge {
            if let earlier = decisions[decision.workload] {
                recordDecision(earlier, commands: [], reasons: [])
            }
            decisions[decision.workload] = decision
        } else {
            recordDecision(decision, commands: [], reasons: [])
        }
    }

    mutating func recordDecision(_ decision: ScaleDecision, commands: [Command], reasons: [String]) {
        let id = record(
            .scaling, workload: decision.workload, decision: decision, reasons: reasons, commands: commands)
        memory.policies[decision.policy]?.entry = id
    }

    mutating func recordDecisionsWithoutCommands() {
        for workload in decisions.keys.sorted() {
            guard let decision = decisions.removeValue(forKey: workload) else { continue }
            recordDecision(decision, commands: [], reasons: memory.deferred[workload] ?? [])
        }
    }

    private func counts(of sized: Workload, _ policy: ScalingPolicy) -> ReplicaCounts {
        let workload = sized.id
        let stopping = memory.ledger.stopping
        var counts = ReplicaCounts(desired: memory.fleet.desired[workload] ?? 0, ready: 0, starting: 0)
        if policy.sizing != nil {
            counts.size = ReplicaSize(
                milliCPU: Int(sized.request.milliCPU), memoryBytes: Int(sized.request.memoryBytes))
        }
        for replica in memory.fleet.replicas.values
        where replica.workload == workload && !stopping.contains(replica.id) {
            switch replica.phase {
            case .ready: counts.ready += 1
            case .starting: counts.starting += 1
            case .unready, .crashed, .stopping: break
            }
        }
        for intent in memory.ledger.open.values {
            if case .start(let replica, workload, _, _) = intent.subject,
                memory.fleet.replicas[replica] == nil
            {
                counts.starting += 1
            }
        }
        return counts
    }
}
