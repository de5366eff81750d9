import PromQL
import Testing
import TimeSeries

@testable import Rules

@Suite struct AlertingRuleTests {
    private static let down: [(labels: [(String, String)], value: Double)] = [
        (labels: [("__name__", "up"), ("i", "1")], value: 0)
    ]

    @Test func `an alert is pending, fires after for, resolves and is forgotten after fifteen minutes`()
        async throws
    {
        var bench = try Bench("{alert: Down, expr: up == 0, for: 2m, labels: {severity: page}}")
        let labels = #"{alertname="Down", i="1", severity="page"}"#

        bench.engine.set("up == 0", Self.down)
        let first = await bench.evaluate(at: 60)
        #expect(bench.alerts == ["\(labels) pending 0.0"])
        #expect(first.notifications == [])

        _ = await bench.evaluate(at: 120)
        let third = await bench.evaluate(at: 180)
        #expect(bench.alerts == ["\(labels) firing 0.0"])
        #expect(third.notifications.map(\.startsAt.seconds) == [180])
        #expect(third.notifications.map(\.endsAt.seconds) == [180 + 240])
        #expect(third.notifications.map(\.generatorURL) == ["http://fly/graph?g0.expr=up+%3D%3D+0&g0.tab=1"])
        #expect(third.transitions.map(\.to) == [.firing])

        bench.engine.set("up == 0", [])
        let resolved = await bench.evaluate(at: 240)
        #expect(bench.alerts == [])
        #expect(resolved.notifications.map(\.endsAt.seconds) == [240])
        #expect(resolved.transitions.map(\.to) == [.inactive])

        let again = await bench.evaluate(at: 240 + 900)
        #expect(again.notifications.map(\.endsAt.seconds) == [240])
        let over = await bench.evaluate(at: 240 + 960)
        #expect(over.notifications == [])
        #expect(bench.state.rules[0].alerts.isEmpty)
    }

    @Test func `a pending alert whose condition ends is forgotten`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0, for: 2m}")
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 60)
        bench.engine.set("up == 0", [])
        _ = await bench.evaluate(at: 120)
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 180)

        #expect(bench.state.status(of: bench.group).alerts.map(\.activeAt.seconds) == [180])
    }

    @Test func `a firing alert is sent again after the resend delay`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0}", "interval: 30s,")
        bench.engine.set("up == 0", Self.down)

        var sent: [Int] = []
        for second in stride(from: 30, through: 240, by: 30) {
            if !(await bench.evaluate(at: second)).notifications.isEmpty { sent.append(second) }
        }

        #expect(sent == [30, 120, 210])
    }

    @Test func `keep_firing_for holds an alert whose condition ended`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0, keep_firing_for: 2m}")
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 60)
        bench.engine.set("up == 0", [])

        _ = await bench.evaluate(at: 120)
        _ = await bench.evaluate(at: 180)
        #expect(bench.state.status(of: bench.group).alerts.map(\.keepFiringSince?.seconds) == [120])
        _ = await bench.evaluate(at: 240)
        #expect(bench.alerts == [])
    }

    @Test func `the state of alerts is written as series`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0, for: 1m}")
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 60)
        #expect(
            bench.sink.take() == [
                #"ALERTS{alertname="Down", alertstate="pending", i="1"} 1.0 @60000"#,
                #"ALERTS_FOR_STATE{alertname="Down", i="1"} 60.0 @60000"#,
            ])

        _ = await bench.evaluate(at: 120)
        #expect(
            bench.sink.take() == [
                #"ALERTS{alertname="Down", alertstate="firing", i="1"} 1.0 @120000"#,
                #"ALERTS_FOR_STATE{alertname="Down", i="1"} 60.0 @120000"#,
                #"ALERTS{alertname="Down", alertstate="pending", i="1"} stale @120000"#,
            ])
    }

    @Test func `labels and annotations are expanded for each element`() async throws {
        var bench = try Bench(
            #"{alert: Down, expr: up == 0, labels: {who: '{{ $labels.i }}@{{ $externalLabels.cluster }}'}, "#
                + #"annotations: {s: '{{ query "a" | first | value }}/{{ $value }}', bad: '{{ humanize "x" }}'}}"#
        )
        bench.engine.set("up == 0", Self.down)
        bench.engine.set("a", [(labels: [], value: 7)])

        let outcome = await bench.evaluate(at: 60)

        #expect(bench.alerts == [#"{alertname="Down", i="1", who="1@c"} firing 0.0"#])
        #expect(outcome.notifications[0].annotations["s"] == "7/0")
        #expect(
            outcome.notifications[0].annotations["bad"]
                == #"<error expanding template: error calling humanize: parsing "x": invalid syntax>"#)
    }

    @Test func `a failing query leaves the alerts as they are`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0}")
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 60)
        _ = bench.sink.take()

        bench.engine.set("up == 0") { _ in .failure(QueryError(.timeout, "query timed out")) }
        _ = await bench.evaluate(at: 120)

        #expect(bench.alerts.count == 1)
        #expect(bench.sink.take() == [])
        #expect(bench.state.status(of: bench.group).rules[0].health == .err)
    }

    @Test func `too many alerts are an error and none fires`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0}", "limit: 1,")
        bench.engine.set("up == 0", [(labels: [("i", "1")], value: 0), (labels: [("i", "2")], value: 0)])

        let outcome = await bench.evaluate(at: 60)

        #expect(outcome.failures.map(\.message) == ["exceeded limit of 1 with 2 alerts"])
        #expect(bench.alerts == [])
        #expect(outcome.notifications == [])
    }

    @Test func `elements that become the same alert are an error`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0, labels: {i: x}}")
        bench.engine.set("up == 0", [(labels: [("i", "1")], value: 0), (labels: [("i", "2")], value: 0)])

        let outcome = await bench.evaluate(at: 60)

        #expect(
            outcome.failures.map(\.message) == [
                "vector contains metrics with the same labelset after applying alert labels"
            ])
    }

    @Test func `a longer for after a reload makes a firing alert pending`() async throws {
        var bench = try Bench("{alert: Down, expr: up == 0}")
        bench.engine.set("up == 0", Self.down)
        _ = await bench.evaluate(at: 60)

        let changed = try Bench.group("{alert: Down, expr: up == 0, for: 5m}")
        bench.state = RuleGroupState(for: changed, inheriting: bench.state, of: bench.group)
        bench.group = changed
        _ = await bench.evaluate(at: 120)

        #expect(bench.alerts == [#"{alertname="Down", i="1"} pending 0.0"#])
    }
}
