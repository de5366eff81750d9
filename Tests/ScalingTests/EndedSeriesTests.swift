import Fleet
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// Series that end while their targets report.
struct EndedSeriesTests {
    private func scene(current: Int) -> Scene {
        var scene = Scene(target: .perReplica(50), current: current)
        scene.policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
        scene.policy.behaviour.down.tolerance = 0
        return scene
    }

    private func decide(_ scene: inout Scene, _ load: Double, kept: Double?) -> ScaleDecision {
        scene.decide(["load": .value(load, measuredAt: scene.now)], kept: kept)
    }

    @Test(arguments: [(450.0, 0.9, 18), (450.0, 0.6, 20), (1500.0, 0.6, 30), (450.0, nil, 9)])
    func `what is left of the series counts as a share of the sources does`(
        load: Double, kept: Double?, count: Int
    ) {
        var scene = scene(current: 20)

        #expect(decide(&scene, load, kept: kept).desired == count)
    }

    @Test
    func `series that end with replicas that were removed are no loss`() {
        var scene = scene(current: 20)
        #expect(decide(&scene, 500, kept: nil).desired == 10)
        scene.pass(.seconds(60))

        // Half of them have ended, as half of the replicas have.
        #expect(decide(&scene, 250, kept: 0.5).desired == 5)
        scene.pass(.seconds(60))
        // More of them than there should be.
        #expect(decide(&scene, 100, kept: 0.2).desired == 5)
        scene.pass(.seconds(900))
        #expect(decide(&scene, 100, kept: 0.5).desired == 5)
    }

    private func engine(_ series: [String]) throws -> LocalEngine {
        var storage = ScriptStorage()
        for text in series {
            storage.load(
                try SeriesNotation(text), interval: .seconds(15), start: Timestamp(milliseconds: 0))
        }
        return LocalEngine(source: storage.source)
    }

    /// What is kept at each minute.
    private func kept(_ query: String, _ series: [String], minutes: ClosedRange<Int>) async throws
        -> [Double?]
    {
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 100,
            signals: [SignalPolicy(name: "load", query: query, target: .perReplica(50))])
        policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
        let measurer = Measurer(engine: try engine(series))
        var result: [Double?] = []
        for minute in minutes {
            let now = Timestamp(milliseconds: Int64(minute) * 60_000)
            result.append(await measurer.measure([policy], at: now).measurements[0].signals[0].kept)
        }
        return result
    }

    /// Five targets; of three the metric ends after five minutes, though they answer.
    private func five(up: String) -> [String] {
        var series: [String] = []
        for source in 0..<5 {
            let labels = "{job=\"q\", instance=\"i\(source)\"} "
            series.append("queue" + labels + (source < 3 ? "10x19 stale" : "10x100"))
            series.append("up" + labels + (source < 3 ? up : "1x100"))
        }
        return series
    }

    @Test
    func `a metric that ends in targets that answer is missed for ten minutes`() async throws {
        let shares = try await kept("sum(queue)", five(up: "1x100"), minutes: 4...16)

        #expect(shares[0] == nil)
        #expect(shares[1...9].allSatisfy { $0 == 0.4 }, "\(shares)")
        #expect(shares.last == .some(nil), "\(shares)")
    }

    @Test
    func `one series of a target is missed as well, by its own labels and in a range`() async throws {
        let series = [
            "load{src=\"1\", workload=\"web\", instance=\"a\"} 0+10x100",
            "load{src=\"2\", workload=\"web\", instance=\"a\"} 0+10x19 stale",
            "up{instance=\"a\"} 1x100",
        ]

        let shares = try await kept("sum(rate(load{workload=\"web\"}[1m]))", series, minutes: 4...6)

        #expect(shares == [nil, 0.5, 0.5])
    }

    @Test
    func `after a restart the store says what there was`() async throws {
        #expect(try await kept("sum(queue)", five(up: "1x100"), minutes: 7...7) == [0.4])
    }

    @Test(arguments: ["1x19 stale", "1x19 0x80"])
    func `series whose target has gone or is down are no loss of this kind`(up: String) async throws {
        let shares = try await kept("sum(queue)", five(up: up), minutes: 4...8)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test
    func `series that others take the place of are no loss`() async throws {
        let series = [
            "load{pod=\"a\", instance=\"n\"} 1x19 stale", "load{pod=\"b\", instance=\"n\"} _x20 1x80",
            "up{instance=\"n\"} 1x100",
        ]

        #expect(try await kept("sum(load)", series, minutes: 4...8).allSatisfy { $0 == nil })
    }
}
