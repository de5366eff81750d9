package import Exposition
import TimeSeries

extension RuleService {
    /// Writes what the service counts about itself: Prometheus' rule metrics under our prefix, by `rule_group`.
    package func writeMetrics(to writer: inout ExpositionWriter) {
        let groups = statuses
        func rows(_ value: (RuleGroupStatus) -> Double) -> [(ExpositionWriter.LabelPairs, Double)] {
            groups.map { ([(name: "rule_group", value: $0.file + ";" + $0.name)], value($0)) }
        }
        writer.counter(
            "flyball_rule_group_iterations_total", help: "Evaluations of the group that were due.",
            rows { Double($0.iterations) })
        writer.counter(
            "flyball_rule_group_iterations_missed_total",
            help: "Evaluations that were skipped because the one before took too long.",
            rows { Double($0.missedIterations) })
        writer.counter(
            "flyball_rule_evaluations_total", help: "Evaluations of rules.", rows { Double($0.evaluations) })
        writer.counter(
            "flyball_rule_evaluation_failures_total", help: "Evaluations of rules that failed.",
            rows { Double($0.failures) })
        writer.gauge(
            "flyball_rule_group_interval_seconds", help: "The interval of the group.",
            rows { $0.interval.inSeconds })
        writer.gauge(
            "flyball_rule_group_last_evaluation_timestamp_seconds",
            help: "When the group was last evaluated.",
            rows { $0.lastEvaluation?.seconds ?? 0 })
        writer.gauge(
            "flyball_rule_group_last_duration_seconds", help: "How long the last evaluation took.",
            rows { $0.evaluationTime.inSeconds })
        writer.gauge(
            "flyball_rule_group_last_evaluation_samples", help: "Samples of the last evaluation.",
            rows { Double($0.lastSamples) })
        writer.gauge(
            "flyball_rule_group_rules", help: "Rules in the group.", rows { Double($0.rules.count) })
        let alerts = groups.flatMap(\.alerts)
        writer.gauge(
            "flyball_alerts", help: "Active alerts by state.",
            [AlertState.pending, .firing].map { state in
                ([(name: "state", value: state.rawValue)], Double(alerts.count { $0.state == state }))
            })
    }
}
