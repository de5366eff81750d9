import Documents
import PromQL
import TimeSeries

/// One test of a file: its rules evaluated from the start to the last question, then the questions.
struct UnitTestRun {
    struct Failure {
        var position: Position
        var message: String
    }

    let test: UnitTestFile.Test
    let groups: [RuleGroup]
    let evaluationInterval: Duration
    let features: QueryFeatures
    let isFuzzy: Bool
    private(set) var failures: [Failure] = []

    init(
        test: UnitTestFile.Test, groups: [RuleGroup], evaluationInterval: Duration, features: QueryFeatures,
        isFuzzy: Bool
    ) {
        self.test = test
        self.groups = groups
        self.evaluationInterval = evaluationInterval
        self.features = features
        self.isFuzzy = isFuzzy
    }

    mutating func run() async {
        var storage = ScriptStorage()
        for series in test.series { storage.load(series, interval: test.interval, start: test.start) }
        let store = UnitTestStore(storage.source)
        let engine = LocalEngine(source: store, features: features, subqueryStep: evaluationInterval)
        let environment = RuleEnvironment(
            engine: engine, sink: store, clock: ManualClock(now: test.start),
            externalLabels: test.externalLabels, externalURL: test.externalURL)
        guard await evaluateRules(environment) else { return }
        for question in test.expressions { await check(question, environment) }
    }

    /// Returns false where a rule failed; the questions would only fail with it.
    private mutating func evaluateRules(_ environment: RuleEnvironment) async -> Bool {
        var states = groups.map { RuleGroupState(for: $0) }
        for index in states.indices { states[index].restoration.skip(at: test.start) }
        var elapsed = Duration.zero
        while elapsed <= test.length {
            let moment = test.start + elapsed
            var isBroken = false
            for index in groups.indices {
                let outcome = await groups[index].evaluate(at: moment, in: environment, state: &states[index])
                for failure in outcome.failures {
                    isBroken = true
                    fail(
                        test.position,
                        "rule: \(failure.rule), time: \(elapsed.prometheusText), err: \(failure.message)")
                }
            }
            if isBroken { return false }
            for question in test.alerts
            where question.time >= elapsed && question.time < elapsed + evaluationInterval {
                check(question, states)
            }
            elapsed += evaluationInterval
        }
        return true
    }

    private mutating func fail(_ position: Position, _ message: String) {
        failures.append(Failure(position: position, message: message))
    }

    // MARK: Alerts

    private mutating func check(_ question: UnitTestFile.AlertCase, _ states: [RuleGroupState]) {
        var found: [UnitTestFile.ExpectedAlert] = []
        for (group, state) in zip(groups, states) {
            for (rule, ruleState) in zip(group.rules, state.rules)
            where rule.isAlerting && rule.name == question.alertName {
                found += ruleState.alerts.values.filter { $0.state == .firing }.map {
                    UnitTestFile.ExpectedAlert(labels: $0.labels, annotations: Labels($0.annotations.pairs))
                }
            }
        }
        let got = sorted(found)
        let wanted = sorted(question.expected)
        guard got != wanted else { return }
        let time = question.time.prometheusText
        fail(
            question.position,
            "alertname: \(question.alertName), time: \(time),\n    exp: \(text(wanted))\n    got: \(text(got))"
        )
    }

    private func sorted(_ alerts: [UnitTestFile.ExpectedAlert]) -> [UnitTestFile.ExpectedAlert] {
        alerts.sorted { $0.labels == $1.labels ? $0.annotations < $1.annotations : $0.labels < $1.labels }
    }

    private func text(_ alerts: [UnitTestFile.ExpectedAlert]) -> String {
        alerts.isEmpty
            ? "[]" : alerts.map { "\($0.labels) \($0.annotations)" }.joined(separator: "\n         ")
    }

    // MARK: Expressions

    private mutating func check(
        _ question: UnitTestFile.ExpressionCase, _ environment: RuleEnvironment
    ) async {
        let title = "expr: \(Labels.quoted(question.expression)), time: \(question.time.prometheusText)"
        let got: [VectorElement]
        do {
            let expression = try Expression.parse(question.expression, features: features)
            got = try await environment.vector(expression, at: test.start + question.time)
                .sorted { $0.labels < $1.labels }
        } catch {
            return fail(question.position, "\(title), err: \(error.message)")
        }
        let wanted = question.expected.sorted { $0.labels < $1.labels }
        let isEqual =
            got.count == wanted.count
            && zip(got, wanted).allSatisfy { got, wanted in
                got.labels == wanted.labels && areEqual(got.number, wanted.number)
            }
        guard !isEqual else { return }
        let gotText = got.map { text($0.labels, $0.number) }.joined(separator: ", ")
        let wantedText = wanted.map { text($0.labels, $0.number) }.joined(separator: ", ")
        fail(question.position, "\(title),\n    exp: \(wantedText)\n    got: \(gotText)")
    }

    private func text(_ labels: Labels, _ number: VectorElement.Number) -> String {
        switch number {
        case .float(let value): "\(labels) \(GoNumber.shortest(value))"
        case .histogram(let histogram): "\(labels) \(HistogramNotation.text(histogram))"
        }
    }

    private func areEqual(_ a: VectorElement.Number, _ b: VectorElement.Number) -> Bool {
        switch (a, b) {
        case (.float(let a), .float(let b)):
            if a == b || (a.isNaN && b.isNaN) { return true }
            return isFuzzy && a <= b.nextUp.nextUp && a >= b.nextDown.nextDown
        case (.histogram(let a), .histogram(let b)):
            return HistogramNotation.text(a) == HistogramNotation.text(b)
        default: return false
        }
    }
}
