import Fleet
import Glibc
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// The shipped demo policies over the real query engine: a compressed day of four minutes, scraped every two
/// seconds.
struct DemoPolicyTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    /// As the demo's load: 15 to 100 requests a second.
    private static func rate(_ seconds: Double) -> Double { 57.5 - 42.5 * cos(2 * .pi * seconds / 240) }

    private func source(minutes: Int, endingAt end: Int? = nil) -> ArraySource {
        let times = (0..<minutes * 30).map { Self.start + .seconds($0 * 2) }
        let last = end ?? .max
        var total = 0.0
        var requests: [Sample] = []
        var queue: [Sample] = []
        var fast: [Sample] = []
        for (index, time) in times.enumerated() where index * 2 <= last {
            total += 2 * Self.rate(Double(index * 2))
            requests.append(Sample(time, total.rounded()))
            fast.append(Sample(time, total.rounded()))
            queue.append(Sample(time, 3))
        }
        func series(_ name: String, _ samples: [Sample], _ labels: [String: String] = [:]) -> SeriesColumns {
            var all = labels
            all["__name__"] = name
            all["workload"] = "web"
            return SeriesColumns(
                labels: Labels(all), times: TimeColumn(samples.map(\.timestamp.milliseconds)),
                values: samples.map(\.value))
        }
        var source = ArraySource()
        for added in [
            series("http_requests_total", requests), series("http_queue_depth", queue),
            series("http_request_duration_seconds_bucket", fast, ["le": "0.1"]),
            series("http_request_duration_seconds_bucket", fast, ["le": "+Inf"]),
        ] { source.append(added) }
        return source
    }

    private func policies() throws -> [ScalingPolicy] {
        try PolicyFile.load([(name: "demo", text: try Repository.text("rules/demo.policies.yml"))])
    }

    @Test
    func `each policy decides on all of its signals`() async throws {
        let measurer = Measurer(engine: LocalEngine(source: source(minutes: 3)))
        let now = Self.start + .seconds(121)

        let round = await measurer.measure(try policies(), at: now)

        #expect(round.measurements.map(\.policy) == ["predictive", "reactive", "queue"])
        for (policy, measurement) in zip(try policies(), round.measurements) {
            var memory = ScalingMemory()
            let decision = decide(
                policy, measurement, counts: ReplicaCounts(desired: 4, ready: 4, starting: 0),
                memory: &memory,
                now: now)
            #expect((6...8).contains(decision.desired), "\(decision)")
        }
    }

    @Test
    func `the demo's day scales out and in within three minutes, before any forecast`() async throws {
        let policy = try policies()[0]
        let measurer = Measurer(engine: LocalEngine(source: source(minutes: 4)))
        var memory = ScalingMemory()
        var count = 2
        var highest = 0
        var lowered: Int?
        for second in stride(from: 20, through: 180, by: 2) {
            let now = Self.start + .seconds(second)
            let measurement = await measurer.measure([policy], at: now).measurements[0]
            let decision = decide(
                policy, measurement, counts: ReplicaCounts(desired: count, ready: count, starting: 0),
                memory: &memory, now: now)
            if decision.desired < count, count == highest, lowered == nil { lowered = second }
            count = decision.desired
            highest = max(highest, count)
        }

        #expect((7...9).contains(highest))
        #expect((130...180).contains(try #require(lowered)))
    }

    @Test
    func `the third day is foreseen`() async throws {
        let policy = try policies()[0]
        let measurer = Measurer(engine: LocalEngine(source: source(minutes: 11)))

        let measurement = await measurer.measure([policy], at: Self.start + .seconds(540)).measurements[0]

        let outlook = try #require(measurement.signals[0].outlook)
        #expect(outlook.isTrusted)
        // A quarter of the wave before its crest the load still rises; the model is of the last full period.
        #expect(outlook.expectedPeak > Self.rate(540) + 4)
    }

    @Test
    func `a target that dies leaves a stale signal, and the count`() async throws {
        let policy = try policies()[0]
        let measurer = Measurer(engine: LocalEngine(source: source(minutes: 3, endingAt: 120)))
        let now = Self.start + .seconds(136)

        let measurement = await measurer.measure([policy], at: now).measurements[0]
        var memory = ScalingMemory()
        let decision = decide(
            policy, measurement, counts: ReplicaCounts(desired: 10, ready: 10, starting: 0), memory: &memory,
            now: now)

        #expect(decision.desired == 10)
        #expect(decision.reason(.untrusted) != nil)
    }
}
