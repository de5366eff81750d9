package import Fleet
import Scaling
import TimeSeries

extension Turn {
    /// Takes a newer generation. Nodes and workloads that are no longer written are let go, unless none is left: an empty
    /// list is a mistake more often than a wish, and affects nothing.
    mutating func configure(_ configuration: ControlConfiguration) {
        guard configuration.generation > memory.generation || memory.generation == 0 else { return }
        memory.generation = configuration.generation
        memory.limits = configuration.limits
        adoptPools(configuration.nodePools ?? [])
        memory.writtenNodes = memory.pools == nil ? nil : configuration.nodes
        adoptNodes(configuration.nodes + poolNodes, workloads: configuration.workloads)
        for workload in configuration.workloads where workload.isSingleton {
            setDesired(workload.id, min(1, memory.fleet.desired[workload.id] ?? 1))
        }
        adoptPolicies(configuration.policies)
        forgetSizes()
        let known = memory.fleet.workloads
        memory.backOffs = memory.backOffs.filter { known[$0.key] != nil }
        memory.unplaced = memory.unplaced.filter { known[$0.key] != nil }
        memory.deferred = memory.deferred.filter { known[$0.key] != nil }
        memory.losses = memory.losses.filter { known[$0.key] != nil }
        memory.startUps?.keep { known[$0] != nil }
        record(
            .configuration,
            reasons: [
                "generation \(configuration.generation): \(configuration.nodes.count) nodes, "
                    + "\(configuration.workloads.count) workloads, \(configuration.policies.count) policies"
            ])
    }

    /// Nodes that are written no longer are drained and stopped; those that are written again stay.
    mutating func adoptNodes(_ nodes: [NodeSpec], workloads: [Workload]) {
        let before = Set(memory.fleet.specs.keys)
        memory.fleet.apply(.configured(nodes: nodes, workloads: workloads))
        let written = Set(nodes.map(\.id))
        if !written.isEmpty {
            for node in before.subtracting(written).sorted() where memory.fleet.nodes[node] != nil {
                memory.retired[node] = now
                memory.fleet.apply(.nodeDraining(node, true))
            }
        }
        for node in written.sorted() where memory.retired.removeValue(forKey: node) != nil {
            memory.fleet.apply(.nodeDraining(node, false))
        }
    }

    /// A policy that is still there keeps what it remembers, windows and changes included.
    private mutating func adoptPolicies(_ policies: [ScalingPolicy]) {
        var adopted: [String: ControlMemory.PolicyMemory] = [:]
        for policy in policies where adopted[policy.name] == nil {
            var known = memory.policies[policy.name] ?? ControlMemory.PolicyMemory(policy: policy)
            if known.policy.workload != policy.workload || known.policy.mode != policy.mode {
                known = ControlMemory.PolicyMemory(policy: policy)
            }
            known.policy = policy
            adopted[policy.name] = known
        }
        memory.policies = adopted
    }

    /// A workload that no policy sizes any longer has what is written.
    private mutating func forgetSizes() {
        for id in (memory.fleet.sizes ?? [:]).keys.sorted() {
            let policy = memory.policyInCharge(of: id).flatMap { memory.policies[$0]?.policy }
            if policy?.sizing?.mode != .resize { memory.fleet.apply(.sized(id, nil)) }
        }
    }

    mutating func setDesired(_ workload: WorkloadID, _ count: Int) {
        if memory.fleet.desired[workload] != count { memory.fleet.apply(.desired(workload, count)) }
    }
}

extension ControlMemory {
    /// The policy whose decisions take effect: the first active one by name, should there be several.
    package func policyInCharge(of workload: WorkloadID) -> String? {
        policies.values.filter {
            $0.policy.workload == workload && $0.policy.nodePool == nil && !$0.policy.isObserver
        }.map(\.policy.name).min()
    }

    /// The same of a pool of nodes.
    package func policyInCharge(of pool: NodePoolID) -> String? {
        policies.values.filter { $0.policy.nodePool == pool && !$0.policy.isObserver }.map(\.policy.name)
            .min()
    }
}
