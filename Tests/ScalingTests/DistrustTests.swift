import Testing
import TimeSeries

@testable import Scaling

/// reliability.md 2.7, DE1 and DE3: what is not to be trusted removes nothing, and says why.
struct DistrustTests {
    private let signals = [
        SignalPolicy(name: "load", query: "q", target: .perReplica(50)),
        SignalPolicy(name: "cpu", query: "q", target: .perReplica(0.5)),
    ]
    private static let now = Scene(target: .perReplica(1), current: 1).now

    /// Everything that a reading can be but a fresh number.
    private static let untrusted: [(reading: Signal.Reading?, text: String)] = [
        (nil, "has no data"),
        (.missing, "has no data"),
        (.notFinite, "is not a finite number"),
        (.failed("timeout"), "could not be measured: timeout"),
        (.value(.nan, measuredAt: now), "is not a number"),
        (.value(.infinity, measuredAt: now), "is infinite"),
        (.value(0, measuredAt: now - .seconds(46)), "was 0 46s ago; stale after 45s"),
        (.value(0, measuredAt: now + .seconds(6)), "is dated 6s in the future"),
        (.stale(0, measuredAt: now - .seconds(10)), "was 0 10s ago; stale after 45s"),
    ]

    @Test(arguments: untrusted.indices)
    func `an untrusted signal alone holds the count and says why`(index: Int) {
        let (reading, text) = Self.untrusted[index]
        var scene = Scene(signals: [signals[0]], current: 10)

        let decision = scene.decide(reading.map { ["load": $0] } ?? [:])

        #expect(decision.desired == 10)
        #expect(decision.kinds == [.untrusted, .held])
        #expect(decision.reason(.untrusted)?.text == text)
    }

    @Test(arguments: untrusted.indices)
    func `beside an untrusted signal nothing is removed`(index: Int) {
        var scene = Scene(signals: signals, current: 10)
        var readings: [String: Signal.Reading] = ["load": .value(100, measuredAt: scene.now)]
        readings["cpu"] = Self.untrusted[index].reading

        let decision = scene.decide(readings)

        #expect(decision.desired == 10)
        #expect(
            decision.reason(.held)?.text
                == "cpu: not to be trusted, so nothing is removed; the others ask for 2")
    }

    @Test(arguments: untrusted.indices)
    func `beside an untrusted signal the others may add`(index: Int) {
        var scene = Scene(signals: signals, current: 10)
        var readings: [String: Signal.Reading] = ["load": .value(800, measuredAt: scene.now)]
        readings["cpu"] = Self.untrusted[index].reading

        #expect(scene.decide(readings).desired == 16)
    }

    @Test
    func `a signal that the policy ignores when missing holds nothing`() {
        var scene = Scene(
            signals: [
                signals[0],
                SignalPolicy(name: "cpu", query: "q", target: .perReplica(0.5), whenMissing: .ignore),
            ], current: 10)

        #expect(scene.decide(["load": .value(100, measuredAt: scene.now), "cpu": .missing]).desired == 2)
    }

    @Test
    func `two signals that disagree: the larger count wins`() {
        var scene = Scene(signals: signals, current: 10)
        let readings: [String: Signal.Reading] = [
            "load": .value(100, measuredAt: scene.now), "cpu": .value(7, measuredAt: scene.now),
        ]

        #expect(scene.decide(readings).desired == 14)
    }

    @Test
    func `removal needs all signals to agree`() {
        var scene = Scene(signals: signals, current: 10)

        let split = scene.decide([
            "load": .value(100, measuredAt: scene.now), "cpu": .value(5, measuredAt: scene.now),
        ])
        let agreed = scene.decide([
            "load": .value(100, measuredAt: scene.now), "cpu": .value(2, measuredAt: scene.now),
        ])

        #expect(split.desired == 10)
        #expect(agreed.desired == 4)
    }

    @Test
    func `an outage leaves the window full, so that recovery removes nothing at once`() {
        var behaviour = Scene.free
        behaviour.down.window = .seconds(300)
        var scene = Scene(signals: [signals[0]], behaviour: behaviour, current: 10)
        for _ in 0..<60 {
            _ = scene.decide(["load": .missing])
            scene.pass(.seconds(15))
        }

        #expect(scene.decide(50).desired == 10)
        scene.pass(.seconds(300))
        #expect(scene.decide(50).desired == 1)
    }

    @Test
    func `a measurement of another policy is none`() {
        let scene = Scene(signals: [signals[0]], current: 10)
        var memory = ScalingMemory()
        let measurement = Measurement(
            policy: "other", workload: scene.policy.workload, at: scene.now,
            signals: [Signal(name: "load", reading: .value(0, measuredAt: scene.now))])
        let counts = ReplicaCounts(desired: 10, ready: 10, starting: 0)

        #expect(
            decide(scene.policy, measurement, counts: counts, memory: &memory, now: scene.now).desired == 10)
    }

    @Test(arguments: [0.0, -1.0, .nan, .infinity, .leastNonzeroMagnitude])
    func `a target that divides to nonsense traps nothing`(target: Double) {
        for kind in [
            SignalPolicy.Target.perReplica(target), .mean(target), .objective(target),
            .backlog(rate: target, within: .zero),
        ] {
            var scene = Scene(target: kind, current: 10)
            #expect((0...100).contains(scene.decide(5).desired))
        }
    }

    @Test(arguments: [(5, 3), (-4, 7), (0, 0), (.min, .max), (.max, .min)])
    func `impossible bounds are made possible`(lowest: Int, highest: Int) {
        var scene = Scene(target: .perReplica(50), min: lowest, max: highest, current: 4)

        #expect(scene.decide(500).desired >= 0)
    }
}
