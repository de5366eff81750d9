import Rules
import TimeSeries

/// Rule groups that are evaluated when they are due, one after the other, instead of each in a task of its own.
struct SteppedRules {
    private struct Group {
        var group: RuleGroup
        var state: RuleGroupState
        var next: Timestamp
    }

    private var groups: [Group]
    private let environment: RuleEnvironment

    init(_ groups: [RuleGroup], in environment: RuleEnvironment) {
        self.environment = environment
        let now = environment.clock.now
        self.groups = groups.sorted { $0.key < $1.key }.map {
            Group(
                group: $0, state: RuleGroupState(for: $0), next: $0.slot(atOrBefore: now) + $0.interval)
        }
    }

    var next: Timestamp? { groups.map(\.next).min() }

    /// Evaluates what is due, each group at its slot.
    mutating func evaluateDue(at now: Timestamp, _ report: (RuleGroup, GroupOutcome) -> Void) async {
        for index in groups.indices where groups[index].next <= now {
            let group = groups[index].group
            let slot = group.slot(atOrBefore: now)
            groups[index].next = slot + group.interval
            report(group, await group.evaluate(at: slot, in: environment, state: &groups[index].state))
        }
    }
}
