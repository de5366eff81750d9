import Fleet
import Scaling
import TimeSeries

/// Pools of nodes: a policy decides how many there are, new ones are started, and the emptiest leave, drained.
extension Turn {
    /// Decides on a pool's size as on a workload's count.
    mutating func measurePool(_ measurement: Measurement, _ known: ControlMemory.PolicyMemory) {
        guard let id = known.policy.nodePool, let pool = memory.pools?[id] else { return }
        var policy = known
        policy.measurement = measurement
        let isInCharge = memory.policyInCharge(of: id) == policy.policy.name
        let ready = pool.members.count { member in
            memory.fleet.nodes[member].map { $0.health == .ready && !$0.isDraining } ?? false
        }
        let inputs = DecisionInputs(
            policy: policy.policy.name, event: eventIndex,
            counts: ReplicaCounts(
                desired: pool.members.count, ready: ready, starting: pool.members.count - ready),
            memory: policy.scaling)
        var decision = decide(
            policy.policy, measurement, counts: inputs.counts, memory: &policy.scaling, now: now)
        if isInCharge {
            // A workload of the same name is what a pause of it is about.
            let name = memory.pool(named: policy.policy.workload) == nil ? nil : policy.policy.workload
            if let pause = memory.fleet.pause(of: name) {
                policy.scaling.retract(decision)
                decision.desired = decision.from
                decision.reasons.append(pause.reason(at: decision.from))
            } else if let veto = veto(decision, of: name) {
                policy.scaling.retract(decision)
                decision.desired = decision.from
                decision.reasons.append(veto)
            } else if decision.desired != pool.members.count {
                setSize(of: id, to: min(decision.desired, NodePool.mostNodes))
            }
        }
        policy.decision = decision
        memory.policies[measurement.policy] = policy
        remember(decision, inputs, isInCharge: false)
    }

    /// Takes over the pools as written; those that stay keep their nodes.
    mutating func adoptPools(_ pools: [NodePool]) {
        let before = memory.pools ?? [:]
        var adopted: [NodePoolID: ControlMemory.PoolMemory] = [:]
        for pool in pools where adopted[pool.id] == nil {
            var known = before[pool.id] ?? ControlMemory.PoolMemory(pool: pool)
            let isNew = before[pool.id] == nil
            known.pool = pool
            adopted[pool.id] = known
            memory.pools = adopted
            if isNew { grow(pool.id, to: pool.initialNodes) }
            adopted = memory.pools ?? [:]
        }
        memory.pools = adopted.isEmpty ? nil : adopted
    }

    /// The nodes of all pools, as if a person had written them.
    var poolNodes: [NodeSpec] {
        (memory.pools ?? [:]).values.sorted { $0.pool.id < $1.pool.id }.flatMap { known in
            known.members.compactMap { member in
                known.pool.spec(0).map { NodeSpec(id: member, capacity: $0.capacity, labels: $0.labels) }
            }
        }
    }

    private mutating func grow(_ id: NodePoolID, to count: Int) {
        guard var known = memory.pools?[id] else { return }
        while known.members.count < count, known.members.count < NodePool.mostNodes {
            known.next += 1
            guard let spec = known.pool.spec(known.next) else { break }
            known.members.append(spec.id)
        }
        memory.pools?[id] = known
    }

    mutating func setSize(of id: NodePoolID, to count: Int) {
        guard var known = memory.pools?[id] else { return }
        if count < known.members.count {
            var loads: [NodeID: Int] = [:]
            for replica in memory.fleet.replicas.values { loads[replica.node, default: 0] += 1 }
            // Those that are not there yet, then the emptiest, then the youngest.
            func isUp(_ node: NodeID) -> Int { memory.fleet.nodes[node]?.health == .ready ? 1 : 0 }
            let order = known.members.enumerated().sorted { a, b in
                (isUp(a.element), loads[a.element] ?? 0, -a.offset)
                    < (isUp(b.element), loads[b.element] ?? 0, -b.offset)
            }.map(\.element)
            let leaving = Set(order.prefix(known.members.count - count))
            known.members.removeAll { leaving.contains($0) }
            memory.pools?[id] = known
        } else {
            grow(id, to: count)
        }
        adoptNodes((memory.writtenNodes ?? []) + poolNodes, workloads: memory.fleet.writtenWorkloads)
    }
}

extension ControlMemory {
    /// The pool that a request means by a name, which a workload of that name would have instead.
    func pool(named name: WorkloadID) -> NodePoolID? {
        guard fleet.workloads[name] == nil, let pool = NodePoolID(name.name), pools?[pool] != nil else {
            return nil
        }
        return pool
    }
}
