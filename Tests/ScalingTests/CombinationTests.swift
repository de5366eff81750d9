import Testing
import TimeSeries

@testable import Scaling

struct CombinationTests {
    private func decide(_ combination: ScalingPolicy.Combination?, _ a: Double, _ b: Double) -> ScaleDecision
    {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "a", query: "q", target: .perReplica(10), weight: 3),
                SignalPolicy(name: "b", query: "q", target: .backlog(rate: 1, within: .seconds(10))),
            ], current: 5)
        scene.policy.combination = combination
        return scene.decide(["a": .value(a, measuredAt: scene.now), "b": .value(b, measuredAt: scene.now)])
    }

    /// 84 at 10 each are 8.4 replicas, 22 at 10 each are 2.2.
    @Test(
        arguments: [
            (nil, 9), (.max, 9), (.min, 3), (.sum, 11), (.mean, 7),
        ] as [(ScalingPolicy.Combination?, Int)])
    func `two demands become one count`(combination: ScalingPolicy.Combination?, count: Int) {
        #expect(decide(combination, 84, 22).desired == count)
    }

    @Test
    func `demands are added before they are rounded up`() {
        let decision = decide(.sum, 41, 42)

        #expect(decision.desired == 9)
        #expect(decision.reason(.combined)?.text == "2 demands are 8.3 replicas together")
    }

    @Test
    func `a sum with a part that is missing may add and removes nothing`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "a", query: "q", target: .perReplica(10)),
                SignalPolicy(name: "b", query: "q", target: .perReplica(10)),
            ], current: 5)
        scene.policy.combination = .sum

        #expect(scene.decide(["a": .value(20, measuredAt: scene.now)]).desired == 5)
        #expect(scene.decide(["a": .value(80, measuredAt: scene.now)]).desired == 8)
    }

    @Test
    func `a latency above its objective adds to a sum as to everything else`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "a", query: "q", target: .perReplica(10)),
                SignalPolicy(name: "l", query: "q", target: .objective(0.2)),
            ], current: 5)
        scene.policy.combination = .sum

        #expect(
            scene.decide([
                "a": .value(50, measuredAt: scene.now), "l": .value(0.3, measuredAt: scene.now),
            ]).desired == 8)
    }
}
