import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// What users of other autoscalers have reported, replayed: each test names the report. Readings are what a policy sees of
/// the fault; beside these stand the outage matrix and its replay of kedacore/keda#4249.
struct ReportedFailureTests {
    private static let gone: [Signal.Reading] = [.missing, .notFinite, .failed("connection refused")]

    private func scene(current: Int, min: Int = 1, fallback: Int? = nil) -> Scene {
        var scene = Scene(
            signals: [
                SignalPolicy(name: "load", query: "q", target: .perReplica(10)),
                SignalPolicy(name: "queue", query: "q", target: .backlog(rate: 1, within: .seconds(10))),
            ], min: min, current: current)
        scene.policy.fallback = fallback.map { ScalingPolicy.Fallback(replicas: $0, after: .seconds(30)) }
        return scene
    }

    /// A quarter of a minute at a time; the counts.
    private func run(
        _ scene: inout Scene, steps: Int,
        _ readings: (_ step: Int, _ now: Timestamp) -> [String: Signal.Reading]
    ) -> [Int] {
        (0..<steps).map { step in
            let count = scene.decide(readings(step, scene.now)).desired
            scene.pass(.seconds(15))
            return count
        }
    }

    /// kubernetes#99394: replicas were removed while one of several metrics could not be had.
    @Test(arguments: gone.indices)
    func `nothing is removed while one of several signals is missing`(index: Int) {
        var scene = scene(current: 10)

        let counts = run(&scene, steps: 40) { _, now in
            ["load": .value(20, measuredAt: now), "queue": Self.gone[index]]
        }

        #expect(Set(counts) == [10])
    }

    /// kedacore/keda#8056: the fallback never came, since failures of an unreachable source were not counted.
    @Test(arguments: gone.indices)
    func `the fallback comes when sources are unreachable, from the start or later`(index: Int) {
        let gone: [String: Signal.Reading] = ["load": Self.gone[index], "queue": Self.gone[index]]
        var new = scene(current: 2, fallback: 6)
        var old = scene(current: 2, fallback: 6)

        let fromStart = run(&new, steps: 8) { _, _ in gone }
        let later = run(&old, steps: 8) { step, now in
            step > 0 ? gone : ["load": .value(20, measuredAt: now), "queue": .value(0, measuredAt: now)]
        }

        #expect(fromStart.last == 6)
        // Thirty seconds after the last sample.
        #expect(later == [2, 2, 6, 6, 6, 6, 6, 6])
    }

    /// kedacore/keda#6659: the fallback of one source took away what another asked for.
    @Test
    func `a fallback removes nothing that a healthy signal wants`() {
        var scene = scene(current: 8, fallback: 3)

        let counts = run(&scene, steps: 40) { _, now in
            ["load": .value(80, measuredAt: now), "queue": .failed("timeout")]
        }

        #expect(counts.allSatisfy { $0 >= 8 }, "\(counts)")
    }

    /// kedacore/keda#5514, #5914: one source that fails kept the others from scaling.
    @Test(arguments: gone.indices)
    func `a healthy signal adds beside one that fails`(index: Int) {
        var scene = scene(current: 4)

        let counts = run(&scene, steps: 4) { _, now in
            ["load": .value(120, measuredAt: now), "queue": Self.gone[index]]
        }

        #expect(counts.last == 12)
    }

    /// kedacore/keda#965, #2244, nomad-autoscaler#562, #622: errors of the source brought the count down, to zero even.
    @Test(arguments: gone.indices)
    func `the last count stands while there is no data, and recovery does not swing`(index: Int) {
        var scene = scene(current: 7, min: 0)

        let counts = run(&scene, steps: 120) { step, now in
            (10..<110).contains(step)
                ? ["load": Self.gone[index], "queue": Self.gone[index]]
                : ["load": .value(70, measuredAt: now), "queue": .value(0, measuredAt: now)]
        }

        #expect(Set(counts) == [7], "\(counts)")
    }

    /// kubernetes#96671, #98174: the highest recommendation of the window was above the count, so that replicas were added
    /// while fewer were wanted.
    @Test
    func `a window for removing never adds`() {
        var scene = scene(current: 10)
        scene.policy.behaviour.down.window = .seconds(300)
        func readings(_ load: Double, _ now: Timestamp) -> [String: Signal.Reading] {
            ["load": .value(load, measuredAt: now), "queue": .value(0, measuredAt: now)]
        }
        _ = run(&scene, steps: 2) { _, now in readings(100, now) }
        // Somebody else has taken replicas away; the window still remembers ten.
        scene.current = 4

        let counts = run(&scene, steps: 10) { _, now in readings(30, now) }

        #expect(counts.allSatisfy { $0 <= 4 }, "\(counts)")
    }

    /// kedacore/keda#7770: the first sample after zero asked for the most at once. What was measured is what comes.
    @Test
    func `from zero comes what the load asks for, not the most`() {
        var scene = scene(current: 0, min: 0)

        let counts = run(&scene, steps: 4) { _, now in
            ["load": .value(25, measuredAt: now), "queue": .value(0, measuredAt: now)]
        }

        #expect(counts.allSatisfy { $0 <= 3 }, "\(counts)")
        #expect(counts.last == 3)
    }
}
