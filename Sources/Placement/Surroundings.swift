import Fleet

/// What the rules of one workload mean in a fleet as it stands: computed once for all nodes.
struct Surroundings {
    /// A neighbourhood and how many replicas of its workload stand in each of its domains.
    private struct Crowd {
        var rule: PlacementRules.Neighbourhood
        var counts: [String: Int]
        var total: Int
    }

    private let workload: Workload
    private let affinity: [Crowd]
    private let antiAffinity: [Crowd]
    /// Required anti-affinity of others against this workload, with the domains they stand in.
    private let keptAwayBy: [Crowd]

    init(of workload: Workload, in fleet: WhatIf) {
        self.workload = workload
        affinity = workload.placement.affinity.map { Self.crowd($0, of: $0.workload, in: fleet) }
        antiAffinity = workload.placement.antiAffinity.map { Self.crowd($0, of: $0.workload, in: fleet) }
        keptAwayBy = fleet.workloads.values.sorted { $0.id < $1.id }.filter { $0.id != workload.id }.flatMap {
            other in
            other.placement.antiAffinity.filter { $0.weight == nil && $0.workload == workload.id }.map {
                var rule = $0
                rule.workload = other.id
                return Self.crowd(rule, of: other.id, in: fleet)
            }
        }
    }

    private static func crowd(
        _ rule: PlacementRules.Neighbourhood, of workload: WorkloadID, in fleet: WhatIf
    ) -> Crowd {
        var crowd = Crowd(rule: rule, counts: [:], total: 0)
        for slot in fleet.slots {
            let count = slot.occupants.count { $0.workload == workload }
            guard count > 0 else { continue }
            crowd.total += count
            if let domain = slot.node.value(of: rule.topologyKey) {
                crowd.counts[domain, default: 0] += count
            }
        }
        return crowd
    }

    func refusals(of slot: WhatIf.Slot, barred: String?) -> [Refusal] {
        let node = slot.node
        var refusals = Self.condition(of: node)
        if let barred { refusals.append(.barred(barred)) }
        refusals += workload.placement.nodeAffinity.filter { !$0.matches(node) }.map { .nodeAffinity($0) }
        for crowd in affinity where crowd.rule.weight == nil {
            let key = crowd.rule.topologyKey
            guard let domain = node.value(of: key) else {
                refusals.append(.noDomain(topologyKey: key))
                continue
            }
            // The first replica of a group that wants to be together may stand anywhere.
            let isFirst = crowd.total == 0 && crowd.rule.workload == workload.id
            if crowd.counts[domain, default: 0] == 0, !isFirst {
                refusals.append(.affinity(crowd.rule.workload, topologyKey: key))
            }
        }
        for crowd in antiAffinity where crowd.rule.weight == nil && Self.count(crowd, near: node) > 0 {
            refusals.append(.antiAffinity(crowd.rule.workload, topologyKey: crowd.rule.topologyKey))
        }
        for crowd in keptAwayBy where Self.count(crowd, near: node) > 0 {
            refusals.append(.keptAway(by: crowd.rule.workload, topologyKey: crowd.rule.topologyKey))
        }
        return refusals + shortages(slot.free)
    }

    private func shortages(_ free: Resources) -> [Refusal] {
        let need = workload.request
        var refusals: [Refusal] = []
        if need.milliCPU > free.milliCPU {
            refusals.append(.cpu(free: free.milliCPU, needed: need.milliCPU))
        }
        if need.memoryBytes > free.memoryBytes {
            refusals.append(.memory(free: free.memoryBytes, needed: need.memoryBytes))
        }
        return refusals
    }

    private static func condition(of node: Node) -> [Refusal] {
        var refusals: [Refusal] = []
        switch node.health {
        case .ready: break
        case .expected: refusals.append(.notReady("not seen yet"))
        case .suspect: refusals.append(.notReady("silent"))
        case .lost: refusals.append(.notReady("lost"))
        }
        if node.isDraining {
            refusals.append(.draining)
        } else if node.isCordoned {
            refusals.append(.cordoned)
        }
        return refusals
    }

    private static func count(_ crowd: Crowd, near node: Node) -> Int {
        node.value(of: crowd.rule.topologyKey).map { crowd.counts[$0, default: 0] } ?? 0
    }

    func score(of slot: WhatIf.Slot) -> Score {
        let node = slot.node
        var preference = 0
        for preferred in workload.placement.preferredNodes
        where preferred.requirements.allSatisfy({ $0.matches(node) }) {
            preference += preferred.weight
        }
        for crowd in affinity { preference += (crowd.rule.weight ?? 0) * Self.count(crowd, near: node) }
        for crowd in antiAffinity { preference -= (crowd.rule.weight ?? 0) * Self.count(crowd, near: node) }
        let left = slot.free - workload.request
        func taken(_ left: Int64, of whole: Int64) -> Int {
            guard whole > 0 else { return 1000 }
            return 1000 - Int(left.multipliedReportingOverflow(by: 1000).partialValue / whole)
        }
        let fullness =
            (taken(left.milliCPU, of: node.allocatable.milliCPU)
                + taken(left.memoryBytes, of: node.allocatable.memoryBytes)) / 2
        return Score(
            preference: preference, fullness: fullness,
            siblings: slot.occupants.count { $0.workload == workload.id })
    }
}
