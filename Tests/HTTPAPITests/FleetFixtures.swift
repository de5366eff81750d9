import Audit
import Control
import Fleet
import Scaling
import Synchronization
import TimeSeries

@testable import HTTPAPI

/// A control loop that has seen one node with two ready replicas of `web`, and measured its policy once.
struct SmallFleet {
    let now: Timestamp
    let view: ControlView
    let entries: [AuditEntry]

    init() {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        self.now = now
        let web = WorkloadID("web")!
        let node = NodeSpec(
            id: NodeID("n1")!, capacity: Resources(milliCPU: 2000, memoryBytes: 1 << 30),
            labels: ["zone": "a"])
        let workload = Workload(
            id: web, command: ["web"], request: Resources(milliCPU: 250, memoryBytes: 64 << 20),
            initialReplicas: 2)
        let policy = ScalingPolicy(
            name: "reactive", workload: web, maxReplicas: 9,
            signals: [SignalPolicy(name: "load", query: "sum(load)", target: .perReplica(50))])
        let replicas = (1...2).map { index in
            Replica(
                id: ReplicaID("web-\(index)")!, workload: web, node: node.id, phase: .ready, since: now,
                address: "127.0.0.1:900\(index)", request: workload.request)
        }
        let inventory = Inventory(
            observedAt: now,
            nodes: [.init(id: node.id, isReachable: true, capacity: node.capacity, labels: node.labels)],
            replicas: replicas)
        let measurement = Measurement(
            policy: "reactive", workload: web, at: now,
            signals: [Signal(name: "load", reading: .value(120, measuredAt: now))])
        var loop = ControlLoop()
        let effects = loop.step(
            [
                .began(epoch: 1),
                .configured(
                    ControlConfiguration(
                        generation: 1, nodes: [node], workloads: [workload], policies: [policy])),
                .observed(inventory), .measured(measurement),
            ], at: now)
        view = loop.view
        entries = effects.compactMap { if case .record(let entry) = $0 { entry } else { nil } }
    }

    /// The entries as an audit log that holds nothing else.
    var audit: AuditReading {
        let all = entries.enumerated().map { index, entry in
            IndexedRecord(index: index, record: AuditRecord(entry: entry, evidence: "00ff", sequence: 1))
        }
        let root = MerkleHash.leaf([])
        return AuditReading(
            size: { all.count }, leaves: { from, limit in Array(all.dropFirst(from).prefix(limit)) },
            newest: { limit, matches in
                Array(all.reversed().filter { matches($0.record.entry) }.prefix(limit))
            },
            leaf: { id in all.first { $0.record.entry.id == id } },
            checkpoint: { "flyball.example\n\(all.count)\nroot\n" },
            inclusion: { index in
                index < all.count
                    ? .init(
                        index: index,
                        head: Checkpoint(origin: "flyball.example", size: all.count, root: root),
                        hashes: [root]) : nil
            })
    }
}

/// Remembers the requests it is handed, and answers as told.
final class RequestLog: Sendable {
    private let seen = Mutex<[OperatorRequest]>([])
    let outcome: RequestOutcome

    init(_ outcome: RequestOutcome = .accepted(entry: "d1-9")) { self.outcome = outcome }

    var requests: OperatorRequests {
        OperatorRequests { request in
            self.seen.withLock { $0.append(request) }
            return self.outcome
        }
    }

    var last: OperatorRequest? { seen.withLock { $0.last } }
    var count: Int { seen.withLock { $0.count } }
}
