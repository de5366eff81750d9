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

    @Test
    func `a fall to exactly zero at once is not believed for a while`() {
        var scene = scene()
        #expect(scene.decide(1000).desired == 20)
        scene.pass(.seconds(15))

        let fallen = scene.decide(0)
        #expect(fallen.desired == 20)
        #expect(fallen.reason(.untrusted)?.until == scene.now + .seconds(600))
        scene.pass(.seconds(599))
        #expect(scene.decide(0).desired == 20)
        scene.pass(.seconds(1))
        #expect(scene.decide(0).desired == 0)
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
