import Fleet
import PromQL
import TimeSeries

/// One policy in one test: it decides at its interval, and what it starts becomes ready after a while.
struct PolicyUnitTestRun {
    /// What was decided at one moment, and of what.
    struct Step {
        var measurement: Measurement
        var decision: ScaleDecision
    }

    private let policy: ScalingPolicy
    private let test: PolicyUnitTest.Test
    private let measurer: Measurer
    private var memory = ScalingMemory()
    private var ready: Int
    private var starting: [(readyAt: Timestamp, count: Int)] = []

    init(_ policy: ScalingPolicy, _ test: PolicyUnitTest.Test) {
        // Observers are tested as if they decided.
        var policy = policy
        policy.mode = .active
        self.policy = policy
        self.test = test
        var storage = ScriptStorage()
        for series in test.series { storage.load(series, interval: test.interval, start: test.start) }
        measurer = Measurer(engine: LocalEngine(source: storage.source))
        let given = test.replicas.first { $0.workload == policy.workload.name }?.count
        ready = given ?? max(1, policy.minReplicas)
    }

    mutating func decisions(until end: Duration) async -> [Step] {
        var decisions: [Step] = []
        var elapsed = Duration.zero
        while elapsed <= end {
            let now = test.start + elapsed
            for group in starting where group.readyAt <= now { ready += group.count }
            starting.removeAll { $0.readyAt <= now }
            let round = await measurer.measure(
                [policy], at: now, learned: Learned(startUps: [policy.workload: test.startUp]))
            guard let measurement = round.measurements.first else { break }
            let coming = starting.reduce(0) { $0 + $1.count }
            let counts = ReplicaCounts(desired: ready + coming, ready: ready, starting: coming)
            let decision = decide(policy, measurement, counts: counts, memory: &memory, now: now)
            move(from: ready + coming, to: decision.desired, at: now)
            decisions.append(Step(measurement: measurement, decision: decision))
            elapsed += policy.interval
        }
        return decisions
    }

    private mutating func move(from: Int, to: Int, at now: Timestamp) {
        guard to < from else {
            if to > from { starting.append((now + test.startUp, to - from)) }
            return
        }
        // What starts leaves first.
        var surplus = from - to
        while surplus > 0, let last = starting.popLast() {
            if last.count > surplus { starting.append((last.readyAt, last.count - surplus)) }
            surplus -= min(last.count, surplus)
        }
        ready -= surplus
    }
}
