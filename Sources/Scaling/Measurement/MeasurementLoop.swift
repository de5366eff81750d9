import Synchronization
package import TimeSeries

/// Turns landed samples into measurements: some 50 ms after samples landed, as far as what measuring costs allows, and
/// at each policy's interval where none did.
package final class MeasurementLoop: Sendable {
    private static let tick = Duration.milliseconds(50)
    /// Without policies: how soon after a reload the first of them is measured.
    private static let idleTick = Duration.milliseconds(500)
    private let measurer: Measurer
    private let clock: any Clock
    private let learned: @Sendable () -> Learned
    private let store: @Sendable ([SeriesSamples]) -> Void
    private let submit: @Sendable (Measurement) -> Void
    private let schedule = Mutex(MeasurementSchedule())
    /// The last measurement of each policy that was handed on.
    private let submitted = Mutex<[String: Measurement]>([:])
    private let written = Mutex(WrittenSeries())

    /// - Parameters:
    ///   - learned: what the control loop has learned by now.
    ///   - store: takes the series that a round leaves.
    ///   - submit: takes each measurement.
    package init(
        measurer: Measurer, clock: any Clock,
        learned: @escaping @Sendable () -> Learned,
        store: @escaping @Sendable ([SeriesSamples]) -> Void,
        submit: @escaping @Sendable (Measurement) -> Void
    ) {
        self.measurer = measurer
        self.clock = clock
        self.learned = learned
        self.store = store
        self.submit = submit
    }

    package func apply(_ policies: [ScalingPolicy]) {
        schedule.withLock { $0.apply(policies) }
        measurer.keep(only: policies)
        let names = Set(policies.map(\.name))
        submitted.withLock { $0 = $0.filter { names.contains($0.key) } }
        store(written.withLock { $0.ended(keeping: names, at: clock.now) })
    }

    /// Samples arrived; whoever is due soon is measured now.
    package func landed() { schedule.withLock { $0.landed() } }

    /// What is worth a decision before a policy's interval is over: every decision is recorded, and most moments say
    /// what the one before said.
    private func news(_ measurements: [Measurement], of policies: [ScalingPolicy]) -> [Measurement] {
        submitted.withLock { submitted in
            zip(measurements, policies).compactMap { measurement, policy in
                if let last = submitted[policy.name], measurement.at - last.at < policy.interval,
                    measurement.at >= last.at, measurement.says(nearly: last)
                {
                    return nil
                }
                submitted[policy.name] = measurement
                return measurement
            }
        }
    }

    /// Runs until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            try await clock.sleep(for: schedule.withLock(\.isEmpty) ? Self.idleTick : Self.tick)
            let begin = clock.uptime
            let due = schedule.withLock { $0.takeDue(at: begin) }
            guard !due.isEmpty else { continue }
            for part in schedule.withLock({ $0.parts(of: due) }) { await measure(part) }
            let took = clock.uptime - begin
            schedule.withLock { $0.measured(due.count, within: took) }
        }
    }

    /// Measures some policies at this moment and hands on what is news.
    private func measure(_ policies: [ScalingPolicy]) async {
        let now = clock.now
        let round = await measurer.measure(policies, at: now, learned: learned())
        let news = self.news(round.measurements, of: policies)
        // A decision does not wait for what is only kept.
        for measurement in news { submit(measurement) }
        let told = Set(news.map(\.policy))
        let samples = round.samples.filter { told.contains($0.labels["policy"] ?? "") }
        store(samples + written.withLock { $0.ended(besides: samples, of: told, at: now) })
    }
}

extension Measurement {
    /// Smaller moves than this share of a value wait for the interval.
    private static let smallest = 0.02

    /// Whether another measurement has the same qualities and nearly the same values.
    fileprivate func says(nearly other: Measurement) -> Bool {
        guard signals.count == other.signals.count, schedules?.map(\.name) == other.schedules?.map(\.name)
        else { return false }
        func isNear(_ a: Double, _ b: Double) -> Bool {
            a == b || abs(a - b) <= max(abs(a), abs(b)) * Self.smallest
        }
        return zip(signals, other.signals).allSatisfy { mine, theirs in
            guard mine.name == theirs.name, mine.quality == theirs.quality,
                mine.outlook?.isTrusted == theirs.outlook?.isTrusted,
                isNear(mine.outlook?.peak ?? 0, theirs.outlook?.peak ?? 0)
            else { return false }
            guard case .value(let a, _) = mine.reading, case .value(let b, _) = theirs.reading else {
                return true
            }
            return isNear(a, b)
        }
    }
}
