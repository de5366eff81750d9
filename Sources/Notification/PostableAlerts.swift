import Documents
import Rules
import TimeSeries

/// The body of `POST /api/v2/alerts` (Alertmanager's OpenAPI document, `postableAlerts`).
enum PostableAlerts {
    static func encode(_ alerts: [AlertNotification]) -> [UInt8] {
        var json = JSONWriter(reserving: alerts.count * 400)
        json.array { json in
            for alert in alerts { json.object { write(alert, &$0) } }
        }
        return json.bytes
    }

    private static func write(_ alert: AlertNotification, _ json: inout JSONWriter) {
        json.key("labels")
        json.object { json in alert.labels.forEach { json.field($0, $1) } }
        json.key("annotations")
        json.object { json in
            for pair in alert.annotations.list { json.field(pair.name, pair.value) }
        }
        json.field("startsAt", RFC3339.text(alert.startsAt))
        json.field("endsAt", RFC3339.text(alert.endsAt))
        json.field("generatorURL", alert.generatorURL)
    }
}
