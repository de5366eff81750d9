import Fleet
import TimeSeries

extension Turn {
    /// How much later than an answer or a deadline an inventory must have been taken to speak against a command.
    static let settling: Duration = .seconds(2)

    /// Takes an answer of the backend.
    mutating func conclude(_ id: String, _ outcome: Outcome) {
        guard let intent = memory.ledger.open[id] else { return }
        switch outcome {
        case .done: memory.ledger.update(id, to: .acknowledged(at: now))
        case .unknown(let why):
            memory.ledger.update(id, to: .unknown(AuditText.bounded(why)))
            recordOutcome(of: intent, "the answer was lost: \(why); the next inventory tells")
        case .failed(let why): fail(intent, why)
        case .superseded(let why):
            memory.ledger.update(id, to: .superseded(AuditText.bounded(why)))
            recordOutcome(of: intent, "not sent: \(why)")
        }
    }

    mutating func fail(_ intent: Intent, _ why: String) {
        memory.ledger.update(intent.id, to: .failed(AuditText.bounded(why)))
        if case .start(_, let workload, let node, _) = intent.subject {
            holdStarts(of: workload, on: node, why)
        }
        if case .resize(_, let workload, _, _) = intent.subject {
            memory.resizeHolds = (memory.resizeHolds ?? [:]).merging([workload: now + Self.resizeHold]) {
                _, new in new
            }
        }
        recordOutcome(of: intent, "failed: \(why)")
    }

    mutating func holdStarts(of workload: WorkloadID, on node: NodeID, _ why: String) {
        var backOff =
            memory.backOffs[workload] ?? StartBackOff(failures: 0, until: now, message: "")
        backOff.fail(AuditText.bounded("on \(node): \(why)"), at: now)
        memory.backOffs[workload] = backOff
    }

    private mutating func recordOutcome(of intent: Intent, _ text: String) {
        let workload: WorkloadID? =
            switch intent.subject {
            case .start(_, let workload, _, _), .stop(_, let workload, _), .resize(_, let workload, _, _):
                workload
            case .startNode, .stopNode: nil
            }
        record(
            .outcome, workload: workload, node: intent.node, reasons: ["\(intent.id): \(intent.text)", text])
    }

    /// Settles open commands by what a complete inventory shows of the nodes that answered.
    mutating func settle(_ inventory: Inventory, answered: Set<NodeID>) {
        let present = Dictionary(
            inventory.replicas.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for intent in memory.ledger.sortedOpen {
            switch intent.subject {
            case .start(let replica, _, let node, _):
                if present[replica] != nil {
                    memory.ledger.update(intent.id, to: .done)
                } else if inventory.isComplete, answered.contains(node) {
                    judgeAbsence(of: intent, inventory.observedAt)
                }
            case .stop(let replica, _, let node):
                guard answered.contains(node) else { continue }
                if let seen = present[replica] {
                    if seen.phase != .stopping { judgeDelay(of: intent, inventory.observedAt) }
                } else if inventory.isComplete {
                    memory.ledger.update(intent.id, to: .done)
                }
            case .resize(let replica, _, let node, let request):
                guard answered.contains(node) else { continue }
                if let seen = present[replica], seen.request != request {
                    judgeDelay(of: intent, inventory.observedAt)
                } else if present[replica] != nil || inventory.isComplete {
                    memory.ledger.update(intent.id, to: .done)
                }
            case .startNode(let node):
                if answered.contains(node) {
                    memory.ledger.update(intent.id, to: .done)
                } else {
                    judgeDelay(of: intent, inventory.observedAt)
                }
            case .stopNode(let node):
                if inventory.isComplete, !answered.contains(node) {
                    memory.ledger.update(intent.id, to: .done)
                    if memory.retired[node] != nil { remove(node) }
                } else {
                    judgeDelay(of: intent, inventory.observedAt)
                }
            }
        }
    }

    /// A start whose replica is not there: failed once it must have arrived, or can no longer arrive.
    private mutating func judgeAbsence(of intent: Intent, _ observedAt: Timestamp) {
        switch intent.state {
        case .acknowledged(let at) where observedAt - at >= Self.settling:
            fail(intent, "taken by the backend, but its inventory does not show it")
        case .unknown, .intended:
            if observedAt - intent.deadline >= Self.settling {
                fail(intent, "did not arrive before its deadline")
            }
        default: break
        }
    }

    private mutating func judgeDelay(of intent: Intent, _ observedAt: Timestamp) {
        guard observedAt - intent.deadline >= Self.settling else { return }
        fail(intent, "no effect by its deadline")
    }

    mutating func remove(_ node: NodeID) {
        memory.fleet.apply(.nodeRemoved(node))
        memory.retired[node] = nil
        memory.watches[node] = nil
        record(.placement, node: node, reasons: ["\(node) is no longer part of the fleet"])
    }
}
