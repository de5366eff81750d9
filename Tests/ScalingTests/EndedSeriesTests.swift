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

    /// Five targets; of some the metric ends after twenty minutes, though they answer.
    private func five(up: String = "1x400", values: String = "10", failing: Int = 3) -> [String] {
        var series: [String] = []
        for source in 0..<5 {
            let labels = "{job=\"q\", instance=\"i\(source)\"} "
            series.append("queue" + labels + values + (source < failing ? "x79 stale" : "x400"))
            series.append("up" + labels + (source < failing ? up : "1x400"))
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

    /// Of five series three stop at 1185 s without a marker.
    private func pausing(_ notation: String, after: String = "") -> [String] {
        (0..<5).map { source in
            "load{src=\"\(source)\"} \(notation)" + (source < 3 ? "x79 _x400" + after : "x600")
        }
    }

    @Test(
        arguments: [
            ("sum(rate(load[1m]))", "0+3000"), ("sum(rate(load[5m]))", "0+3000"),
            ("sum(increase(load[2m]))", "0+3000"), ("sum(avg_over_time(load[1m]))", "200"),
        ])
    func `series of a range that stop without a marker are missed once the next sample is overdue`(
        query: String, notation: String
    ) async throws {
        let measurer = Measurer(engine: try engine(pausing(notation)))
        var shares: [Double?] = []
        for second in stride(from: 900, through: 4900, by: 15) {
            let now = Timestamp(milliseconds: Int64(second) * 1000)
            let signal = await measurer.measure([policy(query)], at: now).measurements[0].signals[0]
            shares.append(signal.kept.map { ($0 * 1000).rounded() / 1000 })
        }

        let stop = (1215 - 900) / 15
        #expect(shares[..<stop].allSatisfy { $0 == nil }, "\(shares)")
        #expect(shares[stop...((4770 - 900) / 15)].allSatisfy { $0 == 0.4 }, "\(shares)")
        #expect(shares.last == .some(nil))
        // After a restart the store says what there was.
        for minute in [23, 40] {
            let share = try await kept(query, pausing(notation), minutes: minute...minute)[0]
            #expect(share.map { abs($0 - 0.4) < 0.05 } == true, "\(minute): \(String(describing: share))")
        }
    }

    @Test
    func `series with longer distances between samples are not missed between them`() async throws {
        var series = pausing("0+3000").suffix(2).map { $0 }
        for seconds in [30, 60, 120] {
            let every = seconds / 15 - 1
            let values = (0..<(9000 / seconds)).map { "\($0 * 100) _x\(every)" }
            series.append("load{src=\"every \(seconds)\"} " + values.joined(separator: " "))
        }

        let shares = try await kept("sum(rate(load[5m]))", series, minutes: 4...140)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test
    func `what comes in batches is late by as much the next time, but not for ever`() {
        let start = Timestamp(milliseconds: 0)
        var track = SeriesTrack(Labels([:]), since: start, last: start)
        #expect(!track.isOverdue(start, at: start + .seconds(3600)))

        track.learn(spacing: .seconds(15))
        #expect(track.freshFor == .milliseconds(22_500))
        track.wasOverdue(start, at: start + .seconds(60))
        track.wasFresh()
        #expect(!track.isOverdue(start, at: start + .seconds(60)))
        track.wasOverdue(start, at: start + .seconds(1200))
        track.wasFresh()
        #expect(track.isOverdue(start, at: start + .seconds(80)))
        for _ in 0..<3 { track.learn(spacing: .seconds(15)) }
        #expect(track.freshFor == .milliseconds(22_500))
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

    /// A base of 40, and jobs of 160 that begin every so many steps of a quarter of a minute.
    private func jobs(every: Int, life: Int, isOneSeries: Bool = false, until: Int = 1440) -> [String] {
        let base = ["load{q=\"base\", instance=\"a\"} 40x1440", "up{instance=\"a\"} 1x1440"]
        let starts = stride(from: 20, to: until, by: every)
        if isOneSeries {
            let cycle = "160x\(life - 1) stale _x\(every - life - 2)"
            return base + [
                "load{q=\"job\", instance=\"a\"} _x20 " + starts.map { _ in cycle }.joined(separator: " ")
            ]
        }
        return base
            + starts.map { "load{q=\"job-\($0)\", instance=\"a\"} _x\($0) 160x\(life - 1) stale" }
    }

    @Test(arguments: [(every: 120, life: 48), (120, 80), (240, 44), (240, 80), (480, 80)], [false, true])
    func `series that end as others did before are no outage`(
        jobs: (every: Int, life: Int), isOneSeries: Bool
    )
        async throws
    {
        // What was there for most of the time is no job, where its labels are the same.
        guard !isOneSeries || jobs.life * 2 < jobs.every else { return }
        let series = self.jobs(every: jobs.every, life: jobs.life, isOneSeries: isOneSeries)
        let second = (20 + jobs.every + jobs.life) / 4

        let shares = try await kept("sum(load)", series, minutes: 4...350)

        #expect(shares[(jobs.life + 20) / 4] == 0.2, "\(shares)")
        #expect(shares[(second + 2 - 4)...].allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test
    func `after a restart the store says how series came and went`() async throws {
        let shares = try await kept("sum(load)", jobs(every: 480, life: 80), minutes: 270...300)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test
    func `more series than ever ended at once are missed, and so are steady ones`() async throws {
        let several = (0..<3).map { "load{q=\"one-\($0)\", instance=\"a\"} _x600 160x79 stale" }
        let steady = ["load{q=\"steady\", instance=\"a\"} 160x1039 stale"]
        let series = jobs(every: 240, life: 80, until: 480) + several + steady

        let shares = try await kept("sum(load)", series, minutes: 4...300)

        #expect(shares[(171 - 4)...(225 - 4)].allSatisfy { $0 != nil }, "\(shares)")
        #expect(shares[(261 - 4)...].allSatisfy { $0 == 0.2 }, "\(shares)")
    }

    /// Ten workers in one target, each replaced at once when it ends; from minute 300 on some are not there.
    private func pool(lost: Int, life: Int) -> [String] {
        var series = ["load{w=\"base\", instance=\"a\"} 20x1440", "up{instance=\"a\"} 1x1440"]
        for place in 0..<10 {
            var start = 20 + place * 17 % life
            var number = 0
            while start < 1440 {
                // Some live for half as long and some for longer, by turns.
                var end = start + life * (6 + (place * 7 + number * 3) % 9) / 10
                let isLast = place < lost && end > 1200
                if isLast { end = 1200 }
                if end > start {
                    series.append(
                        "load{w=\"\(place)-\(number)\", instance=\"a\"} _x\(start) 20x\(end - start - 1) stale"
                    )
                }
                if isLast { break }
                (start, number) = (end, number + 1)
            }
        }
        return series
    }

    @Test(arguments: [3, 5, 10], [120, 240])
    func `workers that were always replaced are missed where they are not`(lost: Int, life: Int) async throws
    {
        let series = pool(lost: lost, life: life)

        let shares = try await kept("sum(load)", series, minutes: 200...345)
        let afterRestart = try await kept("sum(load)", series, minutes: 315...316)

        #expect(shares[..<100].allSatisfy { $0 == nil }, "\(shares)")
        // Each is missed for an hour, or for as long as it had lived.
        let left = Double(11 - lost) / 11
        #expect(shares[101...115].allSatisfy { $0.map { $0 < left + 0.25 } == true }, "\(shares)")
        // Of few of them a restart leaves too little known.
        if lost > 3 { #expect(afterRestart[1] != nil, "\(afterRestart)") }
    }

    @Test
    func `jobs that end at once are missed where they never did so before`() async throws {
        var series = ["load{q=\"base\", instance=\"a\"} 40x1440", "up{instance=\"a\"} 1x1440"]
        // Three jobs an hour, ten minutes apart, until two end together.
        for (place, start) in stride(from: 20, to: 1440, by: 240).enumerated() {
            for job in 0..<3 {
                let from = start + job * 40
                let life = place == 4 && job > 0 ? 140 - job * 40 : 80
                series.append("load{q=\"\(place)-\(job)\", instance=\"a\"} _x\(from) 160x\(life - 1) stale")
            }
        }

        let shares = try await kept("sum(load)", series, minutes: 100...290)

        // From the second hour on none is missed, but where two end in the same scrape at minute 280.
        #expect(shares[30..<180].allSatisfy { $0 == nil }, "\(shares)")
        #expect(shares[181...].allSatisfy { $0 != nil }, "\(shares)")
    }

    @Test
    func `series that return sooner than they lived are missed each time`() async throws {
        let cycles = Array(repeating: "160x159 stale _x79", count: 6).joined(separator: " ")
        let series =
            ["load{q=\"base\", instance=\"a\"} 40x1440", "up{instance=\"a\"} 1x1440"]
            + (0..<3).map { "load{q=\"\($0)\", instance=\"a\"} " + cycles }

        let shares = try await kept("sum(load)", series, minutes: 4...350)

        for minute in 4...350 {
            let isOff = minute % 60 >= 40
            #expect(
                (shares[minute - 4] != nil) == isOff, "\(minute): \(String(describing: shares[minute - 4]))")
        }
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

    /// For good, and for two minutes of three.
    @Test(arguments: ["1x79 0x700", "1x79 " + String(repeating: "0x7 1x3 ", count: 60)])
    func `a few targets that are down are missed for an hour, also where they return for short times`(
        up: String
    )
        async throws
    {
        let one = try await signals("sum(queue)", five(up: up, failing: 1), minutes: 19...95).map(\.coverage)
        let most = try await signals("sum(queue)", five(up: up), minutes: 19...95).map(\.coverage)

        #expect(one[1] == 0.8)
        #expect(one[40...61].contains(0.8), "\(one)")
        #expect(one[62...].allSatisfy { $0 == nil }, "\(one)")
        // A series that has ended while its target answered at times is missed no longer either.
        #expect(up.contains("1x3") || most[62...].contains(0.4), "\(most)")
    }

    @Test
    func `series that take the place of others may tell less, but not next to nothing`() async throws {
        func series(_ new: (_ index: Int) -> String) -> [String] {
            let old = (0..<10).map {
                "load{src=\"\($0)\", code=\"200\", instance=\"a\"} 0+150x\(80 + $0) stale"
            }
            return old + (0..<10).map(new) + [
                "load{src=\"x\", code=\"200\", instance=\"a\"} 0+150x600", "up{instance=\"a\"} 1x600",
            ]
        }
        let rollout = series { "load{src=\"new \($0)\", code=\"200\", instance=\"a\"} _x\(80 + $0) 0+75x400" }
        let errors = series { "load{src=\"\($0)\", code=\"500\", instance=\"a\"} _x\(80 + $0) 0+3x400" }

        let calm = try await kept("sum(rate(load[1m]))", rollout, minutes: 15...95)
        let outage = try await kept("sum(rate(load[1m]))", errors, minutes: 15...95)

        #expect(calm.allSatisfy { $0 == nil }, "\(calm)")
        #expect(outage[12...60].allSatisfy { $0 != nil && $0! < 0.2 }, "\(outage)")
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
