import PromQL
import Testing
import TimeSeries

@testable import Rules

@Suite struct AlertRestorationTests {
    /// After a start at 1000 s, with an alert that was active since `activeAt` and last seen at `lastSeen`.
    private func started(_ hold: String, activeAt: Double, lastSeen: Double) throws -> Bench {
        let bench = try Bench("{alert: Down, expr: up == 0, for: \(hold)}")
        let labels = [("alertname", "Down"), ("i", "1")]
        bench.engine.set(
            #"ALERTS_FOR_STATE{alertname="Down"}"#,
            [(labels: labels + [("__name__", "ALERTS_FOR_STATE")], value: activeAt)])
        bench.engine.set(
            #"timestamp(ALERTS_FOR_STATE{alertname="Down"})"#, [(labels: labels, value: lastSeen)])
        bench.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        return bench
    }

    private func activeAt(_ bench: Bench) -> [Double] {
        bench.state.status(of: bench.group).alerts.map(\.activeAt.seconds)
    }

    @Test func `an outage shorter than for counts as pending time, exactly`() async throws {
        var bench = try started("10m", activeAt: 700.5, lastSeen: 900)
        _ = await bench.evaluate(at: 1000)

        #expect(activeAt(bench) == [700.5])
        #expect(bench.state.status(of: bench.group).alerts.map(\.state) == [.pending])
    }

    @Test func `an alert that fired before fires at once`() async throws {
        var bench = try started("1m", activeAt: 100, lastSeen: 500)
        let outcome = await bench.evaluate(at: 1000)

        #expect(activeAt(bench) == [100])
        #expect(outcome.notifications.count == 1)
    }

    @Test func `an outage longer than for does not count as pending time`() async throws {
        var bench = try started("5m", activeAt: 500, lastSeen: 600)
        _ = await bench.evaluate(at: 1000)

        #expect(activeAt(bench) == [900])
    }

    @Test func `an alert that comes back within five minutes is restored, a later one is new`() async throws {
        var bench = try started("10m", activeAt: 700, lastSeen: 900)
        bench.engine.set("up == 0", [])
        _ = await bench.evaluate(at: 1000)
        _ = await bench.evaluate(at: 1060)
        var late = bench
        bench.engine.set("up == 0", [(labels: [("i", "1")], value: 0)])
        _ = await bench.evaluate(at: 1120)
        #expect(activeAt(bench) == [700])

        _ = await late.evaluate(at: 1420)
        #expect(activeAt(late) == [1420])
    }

    @Test func `without for nothing is read back`() async throws {
        var bench = try started("0s", activeAt: 100, lastSeen: 900)
        _ = await bench.evaluate(at: 1000)

        #expect(activeAt(bench) == [1000])
    }
}
