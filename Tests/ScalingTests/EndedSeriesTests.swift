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
        scene.pass(.seconds(3900))
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

    private func policy(_ query: String) -> ScalingPolicy {
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 100,
            signals: [SignalPolicy(name: "load", query: query, target: .perReplica(50))])
        policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
        return policy
    }

    /// The signal at each minute.
    private func signals(_ query: String, _ series: [String], minutes: ClosedRange<Int>) async throws
        -> [Signal]
    {
        let measurer = Measurer(engine: try engine(series))
        var result: [Signal] = []
        for minute in minutes {
            let now = Timestamp(milliseconds: Int64(minute) * 60_000)
            result.append(await measurer.measure([policy(query)], at: now).measurements[0].signals[0])
        }
        return result
    }

    private func kept(_ query: String, _ series: [String], minutes: ClosedRange<Int>) async throws
        -> [Double?]
    {
        try await signals(query, series, minutes: minutes).map(\.kept)
    }

    /// Five targets; of three the metric ends after twenty minutes, though they answer.
    private func five(up: String = "1x400", values: String = "10") -> [String] {
        var series: [String] = []
        for source in 0..<5 {
            let labels = "{job=\"q\", instance=\"i\(source)\"} "
            series.append("queue" + labels + values + (source < 3 ? "x79 stale" : "x400"))
            series.append("up" + labels + (source < 3 ? up : "1x400"))
        }
        return series
    }

    @Test
    func `a metric that ends in targets that answer is missed for an hour`() async throws {
        let shares = try await kept("sum(queue)", five(), minutes: 19...82)

        #expect(shares[0] == nil)
        #expect(shares[1...59].allSatisfy { $0 == 0.4 }, "\(shares)")
        #expect(shares.last == .some(nil), "\(shares)")
    }

    @Test
    func `one series of a target is missed as well, by its own labels and in a range`() async throws {
        let series = [
            "load{src=\"1\", workload=\"web\", instance=\"a\"} 0+10x19 stale",
            "load{src=\"2\", workload=\"web\", instance=\"a\"} 0+10x100",
            "up{instance=\"a\"} 1x100",
        ]

        let shares = try await kept("sum(rate(load{workload=\"web\"}[1m]))", series, minutes: 4...6)

        #expect(shares == [nil, 0.5, 0.5])
    }

    @Test
    func `series that nobody scrapes are missed as those of targets are`() async throws {
        let pushed = five().filter { $0.hasPrefix("queue") }

        #expect(try await kept("sum(queue)", pushed, minutes: 19...40).dropFirst().allSatisfy { $0 == 0.4 })
    }

    @Test
    func `what counts is what series told, not how many there are`() async throws {
        let series = [
            "load{q=\"large\", instance=\"a\"} 200x400", "load{q=\"small\", instance=\"a\"} 1x79 stale",
            "load{q=\"half\", instance=\"a\"} 200x119 stale", "up{instance=\"a\"} 1x400",
        ]

        let shares = try await kept("sum(load)", series, minutes: 19...32)

        #expect(shares[0...10].allSatisfy { $0 == nil }, "\(shares)")
        #expect(shares[11...].allSatisfy { $0.map { abs($0 - 0.5) < 0.01 } == true }, "\(shares)")
    }

    @Test
    func `a counter tells its rate, not where it stands`() async throws {
        let series = [
            "load_total{q=\"old\", instance=\"a\"} 1000000+1x79 stale",
            "load_total{q=\"new\", instance=\"a\"} 0+300x400", "up{instance=\"a\"} 1x400",
        ]

        let shares = try await kept("sum(rate(load_total[1m]))", series, minutes: 10...25)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test
    func `after a restart the store says what there was`() async throws {
        #expect(try await kept("sum(queue)", five(), minutes: 27...27) == [0.4])
    }

    @Test(arguments: ["1x79 stale", "1x79 0x300"])
    func `series whose target has gone or is down are no loss of this kind`(up: String) async throws {
        let shares = try await kept("sum(queue)", five(up: up), minutes: 19...24)

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

    @Test
    func `a metric that moves from one target to another is no loss`() async throws {
        let series = [
            "load{instance=\"a\"} 1x79 stale", "load{instance=\"b\"} _x80 1x80",
            "up{instance=\"a\"} 1x200", "up{instance=\"b\"} 1x200",
        ]

        #expect(try await kept("sum(load)", series, minutes: 19...30).allSatisfy { $0 == nil })
    }

    @Test
    func `new targets take nobody's place`() async throws {
        let new = (5..<8).flatMap { source in
            let labels = "{job=\"q\", instance=\"i\(source)\"} "
            return ["queue" + labels + "_x78 10x300", "up" + labels + "_x78 1x300"]
        }

        let shares = try await kept("sum(queue)", five() + new, minutes: 19...25)

        #expect(shares.dropFirst().allSatisfy { $0 == 0.625 }, "\(shares)")
    }

    /// Jobs that overlap, or that leave a gap.
    @Test(arguments: [(every: 20, life: 20), (20, 24), (6, 12), (40, 10)])
    func `series that always live for minutes are no outage`(every: Int, life: Int) async throws {
        var series = ["load{q=\"base\", instance=\"a\"} 40x400", "up{instance=\"a\"} 1x400"]
        for start in stride(from: 1, to: 360, by: every) {
            series.append("load{q=\"job-\(start)\", instance=\"a\"} _x\(start) 30x\(life - 1) stale")
        }

        let shares = try await kept("sum(load)", series, minutes: 10...80)

        let isOverlapping = life >= every
        let held = shares.count { $0 != nil }
        #expect(isOverlapping ? held <= 2 : held * 3 < shares.count, "\(shares)")
    }

    @Test(arguments: ["sum(queue)", "sum(rate(queue[1m]))", "sum(queue{instance=~\"i.\"})"])
    func `a query without a condition on targets is partial where its targets are down, until they answer`(
        query: String
    ) async throws {
        let own = ["up{job=\"flyball\", instance=\"i9\"} 1x400"]
        let series = five(up: "1x79 0x200 1x100", values: "10+10") + own

        let coverages = try await signals(query, series, minutes: 19...72).map(\.coverage)

        #expect(coverages[0] == nil)
        #expect(coverages[1...50].allSatisfy { $0 == 0.4 }, "\(coverages)")
        #expect(coverages.last == .some(nil), "\(coverages)")
        // So it is found after a restart, hours later.
        #expect(try await signals(query, series, minutes: 60...60)[0].coverage == 0.4)
    }

    @Test
    func `targets that are not found again at once after a restart are down for a minute, then gone`()
        async throws
    {
        let series = five(up: "1x79 stale")
        let measurer = Measurer(engine: try engine(series))
        var coverages: [Double?] = []
        for second in stride(from: 1290, through: 1365, by: 15) {
            let now = Timestamp(milliseconds: Int64(second) * 1000)
            let round = await measurer.measure([policy("sum(queue)")], at: now)
            coverages.append(round.measurements[0].signals[0].coverage)
        }

        #expect(coverages == [0.4, 0.4, 0.4, 0.4, nil, nil])
    }
}
