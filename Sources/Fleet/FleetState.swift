import TimeSeries

/// The belief about nodes, workloads and replicas. A value, changed only by `apply`; every change raises `version`.
package struct FleetState: Hashable, Sendable, Codable {
    package private(set) var version: UInt64 = 0
    /// What a person wrote about nodes; empty where the backend alone knows them.
    package private(set) var specs: [NodeID: NodeSpec] = [:]
    package private(set) var nodes: [NodeID: Node] = [:]
    package private(set) var workloads: [WorkloadID: Workload] = [:]
    package private(set) var desired: [WorkloadID: Int] = [:]
    /// Reservations that a policy decided; `workloads` have them already. What was written is beside.
    package private(set) var sizes: [WorkloadID: Resources]?
    private var written: [WorkloadID: Workload]?
    package private(set) var replicas: [ReplicaID: Replica] = [:]
    package private(set) var pauses: [Pause] = []

    package init() {}

    /// The workloads as a person wrote them, by id.
    package var writtenWorkloads: [Workload] {
        workloads.values.map { written?[$0.id] ?? $0 }.sorted { $0.id < $1.id }
    }

    /// Nodes by id.
    package var sortedNodes: [Node] { nodes.values.sorted { $0.id < $1.id } }
    /// Workloads by descending priority, then id: the order in which they are served.
    package var sortedWorkloads: [Workload] {
        workloads.values.sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }
    }
    /// Replicas by id.
    package var sortedReplicas: [Replica] { replicas.values.sorted { $0.id < $1.id } }

    /// The replicas of a workload, by id.
    package func replicas(of workload: WorkloadID) -> [Replica] {
        sortedReplicas.filter { $0.workload == workload }
    }

    /// The replicas on a node, by id.
    package func replicas(on node: NodeID) -> [Replica] { sortedReplicas.filter { $0.node == node } }

    /// The pause of everything that holds for a workload: the fleet's or its own.
    package func pause(of workload: WorkloadID?) -> Pause? { pause(of: workload, direction: nil) }

    /// The pause of one direction only, the fleet's or the workload's; of everything where nil.
    package func pause(of workload: WorkloadID?, direction: PauseDirection?) -> Pause? {
        let matching = pauses.filter { $0.direction == direction }
        return matching.first { $0.workload == nil }
            ?? workload.flatMap { id in matching.first { $0.workload == id } }
    }

    package mutating func apply(_ event: FleetEvent) {
        version += 1
        switch event {
        case .configured(let nodes, let workloads): configure(nodes, workloads)
        case .nodeReported(let report, let at): hear(report, at: at)
        case .nodeSuspected(let id, let since): nodes[id]?.health = .suspect(since: since)
        case .nodeLost(let id, let since):
            nodes[id]?.health = .lost(since: since)
            replicas = replicas.filter { $0.value.node != id }
        case .nodeStopped(let id):
            nodes[id]?.health = .expected
            nodes[id]?.incarnation = nil
            replicas = replicas.filter { $0.value.node != id }
        case .nodeRemoved(let id):
            nodes[id] = nil
            replicas = replicas.filter { $0.value.node != id }
        case .nodeCordoned(let id, let isCordoned): nodes[id]?.isCordoned = isCordoned
        case .nodeDraining(let id, let isDraining):
            nodes[id]?.isDraining = isDraining
            nodes[id]?.isCordoned = isDraining
        case .replicaSeen(let replica): replicas[replica.id] = replica
        case .replicaGone(let id): replicas[id] = nil
        case .desired(let id, let count): desired[id] = max(0, count)
        case .sized(let id, let size): resize(id, size)
        case .paused(let pause):
            pauses.removeAll { $0.workload == pause.workload && $0.direction == pause.direction }
            pauses.append(pause)
            pauses.sort {
                ($0.workload?.name ?? "", $0.direction?.rawValue ?? "")
                    < ($1.workload?.name ?? "", $1.direction?.rawValue ?? "")
            }
        case .resumed(let workload): pauses.removeAll { $0.workload == workload }
        case .pauseEnded(let pause): pauses.removeAll { $0 == pause }
        }
    }

    private mutating func resize(_ id: WorkloadID, _ size: Resources?) {
        guard let workload = workloads[id] else { return }
        let original = written?[id] ?? workload
        if let size {
            sizes = (sizes ?? [:]).merging([id: size]) { _, new in new }
            written = (written ?? [:]).merging([id: original]) { _, new in new }
            workloads[id] = original.sized(size)
        } else {
            sizes?[id] = nil
            written?[id] = nil
            if sizes?.isEmpty == true { (sizes, written) = (nil, nil) }
            workloads[id] = original
        }
    }

    private mutating func configure(_ newSpecs: [NodeSpec], _ newWorkloads: [Workload]) {
        specs = Dictionary(newSpecs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for spec in newSpecs where nodes[spec.id] == nil {
            nodes[spec.id] = Node(id: spec.id, capacity: spec.capacity, labels: spec.labels)
        }
        for spec in newSpecs { nodes[spec.id]?.labels.merge(spec.labels) { _, written in written } }
        // A node that was written, never seen and is no longer written leaves no trace.
        nodes = nodes.filter { specs[$0.key] != nil || $0.value.health != .expected }
        workloads = Dictionary(newWorkloads.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let decided = sizes ?? [:]
        (sizes, written) = (nil, nil)
        for (id, size) in decided { resize(id, size) }
        desired = desired.filter { workloads[$0.key] != nil }
        for workload in newWorkloads where desired[workload.id] == nil {
            desired[workload.id] = workload.initialReplicas
        }
    }

    private mutating func hear(_ report: Inventory.NodeReport, at: Timestamp) {
        var node = nodes[report.id] ?? Node(id: report.id, capacity: report.capacity)
        node.capacity = report.capacity
        node.allocatable = report.allocatable
        node.labels = report.labels.merging(specs[report.id]?.labels ?? [:]) { _, written in written }
        node.health = .ready
        node.lastHeard = at
        node.incarnation = report.incarnation
        node.metricsAddress = report.metricsAddress
        nodes[report.id] = node
    }
}

extension FleetState: ClockBound {
    /// Pauses are until a moment on the wall and stay; replicas are dated by their nodes.
    package mutating func clockStepped(by step: Duration) {
        version += 1
        nodes.clockStepped(by: step)
    }
}
