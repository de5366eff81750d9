import Actuation
import Curl
import Fleet
import Synchronization
import TimeSeries

/// What replicas and nodes of the simulated fleet show at /metrics, without a socket. The requests of a workload are
/// shared among its replicas that are ready and reachable; each counts its own, from zero after a crash.
final class SimulatedExporters: Sendable {
    fileprivate struct Counter {
        var requests = 0.0
        var restarts: Int
    }

    fileprivate struct State {
        var random: SplitMix64
        var advancedTo: Timestamp
        var counters: [ReplicaID: Counter] = [:]
        var lastAnswered: [WorkloadID: Timestamp] = [:]
        var timeouts = 0
    }

    private let backend: InMemoryBackend
    private let clock: ManualClock
    private let start: Timestamp
    private let loads: [WorkloadID: LoadProfile]
    private let state: Mutex<State>

    init(
        backend: InMemoryBackend, clock: ManualClock, loads: [WorkloadID: LoadProfile], random: SplitMix64
    ) {
        self.backend = backend
        self.clock = clock
        self.loads = loads
        start = clock.now
        state = Mutex(State(random: random, advancedTo: clock.now))
    }

    /// The way to the exporters.
    var transport: InMemoryTransport {
        InMemoryTransport { [self] request throws(TransportError) in try answer(request.url) }
    }

    /// Lets requests arrive until now.
    func advance() {
        let now = clock.now
        let fleet = backend.truth
        state.withLock { state in
            let replicas = fleet.running
            state.follow(replicas)
            let elapsed = (now - state.advancedTo).inSeconds
            for (workload, load) in loads.sorted(by: { $0.key < $1.key }) {
                let serving = replicas.filter {
                    $0.workload == workload && $0.phase == .ready && fleet.isReachable($0.node, at: now)
                }
                let chance = 1 + load.noise * (2 * state.random.unit() - 1)
                let requests = load.rate(after: now - start) * elapsed * chance
                for replica in serving {
                    state.counters[replica.id]?.requests += requests / Double(serving.count)
                }
            }
            state.advancedTo = now
        }
    }

    /// So many of the next requests get no answer in time.
    func plan(timeouts: Int) { state.withLock { $0.timeouts = timeouts } }

    /// When a replica of the workload last showed its metrics.
    func lastAnswered(_ workload: WorkloadID) -> Timestamp? { state.withLock { $0.lastAnswered[workload] } }

    private func answer(_ url: String) throws(TransportError) -> TransportResponse {
        let isLost = state.withLock { state in
            guard state.timeouts > 0 else { return false }
            state.timeouts -= 1
            return true
        }
        if isLost { throw .timedOut }
        let address = url.split(separator: "/")[1]
        let now = clock.now
        let fleet = backend.truth
        if let replica = fleet.running.first(where: { $0.address.map { $0 == address } ?? false }) {
            try reach(replica.node, in: fleet)
            guard replica.phase != .crashed, replica.phase != .starting else {
                throw .refused("\(replica.id) does not listen")
            }
            return state.withLock { state in
                state.lastAnswered[replica.workload] = now
                return Self.page(state.counters[replica.id]?.requests ?? 0)
            }
        }
        guard let node = fleet.nodeIDs.first(where: { VirtualFleet.metricsAddress(of: $0) == address }) else {
            throw .refused("nothing listens at \(address)")
        }
        try reach(node, in: fleet)
        return Self.page(fleet.running.filter { $0.node == node })
    }

    private func reach(_ node: NodeID, in fleet: VirtualFleet) throws(TransportError) {
        if fleet.isCutOff(node) { throw .timedOut }
        guard fleet.isReachable(node, at: clock.now) else { throw .refused("\(node) is down") }
    }

    private static func page(_ requests: Double) -> TransportResponse {
        page(
            """
            # HELP http_requests_total Requests answered.
            # TYPE http_requests_total counter
            http_requests_total{code="200"} \(requests)
            # HELP process_open_fds Open files.
            # TYPE process_open_fds gauge
            process_open_fds 12

            """)
    }

    private static func page(_ replicas: [Replica]) -> TransportResponse {
        var text = "# HELP node_replicas Replicas on the node.\n# TYPE node_replicas gauge\n"
        text += "node_replicas \(replicas.count)\n"
        text += "# HELP node_replica_restarts_total Restarts.\n# TYPE node_replica_restarts_total counter\n"
        for replica in replicas {
            text += "node_replica_restarts_total{replica=\"\(replica.id)\"} \(replica.restarts)\n"
        }
        return page(text)
    }

    private static func page(_ text: String) -> TransportResponse {
        TransportResponse(
            status: 200, headers: [(name: "content-type", value: "text/plain; version=0.0.4")],
            body: Array(text.utf8))
    }
}

extension SimulatedExporters.State {
    /// New replicas and those that crashed since begin at zero.
    fileprivate mutating func follow(_ replicas: [Replica]) {
        var followed: [ReplicaID: SimulatedExporters.Counter] = [:]
        for replica in replicas {
            let known = counters[replica.id]
            let isSame = known?.restarts == replica.restarts
            followed[replica.id] = isSame ? known : SimulatedExporters.Counter(restarts: replica.restarts)
        }
        counters = followed
    }
}
