import Testing
import TimeSeries

@testable import Scaling

/// A backlog beside what arrives, which is foreseen.
struct BacklogTests {
    private func scene(
        current: Int, combination: ScalingPolicy.Combination? = .sum, behaviour: ScalingBehaviour = Scene.free
    ) -> Scene {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(10)),
                SignalPolicy(
                    name: "backlog", query: "q", target: .backlog(rate: 10, within: .seconds(30))),
            ], prediction: Prediction(signal: "load", band: 0, headroom: 0), behaviour: behaviour,
            current: current)
        scene.policy.combination = combination
        return scene
    }

    private func decide(
        _ scene: inout Scene, _ load: Double, _ backlog: Double, peak: Double? = nil, keep: Double? = nil
    ) -> ScaleDecision {
        let outlook = peak.map {
            Signal.Outlook(
                expectedPeak: $0, peak: $0, quantile: 0.95, horizon: .seconds(300), model: "seasonal",
                isTrusted: true, keep: keep ?? $0)
        }
        return scene.decide(
            [
                "load": .value(load, measuredAt: scene.now),
                "backlog": .value(backlog, measuredAt: scene.now),
            ], outlook: outlook)
    }

    /// 900 at 300 each are three replicas.
    @Test
    func `what waits is worked off beside what is foreseen to arrive`() {
        var scene = scene(current: 10)

        #expect(decide(&scene, 100, 900, peak: 120).desired == 15)
        #expect(decide(&scene, 100, 900, peak: 100, keep: 110).desired == 14)
    }

    @Test
    func `the largest of both counts where they are not added`() {
        var scene = scene(current: 10, combination: nil)

        #expect(decide(&scene, 100, 900, peak: 120).desired == 12)
    }

    /// 240 are 0.8 replicas.
    @Test
    func `a backlog within the tolerance adds nothing to what is foreseen`() {
        var scene = scene(current: 10)

        #expect(decide(&scene, 95, 240, peak: 98).desired == 10)
    }

    @Test(arguments: [.sum, nil] as [ScalingPolicy.Combination?])
    func
        `the window keeps nothing for a backlog that has been worked off, as the forecast knows what arrives`(
            combination: ScalingPolicy.Combination?
        )
    {
        let behaviour = ScalingBehaviour(
            up: Scene.free.up, down: ScalingBehaviour.Direction(window: .seconds(300), limit: .none))
        var scene = scene(current: 10, combination: combination, behaviour: behaviour)
        #expect(decide(&scene, 100, 6000, peak: 100).desired >= 20)
        scene.pass(.seconds(15))

        #expect(decide(&scene, 100, 30, peak: 100).desired <= 11)
    }

    @Test
    func `beside another signal of demand the window keeps what was asked for`() {
        let behaviour = ScalingBehaviour(
            up: Scene.free.up, down: ScalingBehaviour.Direction(window: .seconds(300), limit: .none))
        var scene = scene(current: 10, combination: nil, behaviour: behaviour)
        scene.policy.signals[1].target = .perReplica(300)
        #expect(decide(&scene, 100, 6000, peak: 100).desired == 20)
        scene.pass(.seconds(15))

        #expect(decide(&scene, 100, 30, peak: 100).desired == 20)
    }

    private func countAfterZero(_ backlog: Double, load: Double = 100) -> Int {
        var scene = scene(current: 20)
        scene.policy.suspectsZeroFor = .seconds(600)
        _ = decide(&scene, 100, backlog)
        scene.current = 20
        scene.pass(.seconds(15))
        return decide(&scene, load, 0).desired
    }

    /// Twenty replicas do 3,000 in 15 s.
    @Test
    func `a backlog that could be worked off since may be empty at once beside a load that goes on`() {
        #expect(countAfterZero(2900) == 10)
    }

    @Test
    func `one that could not is not believed, nor one that ends together with the load`() {
        #expect(countAfterZero(3100) == 20)
        #expect(countAfterZero(2900, load: 0) == 20)
    }

    @Test
    func `without a load beside it no backlog is empty at once`() {
        var scene = Scene(target: .backlog(rate: 10, within: .seconds(30)), current: 20)
        scene.policy.suspectsZeroFor = .seconds(600)
        _ = scene.decide(2900)
        scene.current = 20
        scene.pass(.seconds(15))

        #expect(scene.decide(0).desired == 20)
    }
}
