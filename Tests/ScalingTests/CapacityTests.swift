import Testing
import TimeSeries

@testable import Scaling

struct CapacityTests {
    /// A replica that answers in 100 ms and, from 60 requests a second on, ever later.
    private func latency(_ load: Double) -> Double { load <= 60 ? 0.1 : 0.1 + (load - 60) * 0.01 }

    @Test
    func `the load that meets the objective is found`() throws {
        var curve = CapacityCurve(expected: 50)
        for round in 0..<100 {
            curve.add(load: 40 + Double(round % 50), latency: latency(40 + Double(round % 50)))
        }

        let capacity = try #require(curve.capacity(meeting: 0.25))

        #expect(capacity.isTrusted)
        #expect(abs(capacity.load - 75) < 3)
    }

    @Test
    func `what was seen a few times is not trusted`() {
        var curve = CapacityCurve(expected: 50)
        for load in stride(from: 10.0, to: 100, by: 10) { curve.add(load: load, latency: latency(load)) }

        #expect(curve.capacity(meeting: 0.25)?.isTrusted != true)
    }

    @Test
    func `a load that never came near the objective lowers nothing`() {
        var curve = CapacityCurve(expected: 50)
        for round in 0..<200 { curve.add(load: Double(5 + round % 30), latency: 0.1) }

        #expect(curve.capacity(meeting: 0.25)?.isTrusted == false)
    }

    @Test
    func `noise does not bend the curve back`() throws {
        var curve = CapacityCurve(expected: 50)
        for round in 0..<400 {
            let load = 40 + Double(round % 50)
            curve.add(load: load, latency: latency(load) + (round % 7 == 0 ? 0.05 : -0.01))
        }

        let loads = try [0.12, 0.2, 0.25, 0.3].map { try #require(curve.capacity(meeting: $0)).load }

        #expect(loads == loads.sorted())
    }

    @Test
    func `a policy scales by what it learned, within four times of what is written`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50), learnsFrom: "latency"),
                SignalPolicy(
                    name: "latency", query: "q", target: .objective(0.25), whenNotFinite: .ignore),
            ], min: 10, max: 10, current: 10)
        for round in 0..<200 {
            let load = 40 + Double(round % 50)
            _ = scene.decide([
                "load": .value(load * 10, measuredAt: scene.now),
                "latency": .value(latency(load), measuredAt: scene.now),
            ])
            scene.pass(.seconds(15))
        }
        scene.policy.maxReplicas = 100

        let decision = scene.decide([
            "load": .value(1500, measuredAt: scene.now), "latency": .value(0.2, measuredAt: scene.now),
        ])

        #expect((19...21).contains(decision.desired), "\(decision)")
        #expect(decision.reason(.signal)?.text.hasSuffix("(learned)") == true)
    }

    @Test
    func `while replicas start nothing is learned`() {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(50), learnsFrom: "latency"),
                SignalPolicy(name: "latency", query: "q", target: .objective(0.25)),
            ], current: 10)
        scene.starting = 1

        _ = scene.decide([
            "load": .value(500, measuredAt: scene.now), "latency": .value(0.2, measuredAt: scene.now),
        ])

        #expect(scene.memory.curve == nil)
    }

    /// Ten replicas whose latency is 0.15 s / (1 - load / 20) and whose objective, 400 ms, is met up to 12.5 each.
    private func learner() -> Scene {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(10), learnsFrom: "latency"),
                SignalPolicy(
                    name: "latency", query: "q", target: .objective(0.4), whenNotFinite: .ignore),
            ], min: 10, max: 10, current: 10)
        for round in 0..<240 { look(&scene, 3 + Double(round % 12)) }
        return scene
    }

    private func look(_ scene: inout Scene, _ load: Double, latency: Double? = nil, starting: Int = 0) {
        scene.starting = starting
        scene.ready = 10 - starting
        _ = scene.decide([
            "load": .value(load * 10, measuredAt: scene.now),
            "latency": .value(latency ?? 0.15 / (1 - load / 20), measuredAt: scene.now),
        ])
        scene.current = 10
        scene.pass(.seconds(15))
    }

    private func share(_ scene: Scene) -> Double { scene.memory.learnedShare(scene.policy) ?? 0 }

    @Test
    func `what queued up while replicas were not ready says nothing of what they serve`() {
        var scene = learner()
        let before = share(scene)
        #expect(abs(before - 12.5) < 0.7)

        look(&scene, 12.5, latency: 5, starting: 10)
        for _ in 0..<3 { look(&scene, 12.5, latency: 5) }

        #expect(share(scene) == before)
    }

    @Test
    func `something else that is slow for minutes leaves what was learned as it is`() {
        var scene = learner()
        let before = share(scene)

        for _ in 0..<30 { look(&scene, 4, latency: 5) }
        #expect(share(scene) == before)
        look(&scene, 4)
        for _ in 0..<20 { look(&scene, 4, latency: 5) }

        #expect(share(scene) == before)
    }

    @Test
    func `replicas that have become slow are believed in the end`() {
        var scene = learner()

        for round in 0..<400 { look(&scene, 3 + Double(round % 5), latency: 1) }

        #expect(share(scene) < 5)
    }

    @Test
    func `a latency that no replica mends asks for no more than the least share that may be learned`() {
        var scene = learner()
        scene.policy.maxReplicas = 1000

        var counts: [Int] = []
        for _ in 0..<20 {
            scene.ready = nil
            counts.append(
                scene.decide([
                    "load": .value(100, measuredAt: scene.now), "latency": .value(5, measuredAt: scene.now),
                ]).desired)
            scene.pass(.seconds(15))
        }

        #expect(counts.prefix(2) == [20, 40])
        #expect(counts.max() == 40)
    }

    @Test
    func `an overload weighs as a miss, however large its latency`() {
        var scene = learner()
        let before = share(scene)

        for _ in 0..<8 { look(&scene, 14, latency: 60) }

        #expect(abs(share(scene) - before) < 1)
    }
}
