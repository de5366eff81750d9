import Testing
import TimeSeries

@testable import Scaling

/// What a change of the count costs.
struct SurplusTests {
    private func scene(_ current: Int, cost: Duration? = .seconds(600)) -> Scene {
        var behaviour = Scene.free
        behaviour.changeCost = cost
        behaviour.down.tolerance = 0
        return Scene(target: .perReplica(1), behaviour: behaviour, min: 1, current: current)
    }

    /// How long it takes until the count of ten is lowered to a load, looked at every 15 s.
    private func wait(to load: Double, from given: Scene) -> Duration? {
        var scene = given
        let start = scene.now
        for _ in 0..<100 {
            if scene.decide(load).desired < given.current { return scene.now - start }
            scene.pass(.seconds(15))
        }
        return nil
    }

    @Test(arguments: [(9.0, 600), (8, 300), (5, 120), (1, 75)])
    func `the count is lowered once what is too much has cost as much as a change`(load: Double, seconds: Int)
    {
        #expect(wait(to: load, from: scene(10)) == .seconds(seconds))
    }

    @Test
    func `nothing is waited for where a change costs nothing`() {
        #expect(wait(to: 9, from: scene(10, cost: nil)) == .zero)
        #expect(wait(to: 9, from: scene(10, cost: .zero)) == .zero)
    }

    @Test
    func `the decision says what has come together, and when it lifts`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(60))

        let held = scene.decide(8)

        #expect(held.desired == 10)
        #expect(
            held.reason(.changeCost)?.text
                == "2 too many have cost 2m of a replica so far, a change costs 10m")
        #expect(held.reason(.changeCost)?.until == scene.now + .seconds(240))
    }

    @Test
    func `what is asked for again was not too much`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(240))
        #expect(scene.decide(10).desired == 10)
        scene.pass(.seconds(15))

        #expect(wait(to: 8, from: scene) == .seconds(300))
    }

    @Test
    func `more is never waited for, and what was too much before it counts no more`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(240))
        #expect(scene.decide(12).desired == 12)
        scene.pass(.seconds(15))

        #expect(wait(to: 8, from: scene) == .seconds(150))
    }

    @Test
    func `what was too much of another count counts no more`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(240))
        // By somebody else.
        scene.current = 9

        #expect(wait(to: 8, from: scene) == .seconds(600))
    }

    @Test
    func `a decision that took no effect need not be paid for again`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(300))
        let decision = scene.decide(8)
        #expect(decision.desired == 8)
        scene.memory.retract(decision)
        scene.current = 10
        scene.pass(.seconds(15))

        #expect(scene.decide(8).desired == 8)
    }

    @Test
    func `bounds are a person's word and wait for nothing`() {
        var scene = scene(10)
        scene.policy.maxReplicas = 6

        #expect(scene.decide(8).desired == 6)
    }

    @Test
    func `a clock that is set moves what has come together with it`() {
        var scene = scene(10)
        _ = scene.decide(8)
        scene.pass(.seconds(60))
        scene.now += .seconds(3600)
        scene.memory.clockStepped(by: .seconds(3600))

        #expect(scene.decide(8).reason(.changeCost)?.until == scene.now + .seconds(240))
    }
}
