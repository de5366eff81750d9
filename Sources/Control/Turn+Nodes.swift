import Fleet
import TimeSeries

extension Turn {
    /// The first quarantine of a node that is lost again within the hour; doubles with each further loss.
    static let quarantine: Duration = .seconds(60)
    static let longestQuarantine: Duration = .seconds(3600)
    static let nodeStartHold: Duration = .seconds(5)
    static let longestNodeStartHold: Duration = .seconds(300)

    /// A node answered.
    mutating func welcome(_ report: Inventory.NodeReport, at observedAt: Timestamp) {
        let known = memory.fleet.nodes[report.id]
        let isNewborn = known?.incarnation != nil && known?.incarnation != report.incarnation
        if isNewborn { bury(report.id, because: "\(report.id) was started anew", isSilent: false) }
        var watch = memory.watches[report.id] ?? NodeWatch()
        watch.silence = .zero
        watch.silentSince = nil
        watch.nextStart = nil
        if known?.health != .ready { watch.readySince = now }
        if case .lost = known?.health {
            if watch.losses.count > 1 {
                let hold = NodeWatch.backOff(
                    watch.losses.count - 2, base: Self.quarantine, limit: Self.longestQuarantine)
                watch.quarantinedUntil = now + hold
                record(
                    .failover, node: report.id,
                    reasons: [
                        "\(report.id) is back after \(watch.losses.count) losses within an hour",
                        "it gets no replicas for \(hold.prometheusText)",
                    ])
            } else {
                record(.failover, node: report.id, reasons: ["\(report.id) is back"])
            }
        }
        memory.watches[report.id] = watch
        if isNewborn {
            memory.singletonHolds = memory.singletonHolds.filter { $0.value.node != report.id }
        }
        memory.fleet.apply(.nodeReported(report, at: observedAt))
        if memory.retired[report.id] != nil, memory.fleet.nodes[report.id]?.isDraining != true {
            memory.fleet.apply(.nodeDraining(report.id, true))
        }
    }

    /// What ran on a node is given up: it cannot run any more, or cannot be reached. Starts under way are left to the
    /// inventories of a node that answers.
    private mutating func bury(_ node: NodeID, because why: String, isSilent: Bool) {
        for replica in memory.fleet.replicas(on: node) {
            memory.fleet.apply(.replicaGone(replica.id))
            lose(replica, "\(replica.id) lost: \(why)")
        }
        for intent in memory.ledger.sortedOpen where intent.node == node {
            switch intent.subject {
            case .stop: memory.ledger.update(intent.id, to: .done)
            case .start where isSilent: memory.ledger.update(intent.id, to: .failed(why))
            case .resize: memory.ledger.update(intent.id, to: .done)
            case .start, .startNode, .stopNode: break
            }
        }
    }

    /// Judges the silent: suspect, then lost, unless so many are silent that the fault must lie with the observer.
    mutating func judgeNodes() {
        guard memory.hasObserved, memory.deposedBy == nil else { return }
        let nodes = memory.fleet.sortedNodes.filter { $0.health != .expected }
        for node in nodes where node.health == .ready {
            guard let watch = memory.watches[node.id], watch.silence >= memory.limits.nodeSuspect else {
                continue
            }
            memory.fleet.apply(.nodeSuspected(node.id, since: watch.silentSince ?? now))
        }
        let isBlind = isBlind
        for node in nodes {
            guard case .suspect(let since) = memory.fleet.nodes[node.id]?.health,
                let silence = memory.watches[node.id]?.silence, silence >= memory.limits.nodeLost
            else { continue }
            if isBlind { continue }
            giveUp(node, since: since, silence: silence)
        }
        tendNodes()
    }

    private mutating func giveUp(_ node: Node, since: Timestamp, silence: Duration) {
        let replicas = memory.fleet.replicas(on: node.id)
        holdSingletons(of: node)
        bury(node.id, because: "\(node.id) is silent", isSilent: true)
        memory.watches[node.id, default: NodeWatch()].losses.append(now)
        memory.watches[node.id]?.readySince = nil
        memory.fleet.apply(.nodeLost(node.id, since: since))
        var reasons = [
            "\(node.id) is lost: silent for \(silence.prometheusText), the limit is \(memory.limits.nodeLost.prometheusText)"
        ]
        reasons.append(
            replicas.isEmpty
                ? "nothing ran on it"
                : "to be placed anew: " + replicas.map(\.id.name).joined(separator: ", "))
        record(.failover, node: node.id, reasons: reasons)
    }

    /// A singleton that runs on a silent node, or may have been started there, is not started elsewhere before the node must
    /// have stopped it: by its own lease, counted from the last moment at which it can have heard from us.
    private mutating func holdSingletons(of node: Node) {
        func hold(_ workload: WorkloadID, from contact: Timestamp) {
            guard memory.fleet.workloads[workload]?.isSingleton == true else { return }
            let until = contact + memory.limits.nodeLease * 21 / 20 + .seconds(2)
            if let known = memory.singletonHolds[workload], known.until >= until { return }
            memory.singletonHolds[workload] = ControlMemory.SingletonHold(node: node.id, until: until)
        }
        let heard = node.lastHeard ?? now
        for replica in memory.fleet.replicas(on: node.id) { hold(replica.workload, from: heard) }
        for intent in memory.ledger.sortedOpen where intent.node == node.id {
            if case .start(_, let workload, _, _) = intent.subject {
                hold(workload, from: max(heard, intent.deadline))
            }
        }
    }

    /// Starts configured nodes that are not there, stops those that are no longer configured and empty.
    private mutating func tendNodes() {
        guard mayCommand(nil) else { return }
        for node in memory.fleet.sortedNodes {
            let isAbout = memory.ledger.isOpen { subject in
                switch subject {
                case .startNode(node.id), .stopNode(node.id): true
                default: false
                }
            }
            if isAbout { continue }
            if memory.retired[node.id] != nil { retire(node) } else { revive(node) }
        }
    }

    private mutating func revive(_ node: Node) {
        guard let spec = memory.fleet.specs[node.id] else { return }
        var watch = memory.watches[node.id] ?? NodeWatch()
        switch node.health {
        case .ready: return
        // Not given up, since too many are silent; to start it does no harm, and is the way out should they be dead.
        case .suspect where watch.silence < memory.limits.nodeLost: return
        case .expected, .suspect, .lost: break
        }
        if let next = watch.nextStart, next > now { return }
        let hold = NodeWatch.backOff(
            watch.startAttempts, base: Self.nodeStartHold, limit: Self.longestNodeStartHold)
        watch.startAttempts += 1
        watch.nextStart = now + hold
        memory.watches[node.id] = watch
        let reason =
            node.health == .expected ? "\(node.id) is configured and not there" : "\(node.id) does not answer"
        let command = command(.startNode(spec), within: Self.nodeDeadline, reason: reason)
        record(
            node.health == .expected ? .placement : .failover, node: node.id,
            reasons: [
                reason, "attempt \(watch.startAttempts), the next in \(hold.prometheusText) at the earliest",
            ],
            commands: [command])
    }

    private mutating func retire(_ node: Node) {
        if case .lost = node.health { return remove(node.id) }
        let isEmpty =
            !memory.fleet.replicas.values.contains { $0.node == node.id }
            && !memory.ledger.open.values.contains { $0.node == node.id }
        guard isEmpty else { return }
        let reason = "\(node.id) is no longer configured and is empty"
        let command = command(.stopNode(node.id), within: Self.nodeDeadline, reason: reason)
        record(.placement, node: node.id, reasons: [reason], commands: [command])
    }
}
