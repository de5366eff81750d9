import Fleet
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// Series that are there and do not tell all: that fell to nothing together, or of which a range fills up again.
struct DoubtedSeriesTests {
    private func measurer(_ series: [String]) throws -> Measurer {
        var storage = ScriptStorage()
        for text in series {
            storage.load(
                try SeriesNotation(text), interval: .seconds(15), start: Timestamp(milliseconds: 0))
        }
        return Measurer(engine: LocalEngine(source: storage.source))
    }

    private func kept(_ query: String, _ measurer: Measurer, second: Int) async -> Double? {
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 100,
            signals: [SignalPolicy(name: "load", query: query, target: .perReplica(50))])
        policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
        policy.suspectsZeroFor = .seconds(600)
        let now = Timestamp(milliseconds: Int64(second) * 1000)
        return await measurer.measure([policy], at: now).measurements[0].signals[0].kept
    }

    private func kept(_ query: String, _ series: [String], minutes: ClosedRange<Int>) async throws
        -> [Double?]
    {
        let measurer = try measurer(series)
        var shares: [Double?] = []
        for minute in minutes { shares.append(await kept(query, measurer, second: 60 * minute)) }
        return shares
    }

    /// Five sources, some of which tell something else after twenty minutes.
    private func sources(_ before: String, _ after: String, others: String, failing: Int) -> [String] {
        (0..<5).map { source in
            "load{instance=\"\(source)\"} " + (source < failing ? "\(before) \(after)" : others)
        }
    }

    @Test(arguments: [
        ("sum(load)", "40x79", "0x400", "40x480", 20), ("avg(load)", "40x79", "1e-30x400", "40x480", 20),
        // The increase from minute to minute is nothing a minute later.
        ("sum(rate(load[1m]))", "0+3000x79", "237000x400", "0+3000x480", 21),
        ("sum(rate(load[1m]))", "0+3000x79", "0x400", "0+3000x480", 20),
        // A counter that began anew and tells nothing, or hardly anything once.
        ("sum(rate(load[5m]))", "0+3000x79", "-5x400", "0+3000x480", 20),
        ("sum(rate(load[5m]))", "0+3000x79", "-3000+0x400", "0+3000x480", 20),
        ("sum(rate(load[5m]))", "0+3000x79", "7x400", "0+3000x480", 20),
    ])
    func `several sources that fall to nothing together are missed for as long as a total of zero`(
        query: String, before: String, after: String, others: String, fall: Int
    ) async throws {
        let series = sources(before, after, others: others, failing: 3)

        let shares = try await kept(query, series, minutes: 12...40)

        #expect(shares[..<(fall - 12)].allSatisfy { $0 == nil }, "\(shares)")
        #expect(
            shares[(fall - 12)..<(fall - 2)].allSatisfy { $0.map { abs($0 - 0.4) < 0.05 } == true },
            "\(shares)")
        #expect(shares[(fall - 2)...].allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test(arguments: [
        ("sum(load)", "200x79", "0x400"), ("sum(rate(load[10m]))", "0+3000x79", "0x400"),
        ("sum(rate(load[10m]))", "0+3000x79", "-5x400"),
    ])
    func `one source that told most of all is missed as several are`(
        query: String, before: String, after: String
    ) async throws {
        let small = before.contains("+") ? "0+300x480" : "20x480"
        let source = "load{instance=\"0\"} \(before) \(after)"

        for (others, left) in [([], 0.0), (["load{instance=\"1\"} \(small)"], 1 / 11.0)] {
            let shares = try await kept(query, [source] + others, minutes: 12...40)

            #expect(shares[..<8].allSatisfy { $0 == nil }, "\(shares)")
            #expect(shares[8..<18].allSatisfy { $0.map { abs($0 - left) < 0.02 } == true }, "\(shares)")
            #expect(shares[18...].allSatisfy { $0 == nil }, "\(shares)")
        }
    }

    @Test
    func `a counter that began anew and goes on is whole`() async throws {
        let series = sources("0+3000x79", "3000+3000x400", others: "0+3000x480", failing: 3)

        let shares = try await kept("sum(rate(load[1m]))", series, minutes: 12...40)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test(arguments: [
        // One alone.
        (failing: 1, before: "40x79", after: "0x400"),
        // What runs down.
        (3, "40x67 36x3 20x3", "8x4 0x400"),
        // What is idle at times.
        (3, "40x11 0x3 40x11 0x3 40x11 0x3 40x11 0x3 40x15", "0x400"),
        // What is less, and not nothing.
        (3, "40x79", "1x400"),
    ])
    func `sources that may well be idle are believed`(failing: Int, before: String, after: String)
        async throws
    {
        let series = sources(before, after, others: "40x480", failing: failing)

        let shares = try await kept("sum(load)", series, minutes: 4...40)

        #expect(shares.allSatisfy { $0 == nil }, "\(shares)")
    }

    @Test(arguments: ["stale", "_"])
    func `a range that fills up again after a gap is missing until it is full`(end: String) async throws {
        // Away from 1200 s to 1365 s.
        let series = (0..<5).map { source in
            "load{src=\"\(source)\"} "
                + (source < 3 ? "0+3000x79 \(end) _x10 276000+3000x400" : "0+3000x500")
        }
        let measurer = try measurer(series)
        var shares: [Int: Double] = [:]
        for second in stride(from: 900, through: 1800, by: 15) {
            shares[second] = await kept("sum(rate(load[1m]))", measurer, second: second)
        }

        let known = shares.mapValues { abs($0 - 0.4) < 0.05 }
        #expect(known.values.allSatisfy { $0 }, "\(shares)")
        #expect(shares[1185] == nil && shares[1230] != nil && shares[1380] != nil, "\(shares)")
        #expect(shares[1410] != nil && shares[1425] == nil, "\(shares)")
    }

    /// Nobody tells anything from 1185 s to 1275 s.
    private var interrupted: [String] { (0..<5).map { "load{src=\"\($0)\"} 0+3000x79 _x5 255000+3000x400" } }

    @Test
    func `a gap is missed from the moment at which it is at the beginning of a range`() async throws {
        let measurer = try measurer(interrupted)
        var shares: [Int: Double?] = [:]
        for second in stride(from: 900, through: 1700, by: 5) {
            shares[second] = await kept("sum(rate(load[5m]))", measurer, second: second)
        }

        #expect(stride(from: 1490, through: 1570, by: 5).allSatisfy { shares[$0] == .some(0) }, "\(shares)")
        #expect(shares[1480] == .some(nil) && shares[1600] == .some(nil), "\(shares)")
    }

    @Test
    func `a gap of which nobody knew while it lasted is missed as well`() async throws {
        let measurer = try measurer(interrupted)
        var shares: [Int: Double?] = [:]
        // The machine stood still; when it goes on, the newest sample is fresh.
        for second in stride(from: 900, through: 1700, by: 5) where !(1180..<1290).contains(second) {
            shares[second] = await kept("sum(rate(load[5m]))", measurer, second: second)
        }

        #expect(stride(from: 1525, through: 1570, by: 5).allSatisfy { shares[$0] == .some(0) }, "\(shares)")
        #expect(shares[1290] == .some(nil) && shares[1600] == .some(nil), "\(shares)")
    }

    @Test
    func `what one query asks of a range does not hide what another asks of a longer or shorter one`()
        async throws
    {
        let measurer = try measurer(interrupted)
        func kept(at second: Int) async -> [Double?] {
            let policies = ["2m", "5m"].map { range in
                var policy = ScalingPolicy(
                    name: range, workload: WorkloadID("web")!, maxReplicas: 100,
                    signals: [
                        SignalPolicy(
                            name: "load", query: "sum(rate(load[\(range)]))", target: .perReplica(50))
                    ])
                policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
                return policy
            }
            let now = Timestamp(milliseconds: Int64(second) * 1000)
            return await measurer.measure(policies, at: now).measurements.map { $0.signals[0].kept }
        }
        var shares: [Int: [Double?]] = [:]
        for second in stride(from: 900, through: 1700, by: 15) { shares[second] = await kept(at: second) }

        #expect(
            stride(from: 1500, through: 1560, by: 15).allSatisfy { shares[$0]?[1] == .some(0) }, "\(shares)")
        #expect(
            stride(from: 1320, through: 1380, by: 15).allSatisfy { shares[$0]?[0] == .some(0) }, "\(shares)")
        #expect(shares[1170] == [nil, nil] && shares[1425] == [nil, nil], "\(shares)")
    }

    @Test
    func `after a restart the store says which ranges are full`() async throws {
        let paused = (0..<5).map { "load{src=\"\($0)\"} 0+3000x79 _x11 276000+3000x400" }
        let steady = (0..<5).map { "load{src=\"\($0)\"} 0+3000x400" }

        for (series, share) in [(paused, 0.0), (steady, nil)] {
            let kept = await kept("sum(rate(load[1m]))", try measurer(series), second: 1410)
            #expect(kept == share)
        }
    }
}
