import Documents
import Fleet
import PromQL
import TimeSeries

/// Reads a file of policy unit tests.
struct PolicyUnitTestReader {
    let document: DocumentReader
    private static let mostReplicas = 1_000_000
    private static let longest = Duration.seconds(31 * 86_400)

    struct File {
        /// Paths and patterns, relative to the file.
        var policyFiles: [String]
        var tests: [PolicyUnitTest.Test]
    }

    func file(_ root: Documents.Node) -> File? {
        document.mapping(root, "a policy unit test file") { fields in
            let files = fields.require("policy_files").flatMap { _ in fields.strings("policy_files") }
            var index = 0
            let tests = fields.require("tests").flatMap { _ in
                fields.list("tests") { node in
                    index += 1
                    return test(node, index)
                }
            }
            if case .sequence(let items)? = fields.node("tests")?.content, items.isEmpty {
                fields.report("there is no test", at: "tests")
            }
            return File(policyFiles: files ?? [], tests: tests ?? [])
        }
    }

    private func test(_ node: Documents.Node, _ index: Int) -> PolicyUnitTest.Test? {
        document.mapping(node, "a test") { fields in
            PolicyUnitTest.Test(
                name: fields.string("name") ?? "test \(index)",
                interval: fields.duration("interval", in: .seconds(1)...(.seconds(86_400))) ?? .seconds(15),
                start: start(fields) ?? Timestamp(milliseconds: 1_700_000_000_000),
                startUp: fields.duration("start_up", in: .zero...(.seconds(86_400))) ?? .seconds(30),
                replicas: replicas(fields), series: fields.list("input_series", series) ?? [],
                cases: fields.list("decision_test", expectation) ?? [], position: node.position)
        }
    }

    private func start(_ fields: FieldReader) -> Timestamp? {
        fields.scalar(
            "start_timestamp", expected: "seconds since 1970 or a time such as 2024-01-01T00:00:00Z"
        ) {
            RFC3339.parse($0) ?? Double($0).flatMap { Timestamp(seconds: $0) }
        }
    }

    private func replicas(_ fields: FieldReader) -> [PolicyUnitTest.Start] {
        fields.mapping("replicas") { fields in
            fields.all.compactMap { pair in
                let count = document.scalar(pair.value, "the count", expected: "a whole number") { text in
                    Int(text).flatMap { (0...Self.mostReplicas).contains($0) ? $0 : nil }
                }
                guard let name = pair.key.text, let count else { return nil }
                return PolicyUnitTest.Start(workload: name, count: count, position: pair.key.position)
            }
        } ?? []
    }

    private func series(_ node: Documents.Node) -> SeriesNotation? {
        document.mapping(node, "an input series") { fields -> SeriesNotation? in
            let values = fields.string("values") ?? ""
            guard let name = fields.requiredString("series") else { return nil }
            do throws(QueryError) {
                return try SeriesNotation(name + " " + values)
            } catch {
                fields.report(error.message, at: "series")
                return nil
            }
        } ?? nil
    }

    private func expectation(_ node: Documents.Node) -> PolicyUnitTest.DecisionExpectation? {
        document.mapping(node, "an expected decision") { fields in
            let time = fields.require("eval_time").flatMap { _ in
                fields.duration("eval_time", in: .zero...Self.longest)
            }
            let counts = fields.scalar(
                "replicas", expected: "a count such as 8, or a range such as 8-10", range)
            let reasons = kinds("reasons", fields)
            let without = kinds("without", fields)
            let signals = signals(fields)
            if counts == nil, reasons.isEmpty, without.isEmpty, signals.isEmpty, !fields.has("replicas") {
                fields.report(
                    "nothing is expected; name \"replicas\", \"reasons\", \"without\" or \"signals\"")
            }
            return PolicyUnitTest.DecisionExpectation(
                time: time ?? .zero, policy: fields.string("policy"), counts: counts, reasons: reasons,
                without: without, signals: signals, position: node.position)
        }
    }

    /// `signals: { load: 200, latency: missing }`
    private func signals(_ fields: FieldReader) -> [SignalExpectation] {
        fields.mapping("signals") { fields in
            fields.all.compactMap { pair in
                guard let name = pair.key.text else { return nil }
                return document.scalar(pair.value, name, expected: SignalExpectation.notation) {
                    SignalExpectation(signal: name, $0)
                }
            }
        } ?? []
    }

    private func range(_ text: String) -> ClosedRange<Int>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        switch parts.count {
        case 1: return parts[0].flatMap { $0 >= 0 ? $0...$0 : nil }
        case 2:
            guard let low = parts[0], let high = parts[1], low <= high else { return nil }
            return low...high
        default: return nil
        }
    }

    private func kinds(_ key: String, _ fields: FieldReader) -> [ScaleDecision.Reason.Kind] {
        let known = ScaleDecision.Reason.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        return fields.list(key) { node in
            document.scalar(node, "a reason", expected: "one of \(known)") {
                ScaleDecision.Reason.Kind(rawValue: $0)
            }
        } ?? []
    }
}
