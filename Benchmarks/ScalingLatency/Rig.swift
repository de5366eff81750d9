import Actuation
import Audit
import Control
import Coordination
import Fleet
import Journal
import PromQL
import Scaling
import Storage
import Synchronization
import TimeSeries

/// The parts between a sample and a command.
struct Rig {
    private let clock = SystemClock()
    private let store: Store
    private let runner: ControlRunner
    private let measurements: MeasurementLoop
    private let actuator: Actuator
    private let backend: WatchedBackend
    private let tables: [TableID]
    private let workloads: [WorkloadID]

    init(folder: String, targets: Int, workloads count: Int) throws {
        let clock = clock
        let store = try Store(disk: try RealDisk(root: folder + "/samples"), now: clock.now)
        self.store = store
        let disk = try RealDisk(root: folder)
        let runner = try ControlRunner(audit: AuditLog(disk: disk), disk: disk)
        self.runner = runner
        let workloads = (0..<count).map { WorkloadID("w\($0)")! }
        self.workloads = workloads
        let columns = ["load", "http_requests_total"].map { Labels(["__name__": $0]) }
        tables = try (0..<targets).map { index in
            try store.openTable(
                target: Labels([
                    "instance": "i\(index)", "job": "bench", "workload": workloads[index % count].name,
                ]), columns: columns)
        }
        let backend = WatchedBackend(clock: clock)
        self.backend = backend
        let engine = LocalEngine(source: store)
        measurements = MeasurementLoop(
            measurer: Measurer(engine: engine), clock: clock, learned: { runner.learned },
            store: { _ = store.append($0) }, submit: { runner.submit(.measured($0)) })
        actuator = Actuator(
            backend: backend, clock: clock,
            objection: { command in runner.objection(to: command, at: clock.now) },
            report: { report in _ = runner.submit(.outcome(command: report.command.id, report.outcome)) })
        let lock = try DirectoryLock(disk, owner: "benchmark")
        runner.begin(try LocalLease(disk: disk, lock: lock, above: runner.epoch))
        let policies = Self.policies(
            workloads, perReplica: Self.perReplica(targets: targets, workloads: count))
        runner.configure(
            nodes: (0..<ScalingLatency.nodes).map {
                NodeSpec(id: NodeID("n\($0)")!, capacity: Resources(milliCPU: 64_000, memoryBytes: 64 << 30))
            },
            workloads: workloads.map {
                Workload(
                    id: $0, command: ["run"], request: Resources(milliCPU: 100, memoryBytes: 1 << 20),
                    initialReplicas: ScalingLatency.replicas)
            }, policies: policies)
        measurements.apply(policies)
    }

    /// Of the load of all targets of a workload, 4.5 replicas are needed.
    private static func perReplica(targets: Int, workloads: Int) -> Double {
        Double(targets / workloads) * 0.45 / 4.5
    }

    private static func policies(_ workloads: [WorkloadID], perReplica: Double) -> [ScalingPolicy] {
        workloads.map { workload in
            var policy = ScalingPolicy(
                name: workload.name, workload: workload, minReplicas: 1, maxReplicas: 100,
                interval: .seconds(5),
                signals: [
                    SignalPolicy(
                        name: "load", query: "sum(load{workload=\"\(workload)\"})",
                        target: .perReplica(perReplica)),
                    SignalPolicy(
                        name: "rate", query: "sum(rate(http_requests_total{workload=\"\(workload)\"}[10s]))",
                        target: .perReplica(1e9), whenMissing: .ignore),
                ])
            policy.behaviour.up.limit = .none
            policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
            return policy
        }
    }

