import PromQL
import Testing
import TimeSeries

@testable import Rules

/// Rules over the real engine and an array of series.
@Suite struct EngineTests {
    private let store = UnitTestStore(ArraySource())

    private var environment: RuleEnvironment {
        RuleEnvironment(
            engine: LocalEngine(source: store), sink: store,
            clock: ManualClock(now: Timestamp(milliseconds: 0)))
    }

    private func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    @Test func `a chain of rules sees what the one before recorded at the same moment`() async throws {
        let group = try Bench.group("{record: a, expr: 'vector(2)'}, {record: b, expr: 'a * 3'}")
        var state = RuleGroupState(for: group)

        _ = await group.evaluate(at: moment(60), in: environment, state: &state)

        let result = try await LocalEngine(source: store).evaluate(Expression.parse("b"), at: moment(60))
        guard case .vector(let elements) = result.value else { return #expect(Bool(false)) }
        #expect(elements.map(\.value) == [6])
    }

    @Test func `the time of a pending alert survives a restart`() async throws {
        let group = try Bench.group("{alert: A, expr: 'vector(1)', for: 10m, labels: {x: \"a\\\\b\"}}")
        var before = RuleGroupState(for: group)
        for second in stride(from: Int64(0), through: 300, by: 60) {
            _ = await group.evaluate(at: moment(second), in: environment, state: &before)
        }

        var after = RuleGroupState(for: group)
        _ = await group.evaluate(at: moment(540), in: environment, state: &after)
        #expect(after.status(of: group).alerts.map(\.activeAt) == [moment(0)])
        #expect(after.status(of: group).alerts.map(\.state) == [.pending])

        let outcome = await group.evaluate(at: moment(600), in: environment, state: &after)
        #expect(outcome.notifications.count == 1)
    }

    @Test func `an alert that had resolved before the restart is not restored`() async throws {
        let group = try Bench.group("{alert: A, expr: 'x > 0', for: 10m}")
        var before = RuleGroupState(for: group)
        let labels = Labels([("__name__", "x")])
        for (second, value) in [(Int64(0), 1.0), (60, 1), (120, 0)] {
            _ = store.append([SeriesSamples(labels: labels, samples: [Sample(moment(second), value)])])
            _ = await group.evaluate(at: moment(second), in: environment, state: &before)
        }

        _ = store.append([SeriesSamples(labels: labels, samples: [Sample(moment(180), 1)])])
        var after = RuleGroupState(for: group)
        _ = await group.evaluate(at: moment(180), in: environment, state: &after)
        #expect(after.status(of: group).alerts.map(\.activeAt) == [moment(180)])
    }
}
