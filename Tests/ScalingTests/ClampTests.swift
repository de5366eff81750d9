import Testing
import TimeSeries

@testable import Scaling

/// reliability.md 2.7, DE4 and DE8; autoscaling.md 2.1, item 8.
struct ClampTests {
    private func rate(_ amount: VelocityLimit.Rate.Amount, _ seconds: Int) -> VelocityLimit.Rate {
        VelocityLimit.Rate(amount, per: .seconds(seconds))
    }

    @Test
    func `by default a jump adds at most as many as there are, or four, in a quarter of a minute`() {
        var few = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), max: 1000, current: 2)
        var many = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), max: 1000, current: 20)

        #expect(few.decide(900).desired == 6)
        #expect(many.decide(900).desired == 40)
        many.pass(.seconds(14))
        #expect(many.decide(900).desired == 40)
        many.pass(.seconds(1))
        #expect(many.decide(900).desired == 80)
    }

    @Test
    func `by default a tenth, or one, goes in five minutes, once five minutes agree`() {
        var many = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), current: 40)
        var few = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), current: 5)

        for _ in 0..<20 {
            #expect(many.decide(1).desired == 40)
            #expect(few.decide(1).desired == 5)
            many.pass(.seconds(15))
            few.pass(.seconds(15))
        }
        #expect(many.decide(1).desired == 36)
        #expect(few.decide(1).desired == 4)
        for _ in 0..<19 {
            many.pass(.seconds(15))
            #expect(many.decide(1).desired == 36)
        }
        many.pass(.seconds(15))
        #expect(many.decide(1).desired == 32)
    }

    @Test
    func `a limit counts from the beginning of its period, whatever the number of steps`() {
        var behaviour = Scene.free
        behaviour.up.limit = .largest([rate(.share(0.5), 60)])
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)

        #expect(scene.decide(12).desired == 12)
        scene.pass(.seconds(30))
        #expect(scene.decide(90).desired == 15)
        scene.pass(.seconds(29))
        #expect(scene.decide(90).desired == 15)
    }

    /// kubernetes/kubernetes, pkg/controller/podautoscaler, calculateScaleDownLimitWithBehaviors.
    @Test
    func `what was added within the period may go within it, as in Kubernetes, unless a window holds it`() {
        var behaviour = Scene.free
        behaviour.down.limit = .largest([rate(.replicas(1), 300)])
        var free = Scene(target: .perReplica(10), behaviour: behaviour, current: 4)
        behaviour.down.window = .seconds(300)
        var held = Scene(target: .perReplica(10), behaviour: behaviour, current: 4)

        for load in [400.0, 40] {
            _ = free.decide(load)
            _ = held.decide(load)
            free.pass(.seconds(60))
            held.pass(.seconds(60))
        }
        #expect(free.current == 4)
        #expect(held.current == 40)
        held.pass(.seconds(240))
        #expect(held.decide(40).desired == 39)
    }

    @Test(arguments: [false, true])
    func `of two limits that one is named which decides, and when it lifts`(isReversed: Bool) throws {
        var behaviour = Scene.free
        let rates = [rate(.replicas(2), 40), rate(.share(0.5), 10)]
        behaviour.up.limit = .largest(isReversed ? rates.reversed() : rates)
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 4)

        // Both allow 6; one of them lifts in ten seconds.
        let first = scene.decide(90)
        #expect(first.desired == 6)
        #expect(first.reason(.rateLimited)?.text == "50% per 10s allows 6, 90 were asked for")
        #expect(first.reason(.rateLimited)?.until == scene.now + .seconds(10))
        scene.pass(.seconds(10))
        let second = scene.decide(90)
        #expect(second.desired == 9)
        #expect(second.reason(.rateLimited)?.text == "50% per 10s allows 9, 90 were asked for")
        scene.pass(.seconds(5))
        // Nothing more is allowed by either, and the other one not for long.
        let third = scene.decide(90)
        #expect(third.desired == 9)
        #expect(third.reason(.rateLimited)?.text == "50% per 10s allows 9, 90 were asked for")
        #expect(third.reason(.rateLimited)?.until == scene.now + .seconds(5))
    }

    @Test
    func `where both limits must hold the last one lifts it`() {
        var behaviour = Scene.free
        behaviour.up.limit = .smallest([rate(.replicas(2), 40), rate(.share(0.5), 10)])
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 4)

        let decision = scene.decide(90)

        #expect(decision.desired == 6)
        #expect(decision.reason(.rateLimited)?.text == "2 per 40s allows 6, 90 were asked for")
        #expect(decision.reason(.rateLimited)?.until == scene.now + .seconds(40))
    }

    @Test
    func `the smallest of two limits holds where both must`() {
        var behaviour = Scene.free
        behaviour.up.limit = .smallest([rate(.share(1), 60), rate(.replicas(3), 60)])
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)

        #expect(scene.decide(90).desired == 13)
    }

    @Test
    func `a percentage of nothing is one`() {
        var behaviour = Scene.free
        behaviour.up.limit = .largest([rate(.share(1), 60)])
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 0)

        #expect(scene.decide(90).desired == 1)
    }

    @Test
    func `a blocked direction does not move, the other does`() {
        var behaviour = Scene.free
        behaviour.down.limit = .blocked
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)

        #expect(scene.decide(5).desired == 10)
        #expect(scene.decide(15).desired == 15)
    }

    @Test
    func `the up window takes the lowest recommendation, the down window the highest`() {
        var behaviour = Scene.free
        behaviour.up.window = .seconds(60)
        behaviour.down.window = .seconds(120)
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)
        for load in [10.0, 20, 14] {
            #expect(scene.decide(load).desired == 10)
            scene.pass(.seconds(25))
        }

        #expect(scene.decide(16).desired == 14)
        scene.pass(.seconds(25))
        #expect(scene.decide(8).desired == 14)
    }

    @Test
    func `a window delays a move and never causes one`() {
        var behaviour = Scene.free
        behaviour.down.window = .seconds(300)
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)
        _ = scene.decide(30)
        scene.current = 8  // someone else scaled down
        scene.pass(.seconds(15))

        let decision = scene.decide(4)

        #expect(decision.desired == 8)
        #expect(decision.reason(.stabilised)?.until == scene.now - .seconds(15) + .seconds(300))
    }

    @Test
    func `a count outside its bounds returns at once`() {
        var scene = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), min: 3, max: 12, current: 40)

        #expect(scene.decide(40).desired == 12)
        scene.current = 0
        #expect(scene.decide([:]).desired == 3)
    }

    @Test
    func `after its budget of changes the count is not lowered, but still raised`() {
        var behaviour = Scene.free
        behaviour.flapBudget = ScalingBehaviour.FlapBudget(changes: 3, period: .seconds(3600))
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)
        let start = scene.now
        for load in [12.0, 10, 13] {
            _ = scene.decide(load)
            scene.pass(.seconds(60))
        }

        let held = scene.decide(5)
        let raised = scene.decide(20)

        #expect(held.desired == 13)
        #expect(held.reason(.flapBudget)?.until == start + .seconds(3600))
        #expect(raised.desired == 20)
        scene.pass(.seconds(3601))
        #expect(scene.decide(5).desired == 5)
    }

    @Test
    func `noise of fifteen percent turns the count at most twice an hour`() {
        var state: UInt64 = 1
        func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 33) / 2_147_483_648
        }
        var scene = Scene(target: .perReplica(50), behaviour: ScalingBehaviour(), current: 10)
        var directions: [Int] = []
        let hours = 24
        for _ in 0..<hours * 240 {
            let decision = scene.decide(500 * (0.85 + 0.3 * uniform()))
            if decision.desired != decision.from {
                directions.append((decision.desired - decision.from).signum())
            }
            scene.pass(.seconds(15))
        }

        let reversals = zip(directions, directions.dropFirst()).count { $0 != $1 }
        #expect(reversals <= 2 * hours, "\(reversals) in \(hours) hours")
    }

    @Test
    func `a change that did not take effect is taken back`() {
        var scene = Scene(target: .perReplica(1), behaviour: ScalingBehaviour(), current: 10)

        let decision = scene.decide(90)
        scene.memory.retract(decision)

        #expect(decision.desired == 20)
        #expect(scene.memory.changes.isEmpty)
        #expect(scene.memory.desired == 10)
    }

    @Test
    func `memory is bounded, and errs towards keeping replicas`() {
        var memory = ScalingMemory()
        let start = Timestamp(milliseconds: 0)
        for second in 0..<5000 {
            let now = start + .seconds(second)
            memory.recommend(10_000 - second, at: now, upWindow: .seconds(3600), downWindow: .seconds(3600))
            memory.decided(from: second, to: second + 1, at: now, keep: .seconds(3600))
        }

        #expect(memory.maxima.count <= ScalingMemory.maxRecommendations)
        #expect(memory.changes.count == ScalingMemory.maxChanges)
        #expect(memory.maxima[0].count >= 10_000 - 5000 + 3600)
    }

    @Test
    func `a clock that goes back empties no window`() {
        var behaviour = Scene.free
        behaviour.down.window = .seconds(300)
        var scene = Scene(target: .perReplica(1), behaviour: behaviour, current: 10)
        _ = scene.decide(10)
        scene.pass(.seconds(-3600))

        #expect(scene.decide(3).desired == 10)
    }
}