    /// The time from each sample that asks for more to the command that follows from it.
    func run(events: Int) async throws -> [Duration] {
        let parts = Task {
            await withDiscardingTaskGroup { group in
                group.addTask { [actuator] in await actuator.run() }
                group.addTask { [runner, backend, clock, actuator] in
                    await runner.run(backend: backend, clock: clock, execute: { actuator.submit($0) })
                }
                group.addTask { [measurements] in try? await measurements.run() }
                group.addTask { [store, clock] in
                    while (try? await clock.sleep(for: .seconds(1))) != nil { _ = try? store.sync() }
                }
            }
        }
        let step = 2 * Self.perReplica(targets: tables.count, workloads: workloads.count)
        var scraper = Scraper(store: store, clock: clock, tables: tables, step: step) { [measurements] in
            measurements.landed()
        }
        // Everything is up and has been for a while.
        try await scraper.run(for: .seconds(20))
        var latencies: [Duration] = []
        var pending: [WorkloadID: Duration] = [:]
        for event in 0..<events {
            try await scraper.run(for: .milliseconds(300))
            let index = event % workloads.count
            let started = backend.take()
            for (workload, at) in started {
                if let begin = pending.removeValue(forKey: workload) { latencies.append(at - begin) }
            }
            pending[workloads[index]] = scraper.raise(
                table: index + (event / workloads.count) * workloads.count)
        }
        try await scraper.run(for: .seconds(3))
        for (workload, at) in backend.take() {
            if let begin = pending.removeValue(forKey: workload) { latencies.append(at - begin) }
        }
        parts.cancel()
        await parts.value
        return latencies
    }
}

/// Appends a row of every target once a second, a hundredth of them every ten milliseconds.
private struct Scraper {
    let store: Store
    let clock: SystemClock
    let tables: [TableID]
    let landed: @Sendable () -> Void
    private var loads: [Double]
    private var next = 0
    private var slot: Duration
    /// What two replicas serve.
    let step: Double

    init(
        store: Store, clock: SystemClock, tables: [TableID], step: Double,
        landed: @escaping @Sendable () -> Void
    ) {
        self.step = step
        self.store = store
        self.clock = clock
        self.tables = tables
        self.landed = landed
        loads = Array(repeating: 0.45, count: tables.count)
        slot = clock.uptime
    }

    mutating func run(for time: Duration) async throws {
        let end = clock.uptime + time
        while clock.uptime < end {
            let count = (tables.count + 99) / 100
            let now = clock.now
            for _ in 0..<count {
                let requests = Double(now.milliseconds % 1_000_000_000) / 100
                _ = store.append(tables[next], at: now, row: [loads[next], requests])
                next = (next + 1) % tables.count
            }
            landed()
            slot += .milliseconds(10)
            let wait = slot - clock.uptime
            if wait > .zero { try await clock.sleep(for: wait) } else { slot = clock.uptime }
        }
    }

    /// Lets one target ask for two replicas more, at once.
    mutating func raise(table index: Int) -> Duration {
        loads[index] += step
        let at = clock.uptime
        _ = store.append(tables[index], at: clock.now, row: [loads[index], 0])
        landed()
        return at
    }
}

/// A backend in memory that notes when the first start of each workload arrives.
final class WatchedBackend: NodeBackend {
    let kind = "memory"
    private let clock: SystemClock
    private let inner: InMemoryBackend
    private let started = Mutex<[(WorkloadID, Duration)]>([])

    init(clock: SystemClock) {
        self.clock = clock
        inner = InMemoryBackend(clock: clock)
    }

    func take() -> [(WorkloadID, Duration)] {
        started.withLock { started in
            defer { started = [] }
            return started
        }
    }

    func capabilities() async -> BackendCapabilities { await inner.capabilities() }
    func inventory() async throws(BackendError) -> Inventory { try await inner.inventory() }
    func changes() -> AsyncStream<Void> { inner.changes() }

    func perform(_ command: Command) async throws(BackendError) {
        if case .start(_, let workload, _) = command.action {
            let at = clock.uptime
            started.withLock { $0.append((workload.id, at)) }
        }
        try await inner.perform(command)
    }
}
