import Control
import Fleet
import Scaling
import Storage
import Synchronization
import TimeSeries

/// Turns landed samples into measurements: at most 200 ms after a scrape landed, and at each policy's interval where
/// none did. A policy is measured at most once a second.
final class MeasurementService: Sendable {
    private struct State {
        var policies: [ScalingPolicy] = []
        var lastMeasured: [String: Duration] = [:]
        var startUps = StartUpTimes()
        var hasLanded = false
    }

    private static let debounce = Duration.milliseconds(200)
    private static let shortest = Duration.seconds(1)
    private let measurer: Measurer
    private let store: Store
    private let clock: any Clock
    private let startUps: @Sendable () -> [(workload: WorkloadID, time: Duration)]
    private let submit: @Sendable (Event) async -> Void
    private let state = Mutex(State())

    init(
        measurer: Measurer, store: Store, clock: any Clock,
        startUps: @escaping @Sendable () -> [(workload: WorkloadID, time: Duration)],
        submit: @escaping @Sendable (Event) async -> Void
    ) {
        self.measurer = measurer
        self.store = store
        self.clock = clock
        self.startUps = startUps
        self.submit = submit
    }

    func apply(_ policies: [ScalingPolicy]) {
        state.withLock { state in
            state.policies = policies
            state.lastMeasured = state.lastMeasured.filter { name, _ in policies.contains { $0.name == name }
            }
        }
        measurer.keep(only: policies)
    }

    /// Samples arrived; whoever is due soon is measured now.
    func landed() { state.withLock { $0.hasLanded = true } }

    func run() async throws {
        while !Task.isCancelled {
            try await clock.sleep(for: Self.debounce)
            let (due, times) = takeDue()
            guard !due.isEmpty else { continue }
            let round = await measurer.measure(due, at: clock.now, startUps: times)
            _ = store.append(round.samples)
            for measurement in round.measurements { await submit(.measured(measurement)) }
        }
    }

    private func takeDue() -> (policies: [ScalingPolicy], startUps: [WorkloadID: Duration]) {
        let uptime = clock.uptime
        let seen = startUps()
        return state.withLock { state in
            for startUp in seen { state.startUps.record(startUp.time, of: startUp.workload) }
            let hasLanded = state.hasLanded
            state.hasLanded = false
            let due = state.policies.filter { policy in
                guard let last = state.lastMeasured[policy.name] else { return true }
                let age = uptime - last
                return age >= policy.interval || (hasLanded && age >= Self.shortest)
            }
            for policy in due { state.lastMeasured[policy.name] = uptime }
            return (due, state.startUps.percentiles)
        }
    }
}
