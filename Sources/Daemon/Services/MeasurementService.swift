import Control
import Fleet
import Scaling
import Storage
import Synchronization
import TimeSeries

/// Turns landed samples into measurements: at most 200 ms after a scrape landed, and at each policy's interval where
/// none did.
final class MeasurementService: Sendable {
    private static let debounce = Duration.milliseconds(200)
    private let measurer: Measurer
    private let store: Store
    private let clock: any Clock
    private let startUps: @Sendable () -> [(workload: WorkloadID, time: Duration)]
    private let submit: @Sendable (Event) async -> Void
    private let schedule = Mutex(MeasurementSchedule())

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
        schedule.withLock { $0.apply(policies) }
        measurer.keep(only: policies)
    }

    /// Samples arrived; whoever is due soon is measured now.
    func landed() { schedule.withLock { $0.landed() } }

    func run() async throws {
        while !Task.isCancelled {
            try await clock.sleep(for: Self.debounce)
            let ended = startUps()
            let uptime = clock.uptime
            let (due, times) = schedule.withLock { $0.takeDue(at: uptime, startUps: ended) }
            guard !due.isEmpty else { continue }
            let round = await measurer.measure(due, at: clock.now, startUps: times)
            _ = store.append(round.samples)
            for measurement in round.measurements { await submit(.measured(measurement)) }
        }
    }
}
