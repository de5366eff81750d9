package import Documents
import Fleet
import PromQL
import TimeSeries

/// Unit tests of policies: series in, decisions out, in the style of promtool's tests of rules. The same measuring and
/// the same `decide` as in production, over virtual time.
package struct PolicyUnitTest {
    struct Test {
        var name: String
        var interval: Duration
        var start: Timestamp
        /// How long a replica takes to be ready.
        var startUp: Duration
        /// What runs at the start, by workload; else the least that the policy keeps, and at least one.
        var replicas: [Start]
        var series: [SeriesNotation]
        var cases: [DecisionExpectation]
        var position: Position
    }

    /// How many replicas of a workload run at the start.
    struct Start {
        var workload: String
        var count: Int
        var position: Position
    }

    /// What is expected of a policy's last decision at or before a moment.
    struct DecisionExpectation {
        var time: Duration
        /// May be left out where there is only one.
        var policy: String?
        var counts: ClosedRange<Int>?
        var reasons: [ScaleDecision.Reason.Kind]
        var without: [ScaleDecision.Reason.Kind]
        /// What signals were measured.
        var signals: [SignalExpectation]
        var position: Position
    }

    private let path: String
    private let policies: [ScalingPolicy]
    private let tests: [Test]

    /// - Parameter load: the files that a pattern of `policy_files` stands for; the pattern is relative to the test file.
    /// - Throws: what is wrong with the test file or with a policy file.
    package init(_ text: String, file path: String, load: (_ pattern: String) throws -> [NamedFile]) throws {
        let document = DocumentReader(file: path)
        let root = try YAMLDocument.parse(text, file: path)
        let file = try document.finish(PolicyUnitTestReader(document: document).file(root))
        var files: [(name: String, text: String)] = []
        for pattern in file.policyFiles { files += try load(pattern).map { ($0.path, $0.text) } }
        policies = try PolicyFile.load(files)
        tests = file.tests
        self.path = path
        let workloads = Set(policies.map(\.workload.name)).sorted()
        for start in tests.flatMap(\.replicas) where !workloads.contains(start.workload) {
            throw DocumentError([
                Problem(
                    file: path, position: start.position,
                    message: "no policy scales \"\(start.workload)\"; known are "
                        + workloads.joined(separator: ", "))
            ])
        }
        for item in tests.flatMap(\.cases) {
            let known = policies.map(\.name)
            if let name = item.policy, !known.contains(name) {
                throw DocumentError([
                    Problem(
                        file: path, position: item.position,
                        message: "no policy \"\(name)\"; known are \(known.joined(separator: ", "))")
                ])
            }
            if item.policy == nil, known.count != 1 {
                throw DocumentError([
                    Problem(
                        file: path, position: item.position,
                        message: "\"policy\" is needed where there are several; known are "
                            + known.joined(separator: ", "))
                ])
            }
            let policy = policies.first { $0.name == (item.policy ?? $0.name) }
            for expectation in item.signals where policy?.signal(expectation.signal) == nil {
                let signals = policy?.signals.map(\.name).joined(separator: ", ") ?? ""
                throw DocumentError([
                    Problem(
                        file: path, position: item.position,
                        message: "no signal \"\(expectation.signal)\"; known are \(signals)")
                ])
            }
        }
    }

    /// - Parameter isWanted: which tests run, by their names.
    package func run(_ isWanted: (_ name: String) -> Bool = { _ in true }) async -> TestReport {
        var report = TestReport()
        for test in tests where isWanted(test.name) {
            var failures: [Problem] = []
            for policy in policies {
                let cases = test.cases.filter { ($0.policy ?? policy.name) == policy.name }
                guard !cases.isEmpty else { continue }
                var run = PolicyUnitTestRun(policy, test)
                let decisions = await run.decisions(until: cases.map(\.time).max() ?? .zero)
                for item in cases.sorted(by: { $0.time < $1.time }) {
                    let last = decisions.last { $0.decision.at <= test.start + item.time }
                    guard let why = item.objection(to: last, of: policy) else { continue }
                    failures.append(
                        Problem(
                            file: path, position: item.position,
                            message: "\(test.name): \(policy.name) at \(item.time.prometheusText): \(why)"))
                }
            }
            report.add(
                test.name,
                failures.sorted {
                    ($0.position?.line ?? 0, $0.message) < ($1.position?.line ?? 0, $1.message)
                })
        }
        return report
    }
}

extension PolicyUnitTest.DecisionExpectation {
    /// What is otherwise than expected, with the whole decision; nil where nothing is.
    func objection(to step: PolicyUnitTestRun.Step?, of policy: ScalingPolicy) -> String? {
        guard let step else { return "nothing was decided yet" }
        let decision = step.decision
        let kinds = Set(decision.reasons.map(\.kind))
        var problems: [String] = []
        if let counts, !counts.contains(decision.desired) {
            let wanted =
                counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound)-\(counts.upperBound)"
            problems.append("expected \(wanted) replicas, decided \(decision.desired)")
        }
        for kind in reasons where !kinds.contains(kind) { problems.append("no reason \"\(kind.rawValue)\"") }
        for kind in without where kinds.contains(kind) {
            problems.append("there is the reason \"\(kind.rawValue)\"")
        }
        problems += signals.compactMap { expectation in
            let unit = policy.signal(expectation.signal)?.unit ?? .plain
            return expectation.objection(to: step.measurement, unit: unit)
        }
        guard !problems.isEmpty else { return nil }
        let steps = decision.reasons.map {
            "\n    \($0.kind.rawValue) \($0.subject): \($0.text) -> \($0.count)"
        }
        return problems.joined(separator: "; ") + steps.joined()
    }
}
