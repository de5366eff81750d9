import TimeSeries

/// What a group remembers between evaluations, one `RuleState` a rule.
package struct RuleGroupState: Sendable {
    package internal(set) var rules: [RuleState]
    /// Series of rules that are no longer there; marked stale by the next evaluation.
    var orphans: Set<Labels> = []
    var restoration = AlertRestoration()
    var evaluationTime = Duration.zero
    var lastEvaluation: Timestamp?
    var lastSamples = 0
    var iterations = 0
    var missedIterations = 0
    var evaluations = 0
    var failures = 0

    package init(for group: RuleGroup) {
        rules = Array(repeating: RuleState(), count: group.rules.count)
    }

    /// The state for a changed group. A rule of the same name and labels as before goes on where it was, the first of
    /// several with the first of several; what the others recorded will be marked stale.
    package init(for group: RuleGroup, inheriting old: RuleGroupState, of oldGroup: RuleGroup) {
        self = old
        rules = []
        var left: [String: [RuleState]] = [:]
        for (rule, state) in zip(oldGroup.rules, old.rules) {
            left[Self.identity(rule), default: []].append(state)
        }
        for rule in group.rules {
            let identity = Self.identity(rule)
            if let first = left[identity]?.first {
                rules.append(first)
                left[identity]?.removeFirst()
            } else {
                rules.append(RuleState())
            }
        }
        for states in left.values { for state in states { orphans.formUnion(state.series) } }
    }

    private static func identity(_ rule: Rule) -> String {
        (rule.isAlerting ? "alert " : "record ") + rule.name + rule.labelTexts.description
    }

    /// Every series that would be marked stale if the group vanished now, ordered.
    var allSeries: [Labels] { rules.reduce(into: orphans) { $0.formUnion($1.series) }.sorted() }

    /// Keeps `for` and its kin to elapsed time although the wall clock jumped.
    mutating func shift(by jump: Duration) {
        for index in rules.indices {
            rules[index].alerts = rules[index].alerts.mapValues { alert in
                var alert = alert
                alert.shift(by: jump)
                return alert
            }
        }
    }

    package func status(of group: RuleGroup) -> RuleGroupStatus {
        RuleGroupStatus(
            name: group.name, file: group.file, interval: group.interval, limit: group.limit,
            rules: zip(group.rules, rules).map { $1.status(of: $0) }, evaluationTime: evaluationTime,
            lastEvaluation: lastEvaluation, lastSamples: lastSamples, iterations: iterations,
            missedIterations: missedIterations, evaluations: evaluations, failures: failures)
    }
}
