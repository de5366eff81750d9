import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// Pauses that a policy file keeps.
struct PauseTests {
    private func scene(_ direction: PauseDirection?, current: Int = 10, min: Int = 0, max: Int = 100) -> Scene
    {
        var scene = Scene(target: .perReplica(10), min: min, max: max, current: current)
        scene.policy.pauses = [
            ScalingPause(
                direction: direction, until: scene.now + .seconds(60), owner: "ada", reason: "the fair")
        ]
        return scene
    }

    @Test(arguments: [
        (PauseDirection?.none, 10, 10), (.down, 10, 20), (.up, 5, 10),
    ])
    func `a pause keeps the count from moving in its direction until it ends`(
        direction: PauseDirection?, lower: Int, higher: Int
    ) {
        var down = scene(direction), up = scene(direction)

        #expect(down.decide(50).desired == lower)
        #expect(up.decide(200).desired == higher)
        down.pass(.seconds(60))
        up.pass(.seconds(60))
        #expect(down.decide(50).desired == 5)
        #expect(up.decide(200).desired == 20)
    }

    @Test
    func `the decision names who paused, why and until when, and that it binds`() throws {
        var scene = scene(.down)

        let reason = try #require(scene.decide(50).reason(.paused))

        #expect(reason.subject == "downwards")
        #expect(reason.text == "by ada: the fair")
        #expect(reason.until == scene.now + .seconds(60))
        #expect(reason.count == 10)
        var calm = self.scene(.down)
        #expect(calm.decide(100).reason(.paused) == nil)
    }

    @Test
    func `a pause holds against bounds, and spends no limit`() {
        var bounded = scene(nil, max: 5)
        var limited = scene(nil)
        limited.policy.behaviour.up.limit = .largest([VelocityLimit.Rate(.replicas(4), per: .seconds(3600))])

        #expect(bounded.decide(50).desired == 10)
        for _ in 0..<4 {
            #expect(limited.decide(500).desired == 10)
            limited.pass(.seconds(15))
        }
        #expect(limited.decide(500).desired == 14)
    }

    @Test
    func `a backtest of other days knows no pauses`() async {
        let trace = DemandTrace((0..<2000).map { Double(50 + $0 % 50) }, stepSeconds: 60)!
        let settings = Backtest.Settings(startUpSeconds: 60, evaluateAfterSeconds: 3600)
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("trace")!, maxReplicas: 150,
            signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))])
        let free = await BacktestPlan(trace: trace, settings: settings, policies: [policy]).run()
        policy.pauses = [
            ScalingPause(until: Timestamp(milliseconds: 4_000_000_000_000), owner: "a", reason: "b")
        ]

        #expect(await BacktestPlan(trace: trace, settings: settings, policies: [policy]).run() == free)
    }
}
