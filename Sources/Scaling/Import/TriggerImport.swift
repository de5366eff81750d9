import Documents
import PromQL

/// Translates one trigger of a ScaledObject.
struct TriggerImport {
    private let log: ImportLog
    private let polling: Int

    init(_ log: ImportLog, polling: Int) {
        self.log = log
        self.polling = polling
    }

    /// Queues and what Prometheus exporters call them: the metric, its labels by KEDA's key, and the key of the target.
    private struct Queue {
        var metric: String
        var labels: [(label: String, key: String)]
        var target: String
        var standard: String
        var exporter: String
    }

    private static let queues: [String: Queue] = [
        "rabbitmq": Queue(
            metric: "rabbitmq_queue_messages", labels: [("queue", "queueName"), ("vhost", "vhostName")],
            target: "value", standard: "20", exporter: "RabbitMQ's Prometheus plugin"),
        "kafka": Queue(
            metric: "kafka_consumergroup_lag",
            labels: [("consumergroup", "consumerGroup"), ("topic", "topic")],
            target: "lagThreshold", standard: "10", exporter: "kafka_exporter"),
        "redis": Queue(
            metric: "redis_key_size", labels: [("key", "listName")], target: "listLength", standard: "5",
            exporter: "redis_exporter"),
        "redis-streams": Queue(
            metric: "redis_stream_group_messages_pending",
            labels: [("stream", "stream"), ("group", "consumerGroup")], target: "pendingEntriesCount",
            standard: "5", exporter: "redis_exporter"),
        "aws-sqs-queue": Queue(
            metric: "aws_sqs_approximate_number_of_messages_visible_average", labels: [],
            target: "queueLength", standard: "5", exporter: "cloudwatch_exporter"),
        "nats-jetstream": Queue(
            metric: "jetstream_consumer_num_pending",
            labels: [("stream_name", "stream"), ("consumer_name", "consumer")], target: "lagThreshold",
            standard: "10", exporter: "prometheus-nats-exporter"),
    ]

    func add(_ trigger: Documents.Node, to draft: inout PolicyDraft) {
        let type = trigger["type"]?.text ?? ""
        let metadata = trigger["metadata"]
        let name = trigger["name"]?.text ?? type
        switch type {
        case "prometheus": prometheus(trigger, name, &draft)
        case "predictkube": predictkube(trigger, name, &draft)
        case "cpu", "memory": container(type, trigger, &draft)
        case "cron": cron(metadata, name, &draft)
        default:
            guard let queue = Self.queues[type] else {
                return log.note(
                    "the trigger type \"\(type)\" has no equivalent: let an exporter measure it and write a query",
                    trigger)
            }
            let labels = queue.labels.compactMap { label, key in
                metadata?[key]?.text.map { "\(label)=\(MetricName.quoted($0))" }
            }
            log.note(
                "\(type) is measured by \(queue.exporter), which has to be scraped; check the query", trigger)
            let query =
                "sum(\(queue.metric)" + (labels.isEmpty ? "" : "{\(labels.joined(separator: ", "))}") + ")"
            let target = metadata?[queue.target]?.text ?? queue.standard
            append(query, target, trigger, name, &draft)
        }
        if trigger["authenticationRef"] != nil {
            log.note("authentication belongs to the scrape, in flyball.yml", trigger["authenticationRef"])
        }
    }

    private func prometheus(_ trigger: Documents.Node, _ name: String, _ draft: inout PolicyDraft) {
        let metadata = trigger["metadata"]
        guard let query = metadata?["query"]?.text, let threshold = metadata?["threshold"]?.text else {
            return log.note("a prometheus trigger needs query and threshold", trigger)
        }
        guard (try? Expression.parse(query)) != nil else {
            return log.note("its query is not PromQL", metadata?["query"])
        }
        if let server = metadata?["serverAddress"], let address = server.text {
            log.note("the query is asked of Flyball's own store instead of \(address)", server)
        }
        // KEDA reads nothing as zero unless told otherwise.
        let ignoresNothing = metadata?["ignoreNullValues"]?.text != "false"
        if ignoresNothing {
            log.note(
                "no data holds the count here; KEDA takes it for 0 (ignoreNullValues)", metadata?["query"])
        }
        append(query, threshold, trigger, name, &draft)
    }

