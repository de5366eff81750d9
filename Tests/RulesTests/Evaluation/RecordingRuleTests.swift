import PromQL
import Testing
import TimeSeries

@testable import Rules

@Suite struct RecordingRuleTests {
    @Test func `a result is recorded under the rule's name and labels`() async throws {
        var bench = try Bench("{record: r, expr: up, labels: {a: x, job: ''}}")
        bench.engine.set("up", [(labels: [("__name__", "up"), ("job", "j"), ("i", "1")], value: 3)])

        let outcome = await bench.evaluate(at: 60)

        #expect(bench.sink.take() == [#"r{a="x", i="1"} 3.0 @60000"#])
        #expect(outcome.samples == 1)
        #expect(bench.state.status(of: bench.group).rules[0].health == .ok)
    }

    @Test func `a scalar is recorded without labels`() async throws {
        var bench = try Bench("{record: r, expr: 1}")
        bench.engine.set("1") { _ in .success(.scalar(1)) }

        _ = await bench.evaluate(at: 60)

        #expect(bench.sink.take() == ["r 1.0 @60000"])
    }

    @Test func `a series that vanishes is marked stale`() async throws {
        var bench = try Bench("{record: r, expr: up}")
        bench.engine.set("up", [(labels: [("i", "1")], value: 1), (labels: [("i", "2")], value: 2)])
        _ = await bench.evaluate(at: 60)
        _ = bench.sink.take()

        bench.engine.set("up", [(labels: [("i", "2")], value: 5)])
        _ = await bench.evaluate(at: 120)

        #expect(bench.sink.take() == [#"r{i="2"} 5.0 @120000"#, #"r{i="1"} stale @120000"#])
    }

    @Test func `each rule is appended before the next is asked`() async throws {
        var bench = try Bench("{record: a, expr: x}, {record: b, expr: a}")
        bench.engine.set("x", [(labels: [], value: 7)])
        let sink = bench.sink
        bench.engine.set("a") { _ in
            .success(
                .vector([
                    VectorElement(labels: .empty, number: .float(sink.take() == ["a 7.0 @60000"] ? 1 : 0))
                ]))
        }

        _ = await bench.evaluate(at: 60)

        #expect(sink.take() == ["b 1.0 @60000"])
    }

    @Test func `a failing rule fails alone and what it recorded ends`() async throws {
        var bench = try Bench("{record: a, expr: x}, {record: b, expr: y}")
        bench.engine.set("x", [(labels: [], value: 1)])
        bench.engine.set("y", [(labels: [], value: 2)])
        _ = await bench.evaluate(at: 60)
        _ = bench.sink.take()

        bench.engine.set("x") { _ in .failure(QueryError(.execution, "many-to-many")) }
        let outcome = await bench.evaluate(at: 120)

        #expect(bench.sink.take() == ["a stale @120000", "b 2.0 @120000"])
        #expect(outcome.failures == [GroupOutcome.Failure(rule: "a", message: "many-to-many")])
        let status = bench.state.status(of: bench.group)
        #expect(status.rules.map(\.health) == [.err, .ok])
        #expect(status.rules.map(\.lastError) == ["many-to-many", nil])
        #expect(status.failures == 1)
        #expect(status.evaluations == 4)
    }

    @Test func `two elements that become one series are an error`() async throws {
        var bench = try Bench("{record: r, expr: up, labels: {i: same}}")
        bench.engine.set("up", [(labels: [("i", "1")], value: 1), (labels: [("i", "2")], value: 2)])

        let outcome = await bench.evaluate(at: 60)

        #expect(bench.sink.take() == [])
        #expect(
            outcome.failures.map(\.message) == [
                "vector contains metrics with the same labelset after applying rule labels"
            ])
    }

    @Test func `a limit refuses the whole result`() async throws {
        var bench = try Bench("{record: r, expr: up}", "limit: 1,")
        bench.engine.set("up", [(labels: [("i", "1")], value: 1), (labels: [("i", "2")], value: 2)])

        let outcome = await bench.evaluate(at: 60)

        #expect(outcome.failures.map(\.message) == ["exceeded limit of 1 with 2 series"])
        #expect(bench.sink.take() == [])
    }

    @Test func `an offset looks back and records there`() async throws {
        var bench = try Bench("{record: r, expr: up}", "query_offset: 10s,")
        bench.engine.set("up") { moment in
            .success(.vector([VectorElement(labels: .empty, number: .float(moment.seconds))]))
        }

        _ = await bench.evaluate(at: 60)

        #expect(bench.sink.take() == ["r 50.0 @50000"])
    }

    @Test func `samples that the store refuses are the rule's error`() async throws {
        var bench = try Bench("{record: r, expr: up}")
        bench.engine.set("up", [(labels: [], value: 1)])
        bench.sink.reject(1)

        let outcome = await bench.evaluate(at: 60)

        #expect(outcome.failures.map(\.message) == ["1 of 1 samples refused: 1 out of order"])
    }

    @Test func `a reload keeps unchanged rules and ends what removed ones recorded`() async throws {
        var bench = try Bench("{record: a, expr: x}, {record: b, expr: x}")
        bench.engine.set("x", [(labels: [], value: 1)])
        _ = await bench.evaluate(at: 60)
        _ = bench.sink.take()

        let changed = try Bench.group("{record: c, expr: x}, {record: b, expr: x}")
        bench.state = RuleGroupState(for: changed, inheriting: bench.state, of: bench.group)
        bench.group = changed
        _ = await bench.evaluate(at: 120)

        #expect(bench.sink.take() == ["c 1.0 @120000", "b 1.0 @120000", "a stale @120000"])
    }
}
