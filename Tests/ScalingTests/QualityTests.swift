import Testing
import TimeSeries

@testable import Scaling

/// What partial, imputed and suspicious readings may do.
struct QualityTests {
    private func scene(_ target: SignalPolicy.Target = .perReplica(50), current: Int = 20) -> Scene {
        var scene = Scene(
            signals: [SignalPolicy(name: "load", query: "q", target: target)],
            prediction: Prediction(signal: "load", band: 0, headroom: 0), current: current)
        scene.policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
        scene.policy.suspectsZeroFor = .seconds(600)
        scene.policy.bridge = .seconds(900)
        return scene
    }

    private func outlook(_ peak: Double) -> Signal.Outlook {
        Signal.Outlook(
            expectedPeak: peak, peak: peak, quantile: 0.95, horizon: .seconds(60), model: "m", isTrusted: true
        )
    }

    /// 20 run. A total over 90 % of the sources is completed to the whole, and a tenth may go at once.
    @Test(arguments: [
        (450.0, 1.0, 9), (450.0, 0.9, 18), (855.0, 0.9, 19), (450.0, 0.6, 20), (450.0, 0.0, 20),
        (1500.0, 0.6, 30),
    ])
    func `a partial reading removes little or nothing, and adds what it shows`(
        load: Double, coverage: Double, count: Int
    ) {
        var scene = scene()
        scene.policy.behaviour.down.tolerance = 0
        scene.policy.behaviour.up.tolerance = 0

        let decision = scene.decide(["load": .value(load, measuredAt: scene.now)], coverage: coverage)

        #expect(decision.desired == count)
    }

    @Test(arguments: [(0.0, 0), (1e-30, 1)])
    func `a fall to zero or next to nothing at once is not believed for a while`(value: Double, count: Int) {
        var scene = scene()
        #expect(scene.decide(1000).desired == 20)
        scene.pass(.seconds(15))

        let fallen = scene.decide(value)
        #expect(fallen.desired == 20)
        #expect(fallen.reason(.untrusted)?.until == scene.now + .seconds(600))
        scene.pass(.seconds(599))
        #expect(scene.decide(value).desired == 20)
        scene.pass(.seconds(1))
        #expect(scene.decide(value).desired == count)
    }

    @Test
    func `a load that fades to zero is believed`() {
        var scene = scene()
        _ = scene.decide(1000)
        _ = scene.decide(40)

        #expect(scene.decide(0).desired == 0)
    }

    @Test
    func `a forecast stands in for a signal without data, and not for ever`() {
        var scene = scene()
        _ = scene.decide(1000)
        scene.pass(.seconds(60))

        let bridged = scene.decide(["load": .missing], outlook: outlook(1300))
        #expect(bridged.desired == 26)
        #expect(bridged.reason(.forecast)?.until == scene.now + .seconds(840))
        scene.pass(.seconds(840))
        let expired = scene.decide(["load": .missing], outlook: outlook(2000))
        #expect(expired.desired == 26)
        #expect(expired.reason(.forecastIdle) != nil)
    }
}

extension QualityTests {
    @Test
    func `a signal without data for long asks for the fallback, and never for less than there is`() {
        var few = scene(current: 2)
        few.policy.fallback = ScalingPolicy.Fallback(replicas: 6, after: .seconds(90))
        _ = few.decide(100)
        few.pass(.seconds(60))
        #expect(few.decide(["load": .missing]).desired == 2)
        few.pass(.seconds(30))
        #expect(few.decide(["load": .missing]).desired == 6)

        var many = scene(current: 9)
        many.policy.fallback = ScalingPolicy.Fallback(replicas: 6, after: .zero)
        #expect(many.decide(["load": .missing]).desired == 9)
    }

