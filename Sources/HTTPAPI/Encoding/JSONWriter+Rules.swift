import Documents
import PromQL
import Rules
import TimeSeries

extension JSONWriter {
    mutating func ruleGroup(_ group: RuleGroupStatus, showsAlerts: Bool) {
        object { json in
            json.field("name", group.name)
            json.field("file", group.file)
            json.key("rules")
            json.array { json in for rule in group.rules { json.rule(rule, showsAlerts: showsAlerts) } }
            json.field("interval", group.interval.inSeconds)
            json.field("limit", group.limit)
            json.field("evaluationTime", group.evaluationTime.inSeconds)
            json.field("lastEvaluation", RFC3339.text(group.lastEvaluation))
        }
    }

    private mutating func rule(_ rule: RuleStatus, showsAlerts: Bool) {
        object { json in
            if case .alerting(let alerting) = rule.kind {
                json.field("state", alerting.state.rawValue)
                json.field("name", rule.name)
                json.field("query", rule.query)
                json.field("duration", alerting.holdDuration.inSeconds)
                json.field("keepFiringFor", alerting.keepFiringFor.inSeconds)
                json.labels("labels", rule.labels)
                json.pairs("annotations", alerting.annotations.pairs)
                if showsAlerts {
                    json.key("alerts")
                    json.array { json in for alert in alerting.alerts { json.alert(alert) } }
                }
            } else {
                json.field("name", rule.name)
                json.field("query", rule.query)
                if !rule.labels.isEmpty { json.labels("labels", rule.labels) }
            }
            json.field("health", rule.health.rawValue)
            if let error = rule.lastError { json.field("lastError", error) }
            json.field("evaluationTime", rule.evaluationTime.inSeconds)
            json.field("lastEvaluation", RFC3339.text(rule.lastEvaluation))
            json.field("type", rule.kind == .recording ? "recording" : "alerting")
        }
    }

    mutating func alert(_ alert: AlertStatus) {
        object { json in
            json.labels("labels", alert.labels)
            json.pairs("annotations", alert.annotations.pairs)
            json.field("state", alert.state.rawValue)
            json.field("activeAt", RFC3339.text(alert.activeAt))
            if let since = alert.keepFiringSince { json.field("keepFiringSince", RFC3339.text(since)) }
            json.field("value", ScientificText.text(alert.value))
        }
    }
}

/// Go's `strconv.FormatFloat(value, 'e', -1, 64)`, in which the API shows the values of alerts: `1.5e+00`.
enum ScientificText {
    static func text(_ value: Double) -> String {
        guard value.isFinite, value != 0 else {
            return value == 0 ? (value.sign == .minus ? "-0e+00" : "0e+00") : NumberSyntax.text(value)
        }
        let plain = NumberSyntax.plainText(value.magnitude)
        let integer = plain.prefix { $0 != "." }
        let fraction = plain.dropFirst(integer.count + 1)
        var digits = (integer + fraction).drop { $0 == "0" }
        let exponent =
            integer == "0" ? -(fraction.prefix { $0 == "0" }.count + 1) : integer.count - 1
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        let tail = digits.count > 1 ? "." + digits.dropFirst() : ""
        let size = String(exponent.magnitude)
        return (value < 0 ? "-" : "") + digits.prefix(1) + tail + (exponent < 0 ? "e-" : "e+")
            + (size.count < 2 ? "0" + size : size)
    }
}