    private func append(
        _ query: String, _ target: String, _ trigger: Documents.Node, _ name: String,
        _ draft: inout PolicyDraft
    ) {
        guard let value = KubernetesQuantity.parse(target).map({ KubernetesQuantity.text($0) }) else {
            return log.note("the target \"\(target)\" is no number above zero", trigger)
        }
        let metadata = trigger["metadata"]
        let isMean = trigger["metricType"]?.text == "Value"
        var settings = [isMean ? "mean: \(value)" : "per_replica: \(value)"]
        let activation =
            ["activationThreshold", "activationValue", "activationLagThreshold", "activationQueueLength"]
            .lazy.compactMap { metadata?[$0]?.text }.first
        if let activation, let number = KubernetesQuantity.parse(activation) {
            settings.append("activation: \(KubernetesQuantity.text(number))")
        }
        draft.signals.append(
            PolicyDraft.Signal(name: draft.signalName(name), query: query, settings: settings))
    }

    /// Its vendor's forecast becomes ours.
    private func predictkube(_ trigger: Documents.Node, _ name: String, _ draft: inout PolicyDraft) {
        let before = draft.signals.count
        prometheus(trigger, name, &draft)
        guard draft.signals.count > before, let signal = draft.signals.last else { return }
        let metadata = trigger["metadata"]
        let horizon = metadata?["predictHorizon"]?.text ?? "2h"
        let history = metadata?["historyTimeWindow"]?.text ?? "7d"
        draft.prediction = "{ signal: \(signal.name), hold: \(horizon), history: \(history) }"
        log.note("forecast by Flyball itself, no data leaves it", trigger)
    }

    private func container(_ type: String, _ trigger: Documents.Node, _ draft: inout PolicyDraft) {
        guard let value = trigger.at("metadata", "value")?.text else {
            return log.note("a \(type) trigger needs a value", trigger)
        }
        let kind = trigger["metricType"]?.text ?? trigger.at("metadata", "type")?.text ?? "Utilization"
        if kind == "Utilization", let percent = Int(value), percent > 0 {
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(type), query: ContainerQuery.utilisation(type, draft.workload),
                    settings: ["mean: \(percent)%"]))
        } else if let number = KubernetesQuantity.parse(value) {
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(type), query: ContainerQuery.usage(type, draft.workload),
                    settings: ["mean: \(KubernetesQuantity.text(number))"]))
        } else {
            log.note("the value \"\(value)\" is no number above zero", trigger)
        }
    }

    private func cron(_ metadata: Documents.Node?, _ name: String, _ draft: inout PolicyDraft) {
        guard let metadata, let start = metadata["start"]?.text, let end = metadata["end"]?.text,
            let count = metadata["desiredReplicas"]?.integer, count >= 0
        else { return log.note("a cron trigger needs start, end and desiredReplicas", metadata) }
        let zone = metadata["timezone"]?.text ?? "UTC"
        let known = ZoneTable(zone) != nil || zone == "Etc/UTC"
        if !known { log.note("the time zone \"\(zone)\" is not known: UTC", metadata["timezone"]) }
        guard let times = CronPair(start, end)?.text else {
            return log.note("start and end must each name one minute of the same days", metadata["start"])
        }
        let id = PolicyDraft.label(name == "cron" ? "cron-\(draft.schedules.count + 1)" : name)
        draft.schedules.append(
            "{ name: \(id), \(times), zone: \(known ? zone : "UTC"), min: \(count) }")
        if draft.signals.isEmpty {
            // A policy needs a signal; one that asks for nothing lets the schedule decide.
            draft.signals.append(
                PolicyDraft.Signal(name: "nothing", query: "vector(0)", settings: ["per_replica: 1"]))
        }
    }
}

/// Two crontab lines, a start and an end, as hours of days.
struct CronPair {
    let text: String

    init?(_ start: String, _ end: String) {
        let first = start.split(separator: " "), last = end.split(separator: " ")
        guard first.count == 5, last.count == 5, let from = CronExpression(start),
            let to = CronExpression(end),
            from.minutes.count == 1, from.hours.count == 1, to.minutes.count == 1, to.hours.count == 1
        else { return nil }
        func time(_ cron: CronExpression) -> String {
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            return "'\(two(cron.hours[0])):\(two(cron.minutes[0]))'"
        }
        if first[2] == "*", first[3] == "*", last[2] == "*", last[3] == "*", first[4] == last[4] {
            let days = first[4] == "*" ? "" : "days: '\(first[4])', "
            text = days + "from: \(time(from)), to: \(time(to))"
            return
        }
        // From one weekday to another.
        guard first[2] == "*", first[3] == "*", last[2] == "*", last[3] == "*", from.weekdays.count == 1,
            to.weekdays.count == 1
        else { return nil }
        let begin = (from.weekdays[0] * 24 + from.hours[0]) * 60 + from.minutes[0]
        let finish = (to.weekdays[0] * 24 + to.hours[0]) * 60 + to.minutes[0]
        let minutes = ((finish - begin) % 10_080 + 10_080) % 10_080
        text = "cron: '\(start)', for: \(minutes == 0 ? 10_080 : minutes)m"
    }
}
