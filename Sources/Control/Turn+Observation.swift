import Fleet
import Scaling
import TimeSeries

extension Turn {
    /// Takes what a backend sees.
    mutating func observe(_ inventory: Inventory) {
        var inventory = inventory
        // By a clock that was set back since.
        inventory.observedAt = min(inventory.observedAt, now)
        if let last = memory.observedAt, memory.hasObserved, inventory.observedAt < last { return }
        guard inventory.epoch <= memory.epoch else { return standDown(before: inventory.epoch) }
        let elapsed = memory.observedAt.map { inventory.observedAt - $0 } ?? .zero
        memory.observedAt = inventory.observedAt
        memory.lastInventory = inventory
        let answered = Set(inventory.nodes.filter(\.isReachable).map(\.id))
        let isCredible = memory.believesAbsences || inspect(inventory, answered: answered)
        memory.believesAbsences = false
        hear(inventory, answered: answered, after: memory.hasObserved ? elapsed : .zero)
        see(inventory)
        if inventory.isComplete, isCredible { miss(inventory, answered: answered) }
        settle(inventory, answered: answered)
        memory.hasObserved = true
    }

    mutating func observeUnchanged(at: Timestamp) {
        guard var inventory = memory.lastInventory else { return }
        inventory.observedAt = at
        observe(inventory)
    }

    /// Somebody leads with a higher epoch: nothing is commanded any more.
    private mutating func standDown(before epoch: UInt64) {
        guard memory.deposedBy != epoch else { return }
        memory.deposedBy = epoch
        record(.leadership, reasons: ["a backend has seen epoch \(epoch): this service leads no longer"])
    }

    /// Whether what is missing may be believed. An inventory that lost more than the allowed share since the last one, not
    /// by our own stops, speaks of a broken observer: removals freeze, and absences are not believed while they do.
    private mutating func inspect(_ inventory: Inventory, answered: Set<NodeID>) -> Bool {
        var problem: String?
        let ids = Set(inventory.replicas.map(\.id))
        if ids.count < inventory.replicas.count { problem = "replicas are listed twice" }
        if inventory.isComplete {
            let incarnations = Dictionary(
                inventory.nodes.map { ($0.id, $0.incarnation) }, uniquingKeysWith: { first, _ in first })
            let stopping = memory.ledger.stopping
            let believed = memory.fleet.replicas.values.filter { replica in
                guard answered.contains(replica.node), replica.phase != .stopping,
                    !stopping.contains(replica.id)
                else { return false }
                // A node that is another one than before has lost its replicas, whoever observes.
                return memory.fleet.nodes[replica.node]?.incarnation == incarnations[replica.node] ?? nil
            }
            let missing = believed.count { !ids.contains($0.id) }
            if isSuspicious(missing, of: believed.count) {
                problem = "\(missing) of \(believed.count) replicas vanished between two inventories"
            }
            let listed = Set(inventory.nodes.map(\.id))
            let nodes = memory.fleet.nodes.values.filter {
                $0.health == .ready && memory.retired[$0.id] == nil
            }
            let goneNodes = nodes.count { !listed.contains($0.id) }
            if isSuspicious(goneNodes, of: nodes.count) {
                problem = "\(goneNodes) of \(nodes.count) nodes vanished between two inventories"
            }
        }
        if let problem { freeze(because: problem) }
        return memory.freeze == nil
    }

    private func isSuspicious(_ missing: Int, of count: Int) -> Bool {
        missing >= 2 && Double(missing) > Double(count) * memory.limits.maxInventoryShrink
    }

    private mutating func freeze(because reason: String) {
        // While it lasts it is not prolonged by the same absence: then what stays away is believed.
        guard memory.freeze == nil else { return }
        memory.freeze = ControlView.Freeze(since: now, until: now + memory.limits.freeze, reason: reason)
        record(
            .freeze, reasons: [reason, "no removals for \(memory.limits.freeze.prometheusText)"])
    }

    private mutating func hear(_ inventory: Inventory, answered: Set<NodeID>, after elapsed: Duration) {
        for report in inventory.nodes.sorted(by: { $0.id < $1.id }) where report.isReachable {
            welcome(report, at: inventory.observedAt)
        }
        // A gap between two inventories says nothing of what a node did meanwhile: it counts as one missed answer.
        let step = min(max(.zero, elapsed), memory.limits.nodeSuspect)
        for id in memory.fleet.nodes.keys.sorted() where !answered.contains(id) {
            guard memory.fleet.nodes[id]?.health != .expected else { continue }
            memory.watches[id, default: NodeWatch()].silence += step
            if memory.watches[id]?.silentSince == nil {
                memory.watches[id]?.silentSince = memory.fleet.nodes[id]?.lastHeard ?? inventory.observedAt
            }
        }
    }

    private mutating func see(_ inventory: Inventory) {
        let ordered = inventory.replicas.sorted { ($0.id, $0.node) < ($1.id, $1.node) }
        for replica in ordered {
            let known = memory.fleet.replicas[replica.id]
            guard known != replica else { continue }
            if replica.phase == .ready, known?.phase != .ready { memory.backOffs[replica.workload] = nil }
            // One that crashed meanwhile says nothing, nor one during which the clock was set.
            if replica.phase == .ready, let known, known.phase == .starting, known.restarts == 0,
                memory.clockSteppedAt.map({ replica.since - known.since <= now - $0 }) ?? true
            {
                memory.startUps = memory.startUps ?? StartUpTimes()
                memory.startUps?.record(replica.since - known.since, of: replica.workload)
            }
            memory.fleet.apply(.replicaSeen(replica))
        }
    }

    /// Believes that what a complete inventory does not show, on nodes that answered, is gone.
    private mutating func miss(_ inventory: Inventory, answered: Set<NodeID>) {
        let present = Set(inventory.replicas.map(\.id))
        let stopping = memory.ledger.stopping
        for replica in memory.fleet.sortedReplicas
        where answered.contains(replica.node) && !present.contains(replica.id) {
            memory.fleet.apply(.replicaGone(replica.id))
            if replica.phase == .stopping || stopping.contains(replica.id) { continue }
            lose(replica, "\(replica.id) vanished from \(replica.node)")
            if memory.fleet.workloads[replica.workload]?.isSingleton == true {
                // One inventory without it is no proof that it does not run.
                memory.singletonHolds[replica.workload] = ControlMemory.SingletonHold(
                    node: replica.node, until: now + memory.limits.nodeLease)
            }
            holdStarts(of: replica.workload, on: replica.node, "\(replica.id) vanished")
        }
    }

    /// Remembers why a replica is to be replaced.
    mutating func lose(_ replica: Replica, _ why: String) {
        guard memory.fleet.workloads[replica.workload] != nil else { return }
        memory.losses[replica.workload, default: []].append(why)
        memory.velocities[replica.workload, default: Velocity()].lost(at: now)
        if let count = memory.losses[replica.workload]?.count, count > 20 {
            memory.losses[replica.workload]?.removeFirst(count - 20)
        }
    }
}
