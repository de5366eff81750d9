import PromQL
import Synchronization
import TimeSeries

@testable import Rules

/// Answers queries by their canonical text.
final class FakeEngine: QueryEngine {
    typealias Answer = @Sendable (Timestamp) -> Result<QueryValue, QueryError>

    private let answers = Mutex<[String: Answer]>([:])
    private let gate = Mutex<(@Sendable () async -> Void)?>(nil)

    /// Elements as `labels: value`.
    func set(_ query: String, _ elements: [(labels: [(String, String)], value: Double)]) {
        let vector = elements.map {
            VectorElement(
                labels: Labels($0.labels.map { (name: $0.0, value: $0.1) }), number: .float($0.value))
        }
        answers.withLock { $0[query] = { _ in .success(.vector(vector)) } }
    }

    func set(_ query: String, _ answer: @escaping Answer) { answers.withLock { $0[query] = answer } }

    /// Awaited before every answer.
    func hold(_ wait: (@Sendable () async -> Void)?) { gate.withLock { $0 = wait } }

    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult {
        await gate.withLock { $0 }?()
        let answer = answers.withLock { $0[expression.description] }
        let result = answer?(range.start) ?? .success(.vector([]))
        return QueryResult(value: try result.get())
    }
}

/// Keeps what was appended, as text: `name{labels} value @milliseconds`.
final class FakeSink: SampleSink {
    private let batches = Mutex<[[SeriesSamples]]>([])
    private let rejections = Mutex(0)

    func reject(_ count: Int) { rejections.withLock { $0 = count } }

    /// What came since the last call.
    func take() -> [String] {
        let taken = batches.withLock { batches in
            defer { batches = [] }
            return batches
        }
        return taken.joined().flatMap { series in
            series.samples.map { sample in
                let value = Marker.isStale(sample.value) ? "stale" : "\(sample.value)"
                return "\(series.labels) \(value) @\(sample.timestamp.milliseconds)"
            }
        }
    }

    func append(_ batch: [SeriesSamples]) -> AppendReport {
        batches.withLock { $0.append(batch) }
        var report = AppendReport()
        report.outOfOrder = rejections.withLock { $0 }
        report.accepted = batch.count - report.outOfOrder
        return report
    }

    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID { TableID(index: 0) }
    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {}
    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport { AppendReport() }
    func closeTable(_ table: TableID) {}
    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport { AppendReport() }
}

/// A group with its state, evaluated by hand at seconds since 1970.
struct Bench {
    let engine = FakeEngine()
    let sink = FakeSink()
    let clock = ManualClock(now: Timestamp(milliseconds: 0))
    var group: RuleGroup
    var state: RuleGroupState

    init(_ rules: String, _ rest: String = "") throws {
        group = try Self.group(rules, rest)
        state = RuleGroupState(for: group)
    }

    static func group(_ rules: String, _ rest: String = "") throws -> RuleGroup {
        let text = "groups: [{name: g, \(rest) rules: [\(rules)]}]"
        return try RuleFile.parse(text, file: "f").groups[0]
    }

    var environment: RuleEnvironment {
        RuleEnvironment(
            engine: engine, sink: sink, clock: clock, externalLabels: Labels([("cluster", "c")]),
            externalURL: "http://fly")
    }

    mutating func evaluate(at seconds: Int) async -> GroupOutcome {
        await group.evaluate(
            at: Timestamp(milliseconds: Int64(seconds) * 1000), in: environment, state: &state)
    }

    var alerts: [String] {
        state.status(of: group).alerts.map { "\($0.labels) \($0.state) \($0.value)" }
    }
}
