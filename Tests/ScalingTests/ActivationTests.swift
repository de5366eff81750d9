import Testing
import TimeSeries

@testable import Scaling

/// To and from zero, as KEDA does it.
struct ActivationTests {
    private func scene(current: Int, activation: Double = 5) -> Scene {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50), activation: activation)
            ],
            prediction: Prediction(signal: "load", band: 0, headroom: 0), current: current)
        scene.policy.idleAfter = .seconds(300)
        return scene
    }

    @Test(arguments: [(0.0, 0), (5.0, 0), (5.1, 1), (120.0, 3)])
    func `from nothing, only a value above the activation starts something`(load: Double, count: Int) {
        var scene = scene(current: 0)

        #expect(scene.decide(load).desired == count)
    }

    @Test
    func `the last replica stays until nothing was to be done for the idle time`() {
        var scene = scene(current: 0)
        #expect(scene.decide(60).desired == 2)
        scene.pass(.seconds(100))

        let waiting = scene.decide(0)
        #expect(waiting.desired == 1)
        #expect(waiting.reason(.idle)?.until == scene.now + .seconds(200))
        scene.pass(.seconds(199))
        #expect(scene.decide(5).desired == 1)
        scene.pass(.seconds(1))
        #expect(scene.decide(5).desired == 0)
    }

    @Test
    func `the idle time stands in for the window before the last replica leaves`() {
        var scene = scene(current: 0)
        scene.policy.behaviour.down.window = .seconds(600)
        _ = scene.decide(40)
        scene.pass(.seconds(300))

        #expect(scene.decide(0).desired == 0)
    }

    @Test
    func `the first replica waits for no window`() {
        var scene = scene(current: 0)
        scene.policy.behaviour.up.window = .seconds(60)
        _ = scene.decide(0)
        scene.pass(.seconds(15))

        #expect(scene.decide(500).desired == 1)
    }

    @Test(arguments: [1, 4])
    func `a signal that is not to be trusted neither wakes nor ends anything`(current: Int) {
        var asleep = scene(current: 0)
        var awake = scene(current: current)
        awake.pass(.seconds(3600))

        #expect(asleep.decide(["load": .missing]).desired == 0)
        #expect(awake.decide(["load": .missing]).desired == current)
    }

    @Test(arguments: [(4.0, 0), (80.0, 2)])
    func `a forecast above the activation warms up ahead`(peak: Double, count: Int) {
        var scene = scene(current: 0)
        let outlook = Signal.Outlook(
            expectedPeak: peak, peak: peak, quantile: 0.95, horizon: .seconds(60), model: "m", isTrusted: true
        )

        #expect(scene.decide(0, outlook: outlook).desired == count)
    }

    @Test(arguments: [(nil, 0), (0.0, 1), (0.1, 0)])
    func `what replicas use by themselves keeps none, unless an activation is written`(
        activation: Double?, count: Int
    ) {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50)),
                SignalPolicy(
                    name: "cpu", query: "c", target: .mean(0.6), unit: .share, activation: activation),
                SignalPolicy(name: "latency", query: "l", target: .objective(0.25), activation: activation),
            ], current: 2)
        scene.policy.idleAfter = .seconds(60)
        func idle() -> [String: Signal.Reading] {
            ["load": 0.0, "cpu": 0.05, "latency": 0.004].mapValues { .value($0, measuredAt: scene.now) }
        }
        _ = scene.decide(idle())
        scene.pass(.seconds(60))

        #expect(scene.decide(idle()).desired == count)
    }

    @Test
    func `a schedule warms up ahead`() {
        var scene = scene(current: 0)
        scene.policy.schedules = [
            ScalingSchedule(name: "all", times: .daily(days: Array(0...6), from: 0, to: 1440), least: 2)
        ]

        #expect(scene.decide(0).desired == 2)
    }
}
