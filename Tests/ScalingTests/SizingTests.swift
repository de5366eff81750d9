import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// Count and size of replicas are decided by one arbiter, and neither chases the other.
struct SizingTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func policy(_ mode: Sizing.Mode = .resize) -> ScalingPolicy {
        var policy = ScalingPolicy(
            name: "web", workload: WorkloadID("web")!, minReplicas: 2, maxReplicas: 200,
            signals: [SignalPolicy(name: "cpu", query: "q", target: .mean(0.6), unit: .share)],
            behaviour: ScalingBehaviour(
                up: .init(window: .zero, limit: .none), down: .init(window: .seconds(300), limit: .none)))
        policy.sizing = Sizing(
            cpu: Sizing.Resource(query: "u", least: 0.05, most: 8),
            memory: Sizing.Resource(query: "m", quantile: 0.98, least: 16_777_216, most: 8_589_934_592),
            mode: mode)
        return policy
    }

    private struct Step {
        var now: Timestamp
        var from: Int
        var count: Int
        var size: ReplicaSize
        var decision: ScaleDecision
    }

    /// A service that needs so many cores and, per replica, so much memory: usage follows from count and size, and the
    /// next decision from usage.
    private func run(
        _ policy: ScalingPolicy, hours: Int, count: Int, milliCPU: Int, cores: (Int) -> Double
    ) -> [Step] {
        var memory = ScalingMemory()
        var count = count
        var size = ReplicaSize(milliCPU: milliCPU, memoryBytes: 256 << 20)
        var steps: [Step] = []
        for step in 0..<hours * 240 {
            let now = start + .seconds(step * 15)
            let each = cores(step) / Double(count)
            let used = min(each, Double(size.milliCPU) / 1000)
            let measurement = Measurement(
                policy: policy.name, workload: policy.workload, at: now,
                signals: [
                    Signal(name: "cpu", reading: .value(used / Double(size.milliCPU) * 1000, measuredAt: now))
                ],
                usage: [ResourceUsage(.cpu, used), ResourceUsage(.memory, 100_000_000)])
            let decision = decide(
                policy, measurement,
                counts: ReplicaCounts(desired: count, ready: count, starting: 0, size: size),
                memory: &memory, now: now)
            steps.append(
                Step(
                    now: now, from: count, count: decision.desired, size: decision.size ?? size,
                    decision: decision))
            count = decision.desired
            if policy.sizing?.mode == .resize, let new = decision.size { size = new }
        }
        return steps
    }

    private func noise(_ step: Int) -> Double { 1 + Double((step &* 7919) % 17 - 8) / 100 }

    @Test(arguments: [(4, 100), (30, 100), (3, 4000), (20, 4000)])
    func `count and size come to rest together, wherever they begin`(count: Int, milliCPU: Int) {
        let steps = run(policy(), hours: 12, count: count, milliCPU: milliCPU) { 3.0 * noise($0) }

        let late = steps.suffix(4 * 240)
        #expect(Set(late.map(\.count)).count == 1)
        #expect(Set(late.map(\.size)).count == 1)
        let last = steps[steps.count - 1]
        #expect((2..<200).contains(last.count), "\(last.count)")
        // What is reserved is what is needed, at the target and within both tolerances.
        let reserved = Double(last.count * last.size.milliCPU) / 1000
        #expect(reserved > 3.0 / 0.6 * 0.8 && reserved < 3.0 / 0.6 * 1.45, "\(reserved)")
    }

    @Test
    func `count and size never change at once, and each waits until the other has settled`() {
        let steps = run(policy(), hours: 24, count: 4, milliCPU: 200) { step in
            (step / 480 % 2 == 0 ? 2.0 : 6.0) * noise(step)
        }
        var counted: Timestamp?
        var sized: Timestamp?
        var sizes = 0

        for step in steps {
            let moves = step.count != step.from
            let resizes = step.decision.size != nil
            #expect(!(moves && resizes))
            if resizes {
                sizes += 1
                if let counted { #expect(step.now - counted >= .seconds(300)) }
                if let sized { #expect(step.now - sized >= .seconds(300)) }
                sized = step.now
            }
            if step.count < step.from, let sized { #expect(step.now - sized >= .seconds(300)) }
            if moves { counted = step.now }
        }

        #expect(sizes > 0)
        #expect(counted != nil)
    }

    @Test
    func `memory is sized by the peaks of five minutes with a margin`() {
        let steps = run(policy(), hours: 8, count: 4, milliCPU: 1250) { 3.0 * noise($0) }

        let bytes = steps[steps.count - 1].size.memoryBytes
        #expect(bytes >= 115_000_000 && bytes < 130_000_000, "\(bytes)")
    }

    @Test
    func `a recommendation is recorded and changes nothing`() {
        let steps = run(policy(.recommend), hours: 2, count: 5, milliCPU: 4000) { 3.0 * noise($0) }

        let last = steps[steps.count - 1].decision
        #expect(last.size != nil)
        #expect(last.reason(.sizing)?.text.hasSuffix("a recommendation") == true)
    }

    @Test
    func `what was used long ago weighs less`() throws {
        var histogram = UsageHistogram(unit: 0.01)
        for minute in 0..<600 {
            histogram.add(2, at: start + .seconds(minute * 60), halfLife: .seconds(3600))
        }
        for minute in 600..<1200 {
            histogram.add(0.5, at: start + .seconds(minute * 60), halfLife: .seconds(3600))
        }

        let quantile = try #require(histogram.quantile(0.9))
        #expect(quantile >= 0.5 && quantile < 0.55)
    }

    @Test
    func `a few observations size nothing`() {
        var histogram = UsageHistogram(unit: 0.01)
        for second in 0..<59 { histogram.add(2, at: start + .seconds(second), halfLife: .seconds(3600)) }

        #expect(histogram.quantile(0.9) == nil)
    }
}
