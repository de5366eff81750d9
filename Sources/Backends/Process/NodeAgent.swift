package import Fleet
package import TimeSeries

/// What runs on one local node and what is to be done about it. A value without a process in it: occurrences in,
/// actions out; times are passed in, `uptime` for everything that waits, `now` only to be shown.
package struct NodeAgent: Sendable {
    package struct Options: Hashable, Sendable {
        package var spec: NodeSpec
        /// Without a renewal for so long the node stops its replicas and ends.
        package var lease: Duration
        /// Before the first restart; doubles with each crash in a row.
        package var restartDelay: Duration
        package var maxRestartDelay: Duration
        /// A replica that was up for so long has left its crashes behind.
        package var stableAfter: Duration

        package init(
            spec: NodeSpec, lease: Duration = .seconds(30), restartDelay: Duration = .milliseconds(500),
            maxRestartDelay: Duration = .seconds(60), stableAfter: Duration = .seconds(60)
        ) {
            self.spec = spec
            self.lease = lease
            self.restartDelay = restartDelay
            self.maxRestartDelay = maxRestartDelay
            self.stableAfter = stableAfter
        }
    }

    /// One process of one replica: a restart is another launch, and what is heard of an earlier one is ignored.
    package struct LaunchID: Hashable, Sendable {
        package var replica: ReplicaID
        package var number: Int
    }

    package enum Occurrence: Hashable, Sendable {
        case start(ReplicaID, Workload)
        case stop(ReplicaID, grace: Duration)
        case resize(ReplicaID, Resources, Resources?)
        case launched(LaunchID, pid: Int32, port: Int)
        case launchFailed(LaunchID, String)
        case exited(LaunchID, String)
        /// Nil where the health check passed.
        case probed(LaunchID, failure: String?)
        case leaseRenewed
        case stopNode
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// On the port of the launch before where there was one that came up.
        case launch(LaunchID, Workload, port: Int?)
        case terminate(LaunchID, pid: Int32)
        case kill(LaunchID, pid: Int32)
        case probe(LaunchID, port: Int, Workload.HealthCheck)
        /// What a running replica may use at most changes.
        case limit(ReplicaID, Resources?)
        /// The replica is gone for good; its folder and cgroup may go.
        case forget(ReplicaID)
        case leaseExpired
    }

    let options: Options
    var entries: [ReplicaID: Entry] = [:]
    private var leaseUntil: Duration
    private(set) var isStopping = false
    /// Rises with every change that an inventory would show.
    package internal(set) var revision: UInt64 = 1

    package init(options: Options, uptime: Duration) {
        self.options = options
        leaseUntil = uptime + options.lease
    }

    /// Replicas by id.
    package var replicas: [Replica] { entries.values.map(\.replica).sorted { $0.id < $1.id } }

    /// Whether the node is to end: it was stopped and nothing runs any more.
    package var isFinished: Bool { isStopping && entries.isEmpty }

    /// What stands on the node altogether.
    package var allocated: Resources { entries.values.reduce(.zero) { $0 + $1.replica.request } }

    /// Why a start would be refused, or nil. Says nothing of a replica that runs here already, which is no reason.
    package func objection(toStarting replica: ReplicaID, _ workload: Workload) -> String? {
        if isStopping { return "node \(options.spec.id) is stopping" }
        if workload.command.first?.isEmpty ?? true { return "workload \(workload.id) has no command" }
        guard let entry = entries[replica] else { return nil }
        return entry.isStopping ? "replica \(replica) is stopping" : nil
    }

    /// Why a replica cannot be resized, or nil.
    package func objection(toResizing replica: ReplicaID) -> String? {
        guard let entry = entries[replica] else { return "no replica \(replica) on node \(options.spec.id)" }
        return entry.isStopping ? "replica \(replica) is stopping" : nil
    }

    package mutating func handle(_ occurrence: Occurrence, now: Timestamp, uptime: Duration) -> [Action] {
        let before = replicas
        let actions: [Action]
        switch occurrence {
        case .start(let id, let workload): actions = start(id, workload, now: now)
        case .stop(let id, let grace): actions = stop(id, grace: grace, now: now, uptime: uptime)
        case .resize(let id, let request, let limit): actions = resize(id, request, limit)
        case .launched(let id, let pid, let port):
            actions = launched(id, pid: pid, port: port, now: now, uptime: uptime)
        case .launchFailed(let id, let why): actions = ended(id, why, now: now, uptime: uptime)
        case .exited(let id, let how): actions = ended(id, how, now: now, uptime: uptime)
        case .probed(let id, let failure): actions = probed(id, failure, now: now, uptime: uptime)
        case .leaseRenewed:
            leaseUntil = uptime + options.lease
            actions = []
        case .stopNode: actions = stopNode(now: now, uptime: uptime)
        case .tick: actions = tick(now: now, uptime: uptime)
        }
        if replicas != before { revision += 1 }
        return actions
    }

    private mutating func stopNode(now: Timestamp, uptime: Duration) -> [Action] {
        guard !isStopping else { return [] }
        isStopping = true
        revision += 1
        return entries.keys.sorted().flatMap { id in
            stop(id, grace: entries[id]?.workload.stopGrace ?? .zero, now: now, uptime: uptime)
        }
    }

    private mutating func tick(now: Timestamp, uptime: Duration) -> [Action] {
        var actions: [Action] = []
        if uptime > leaseUntil, !isStopping {
            actions = [.leaseExpired] + stopNode(now: now, uptime: uptime)
        }
        for id in entries.keys.sorted() { actions += tick(id, now: now, uptime: uptime) }
        return actions
    }
}
