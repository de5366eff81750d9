import Fleet
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// A forecast stands in for a signal without data, for as long as the bridge is.
struct BridgeTests {
    /// Eight short days of four hours, in the middle of which the load goes from 100 to 1000.
    private static let day = Duration.seconds(14_400)
    private static let midnight = Timestamp(milliseconds: 1_699_920_000_000)

    private static func load(_ moment: Timestamp) -> Double {
        let second = moment.milliseconds / 1000 % 14_400
        return second >= 7200 && second < 12_000 ? 1000 : 100
    }

    private func policy(step: Duration? = nil) -> ScalingPolicy {
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 100,
            signals: [SignalPolicy(name: "load", query: "sum(x)", target: .perReplica(50))],
            prediction: Prediction(
                signal: "load", leadTime: .fixed(.seconds(180)), history: Self.day * 8,
                step: step ?? .seconds(60)))
        policy.bridge = .seconds(900)
        policy.suspectsZeroFor = .seconds(600)
        return policy
    }

    /// Peaks foreseen minute by minute from 01:50 of the ninth day on; the source fails at 01:55.
    private func peaks(
        _ policy: ScalingPolicy, until minutes: Int, age: @escaping @Sendable (Timestamp) -> Duration?,
        answer: @escaping @Sendable (Timestamp) throws(QueryError) -> QueryValue
    ) async -> [Double?] {
        let measurer = Measurer(engine: DyingEngine(age: age, answer: answer))
        let start = Self.midnight + Self.day * 8 + .seconds(110 * 60)
        var peaks: [Double?] = []
        for minute in 0..<minutes {
            let round = await measurer.measure([policy], at: start + .seconds(60 * minute))
            peaks.append(round.measurements[0].signals[0].outlook?.peak)
        }
        return peaks
    }

    private static let failure = midnight + day * 8 + .seconds(115 * 60)

    @Test(arguments: ["gone", "not a number", "failing", "zero", "negative"])
    func `what comes after the last value is foreseen from it, until the bridge is over`(kind: String)
        async throws
    {
        let peaks = await peaks(
            policy(), until: 25, age: { $0 < Self.failure || kind != "gone" ? .zero : nil }
        ) {
            moment throws(QueryError) in
            if moment < Self.failure { return .vector([TableEngine.element(Self.load(moment))]) }
            switch kind {
            case "gone": return .vector([])
            case "not a number": return .vector([TableEngine.element(.nan)])
            case "zero": return .vector([TableEngine.element(0)])
            case "negative": return .vector([TableEngine.element(-1)])
            default: throw QueryError(.timeout, "query timed out")
            }
        }

        // At 01:50 nothing is foreseen for 01:53; from 01:56 on the jump at 02:00 is, with the source gone.
        #expect(try #require(peaks[0]) < 300, "\(peaks)")
        let until = kind == "zero" ? 14 : 20
        for minute in 8..<until { #expect(try #require(peaks[minute]) > 900, "\(kind) \(minute): \(peaks)") }
        if kind != "zero" { #expect(peaks[22...].allSatisfy { $0 == nil }, "\(peaks)") }
    }

    @Test
    func `what remains of a series that has ended moves no forecast`() async throws {
        let policy = policy()
        let clean = await peaks(policy, until: 20, age: { $0 < Self.failure ? .zero : nil }) { moment in
            .vector(moment < Self.failure ? [TableEngine.element(Self.load(moment))] : [])
        }
        let dying = await peaks(policy, until: 20, age: { $0 < Self.failure ? .zero : nil }) { moment in
            // As rate(x[5m]) does.
            let left = max(0, 1 - (moment - Self.failure).inSeconds / 300)
            return .vector(
                moment < Self.failure
                    ? [TableEngine.element(Self.load(moment))]
                    : left > 0 ? [TableEngine.element(Self.load(moment) * left)] : [])
        }

        #expect(clean == dying)
    }

    @Test
    func `a scrape that is a little too slow for the policy is history all the same`() async {
        let slow = await peaks(policy(), until: 30, age: { _ in .seconds(50) }) { moment in
            .vector([TableEngine.element(Self.load(moment))])
        }
        let quick = await peaks(policy(), until: 30, age: { _ in .zero }) { moment in
            .vector([TableEngine.element(Self.load(moment))])
        }

        #expect(slow == quick)
    }

    @Test
    func `a coarse step is bridged for as long`() async throws {
        let policy = policy(step: .seconds(300))
        let peaks = await peaks(policy, until: 20, age: { $0 < Self.failure ? .zero : nil }) { moment in
            .vector(moment < Self.failure ? [TableEngine.element(Self.load(moment))] : [])
        }

        for minute in 11..<20 { #expect(try #require(peaks[minute]) > 900, "\(minute): \(peaks)") }
    }

    @Test
    func `decided every quarter of a minute, the replicas are there before the jump`() async throws {
        let policy = policy()
        let measurer = Measurer(
            engine: DyingEngine(age: { $0 < Self.failure ? .zero : nil }) { moment in
                .vector(moment < Self.failure ? [TableEngine.element(Self.load(moment))] : [])
            })
        var memory = ScalingMemory()
        var count = 3
        var kinds: [Bool] = []
        let start = Self.midnight + Self.day * 8 + .seconds(110 * 60)
        for step in 0..<100 {
            let now = start + .seconds(15 * step)
            let measurement = await measurer.measure([policy], at: now).measurements[0]
            let decision = decide(
                policy, measurement, counts: ReplicaCounts(desired: count, ready: count, starting: 0),
                memory: &memory, now: now)
            count = decision.desired
            if now >= Self.failure {
                kinds.append(decision.reasons.contains { $0.text.hasSuffix("stands in for the signal") })
            }
            if now == start + .seconds(600) { #expect(count >= 20) }
        }

        // A quarter of an hour.
        #expect(kinds.prefix(59).allSatisfy { $0 }, "\(kinds)")
        #expect(!kinds[61])
    }
}

/// Answers `sum(x)` and how old its newest sample is by functions of time.
private struct DyingEngine: QueryEngine {
    var age: @Sendable (Timestamp) -> Duration?
    var answer: @Sendable (Timestamp) throws(QueryError) -> QueryValue

    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult {
        try await TableEngine(age: age(range.start), answers: ["sum(x)": answer]).evaluate(
            expression, over: range, limits: limits)
    }
}