    @Test
    func `after a change a direction waits for its cooldown`() {
        var scene = scene(current: 4)
        scene.policy.behaviour.up.cooldown = .seconds(60)
        scene.policy.behaviour.down.cooldown = .seconds(300)
        #expect(scene.decide(400).desired == 8)
        scene.pass(.seconds(59))
        let held = scene.decide(800)
        #expect(held.desired == 8)
        #expect(held.reason(.rateLimited)?.until == scene.now + .seconds(1))
        scene.pass(.seconds(1))
        #expect(scene.decide(800).desired == 16)
        scene.pass(.seconds(299))
        #expect(scene.decide(100).desired == 16)
        scene.pass(.seconds(1))
        #expect(scene.decide(100).desired == 2)
    }
}

/// Numbers that cannot be, and zeros of signals that know no demand.
struct ImpossibleReadingTests {
    private static let steps = [
        SignalPolicy.Step(.above(0.8), .share(0.2)), SignalPolicy.Step(.below(0.2), .replicas(-1)),
    ]

    private static let targets: [SignalPolicy.Target] = [
        .perReplica(50), .mean(0.6), .backlog(rate: 20, within: .seconds(30)), .objective(0.25),
        .steps(steps),
    ]

    @Test(arguments: targets.indices)
    func `a number below zero removes nothing, and is no value to come back from`(index: Int) {
        var scene = Scene(target: Self.targets[index], current: 20)
        scene.policy.suspectsZeroFor = .seconds(600)

        let decision = scene.decide(-1)

        #expect(decision.desired == 20)
        #expect(decision.reason(.untrusted)?.text.hasSuffix("which cannot be: it is below 0") == true)
        #expect(scene.memory.signal("load") == nil)
    }

    @Test
    func `when: not_a_number says what numbers below zero may do`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50)),
                SignalPolicy(name: "cpu", query: "q", target: .mean(0.6), whenNotFinite: .ignore),
            ], current: 10)

        let readings: [String: Signal.Reading] = [
            "load": .value(100, measuredAt: scene.now), "cpu": .value(-3, measuredAt: scene.now),
        ]
        #expect(scene.decide(readings).desired == 2)
    }

    @Test
    func `what steps watch may be below zero where a step says so, and summing leaves hairs`() {
        let steps = [SignalPolicy.Step(.below(-5), .replicas(-1))]
        var temperature = Scene(target: .steps(steps), current: 20)
        var hair = Scene(target: .perReplica(50), current: 1)

        #expect(temperature.decide(-6).desired == 19)
        #expect(hair.decide(-1e-12).desired == 0)
    }

    @Test
    func `a number below zero is shown as impossible`() {
        let policy = SignalPolicy(name: "load", query: "q", target: .perReplica(50))
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        let signal = Signal(name: "load", reading: .value(-3, measuredAt: now - .seconds(2)))

        #expect(signal.qualityText(policy, at: now) == "-3, impossible, 2s old")
    }

    @Test(arguments: [
        (SignalPolicy.Target.objective(0.25), 0.2), (.objective(0.25), 0.6), (.steps(steps), 0.6),
    ])
    func `a latency or step signal that falls to exactly zero at once is not believed for a while`(
        target: SignalPolicy.Target, before: Double
    ) {
        var scene = Scene(target: target, current: 20)
        scene.policy.suspectsZeroFor = .seconds(600)
        let count = scene.decide(before).desired
        scene.pass(.seconds(15))

        let fallen = scene.decide(0)
        #expect(fallen.desired == count)
        #expect(fallen.reason(.untrusted)?.until == scene.now + .seconds(600))
        scene.pass(.seconds(600))
        #expect(scene.decide(0).desired < count)
    }

    @Test(arguments: [(SignalPolicy.Target.objective(0.25), 0.1), (.steps(steps), 0.1)])
    func `zero after what already asked for less is believed`(target: SignalPolicy.Target, before: Double) {
        var scene = Scene(target: target, current: 20)
        scene.policy.suspectsZeroFor = .seconds(600)
        let count = scene.decide(before).desired
        scene.pass(.seconds(15))

        #expect(scene.decide(0).desired < count)
    }
}
