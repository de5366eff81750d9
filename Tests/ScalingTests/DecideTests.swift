import Testing
import TimeSeries

@testable import Scaling

/// What one signal asks for, per target.
struct DecideTests {
    @Test(arguments: [
        (420.0, 9), (400.0, 8), (401.0, 9), (0.0, 0), (1e300, 100),
    ])
    func `a total asks for as many as cover it`(load: Double, count: Int) {
        var scene = Scene(target: .perReplica(50), current: 3)

        #expect(scene.decide(load).desired == count)
    }

    @Test
    func `a hair above a whole number is that number`() {
        var scene = Scene(target: .perReplica(0.1), current: 30)

        #expect(scene.decide(0.1 + 0.2).desired == 3)
    }

    @Test(arguments: [(0.9, 15), (0.3, 5), (0.62, 10), (0.66, 10), (0.67, 12), (0.54, 10), (0.53, 9)])
    func `a mean asks for its ratio to the target times the ready replicas`(value: Double, count: Int) {
        var scene = Scene(target: .mean(0.6), unit: .share, current: 10)

        #expect(scene.decide(value).desired == count)
    }

    @Test(arguments: [
        // Load rises: the five that start count as idle, and the ten stay asked for.
        (0.9, 5, 5, 10), (1.5, 5, 5, 13), (0.62, 5, 5, 10),
        // Load falls: those that start do not count.
        (0.3, 5, 5, 3),
    ])
    func `replicas that are not ready are idle on the way up and absent on the way down`(
        value: Double, ready: Int, starting: Int, count: Int
    ) {
        var scene = Scene(target: .mean(0.6), current: 10)
        scene.ready = ready
        scene.starting = starting

        #expect(scene.decide(value).desired == count)
    }

    @Test
    func `without a ready replica a mean removes nothing`() {
        var scene = Scene(target: .mean(0.6), current: 4)
        scene.ready = 0

        #expect(scene.decide(0.1).desired == 4)
    }

    @Test
    func `from zero a mean asks for its ratio, without tolerance`() {
        var scene = Scene(target: .mean(0.6), current: 0)

        #expect(scene.decide(0.63).desired == 2)
    }

    @Test
    func `a backlog asks for as many as work it off in time`() {
        var scene = Scene(target: .backlog(rate: 20, within: .seconds(30)), current: 1)

        #expect(scene.decide(3000).desired == 5)
    }

    @Test(arguments: [
        (0.5, 8), (0.3, 5), (2.0, 8), (0.26, 4), (0.25, 4), (0.13, 4),
    ])
    func `a latency above its objective steps up in proportion, at most to twice`(latency: Double, count: Int)
    {
        var scene = Scene(target: .objective(0.25), unit: .seconds, current: 4)

        #expect(scene.decide(latency).desired == count)
    }

    @Test
    func `a latency far below its objective, alone, asks for a tenth less`() {
        var scene = Scene(target: .objective(0.25), current: 40)

        #expect(scene.decide(0.05).desired == 36)
    }

    @Test
    func `a latency far below its objective leaves the count to the load`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50)),
                SignalPolicy(name: "latency", query: "q", target: .objective(0.25)),
            ], current: 40)

        let decision = scene.decide([
            "load": .value(500, measuredAt: scene.now), "latency": .value(0.05, measuredAt: scene.now),
        ])

        #expect(decision.desired == 10)
    }

    @Test(arguments: [(0.9, 13), (0.7, 12), (0.5, 10), (0.1, 9)])
    func `the first step that applies is taken`(value: Double, count: Int) {
        let steps = [
            SignalPolicy.Step(.above(0.8), .share(0.3)), SignalPolicy.Step(.above(0.6), .replicas(2)),
            SignalPolicy.Step(.below(0.2), .replicas(-1)),
        ]
        var scene = Scene(target: .steps(steps), current: 10)

        #expect(scene.decide(value).desired == count)
    }

    @Test
    func `a step is not taken again while what it asked for is starting`() {
        var scene = Scene(target: .steps([SignalPolicy.Step(.above(0.8), .replicas(2))]), current: 12)
        scene.ready = 10
        scene.starting = 2

        #expect(scene.decide(0.9).desired == 12)
    }

    @Test
    func `tolerance is per direction`() {
        var behaviour = Scene.free
        behaviour.up.tolerance = 0
        behaviour.down.tolerance = 0.3
        var up = Scene(target: .perReplica(50), behaviour: behaviour, current: 10)
        var down = Scene(target: .perReplica(50), behaviour: behaviour, current: 10)

        #expect(up.decide(501).desired == 11)
        let decision = down.decide(360)
        #expect(decision.desired == 10)
        #expect(decision.reason(.tolerance)?.text == "360 at 50 each: 28% off target, tolerated")
    }

    @Test
    func `the reasons tell the whole way, with numbers and units`() {
        var behaviour = ScalingBehaviour()
        behaviour.up.limit = .largest([VelocityLimit.Rate(.replicas(4), per: .seconds(60))])
        var scene = Scene(target: .perReplica(1024), unit: .bytes, behaviour: behaviour, max: 20, current: 3)

        let decision = scene.decide(50_000)

        #expect(decision.kinds == [.signal, .maximum, .rateLimited])
        #expect(
            decision.reasons.map(\.text) == [
                "48.83KiB at 1KiB each", "at most 20 are allowed, 49 were asked for",
                "4 per 1m allows 7, 20 were asked for",
            ])
        #expect(decision.reasons.map(\.count) == [49, 20, 7])
        #expect(decision.reasons[2].until == scene.now + .seconds(60))
    }
}
