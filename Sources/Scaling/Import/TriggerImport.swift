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
            metric: "aws_sqs_approximate_number_of_messages_visible_average",
            labels: [("queue_name", "queueURL")],
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
            self.queue(queue, trigger, name, &draft)
        }
        if trigger["authenticationRef"] != nil {
            log.note("authentication belongs to the scrape, in flyball.yml", trigger["authenticationRef"])
        }
    }

    /// How a queue is reached does not matter: its exporter reaches it.
    private static let connection: Set<String> = [
        "host", "hosts", "ports", "pagesize", "address", "addresses", "protocol", "tls", "unsafessl",
        "enabletls", "timeout", "authmodes", "username", "password", "awsregion", "awsendpoint",
        "identityowner", "bootstrapservers", "sasl", "version", "account", "natsservermonitoringendpoint",
        "usehttps", "connectionname", "metricname", "activationvalue", "activationlagthreshold",
        "activationqueuelength", "activationthreshold", "activationlistlength",
    ]

    private func queue(
        _ queue: Queue, _ trigger: Documents.Node, _ name: String, _ draft: inout PolicyDraft
    ) {
        let metadata = trigger["metadata"]
        let type = trigger["type"]?.text ?? ""
        var known = Self.connection.union(queue.labels.map { $0.key.lowercased() }).union([
            queue.target.lowercased()
        ])
        var metric = queue.metric
        var isRate = false
        if type == "rabbitmq" {
            known.formUnion(["mode", "queuelength", "useregex", "excludeunacknowledged"])
            switch metadata?["mode"]?.text ?? "QueueLength" {
            case "QueueLength":
                if metadata?["excludeUnacknowledged"]?.text == "true" {
                    metric = "rabbitmq_queue_messages_ready"
                }
            case "MessageRate":
                metric = "rabbitmq_queue_messages_published_total"
                isRate = true
            case let mode: return log.note("mode \(mode) of rabbitmq has no equivalent", metadata?["mode"])
            }
        }
        var others: [String] = []
        if type == "aws-sqs-queue" {
            known.formUnion(["scaleoninflight", "scaleondelayed"])
            // What is worked on counts unless told otherwise, what is delayed only where told.
            if metadata?["scaleOnInFlight"]?.text != "false" { others.append("not_visible") }
            if metadata?["scaleOnDelayed"]?.text == "true" { others.append("delayed") }
            others = others.map { "aws_sqs_approximate_number_of_messages_\($0)_average" }
        }
        let isPattern = metadata?["useRegex"]?.text == "true"
        let labels = queue.labels.compactMap { label, key -> String? in
            guard var value = metadata?[key]?.text else { return nil }
            // The name of a queue is what its address ends with.
            if key == "queueURL" { value = value.split(separator: "/").last.map(String.init) ?? value }
            return label + (isPattern && label == "queue" ? "=~" : "=") + MetricName.quoted(value)
        }
        log.note(
            "\(type) is measured by \(queue.exporter), which has to be scraped; check the query", trigger)
        if type == "kafka", metadata?["allowIdleConsumers"]?.text != "true" {
            known.insert("allowidleconsumers")
            log.note(
                "KEDA starts no more replicas than the topic has partitions; write that as replicas.max",
                trigger)
        }
        log.unread(metadata, known: known, of: type)
        let conditions = labels.isEmpty ? "" : "{\(labels.joined(separator: ", "))}"
        let series = metric + conditions
        let sums = ([metric] + others).map { "sum(\($0)\(conditions))" }.joined(separator: " + ")
        let target =
            metadata?[queue.target]?.text ?? (type == "rabbitmq" ? metadata?["queueLength"]?.text : nil)
        append(
            isRate ? "sum(rate(\(series)[1m]))" : sums, target ?? queue.standard, trigger, name,
            &draft)
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
        log.unread(
            metadata,
            known: Self.connection.union([
                "query", "threshold", "serveraddress", "prometheusaddress", "ignorenullvalues",
                "predicthorizon",
                "historytimewindow",
            ]), of: trigger["type"]?.text ?? "prometheus")
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
            [
                "activationThreshold", "activationValue", "activationLagThreshold", "activationQueueLength",
                "activationListLength",
            ]
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
        if let name = trigger.at("metadata", "containerName") {
            log.note("containerName: the usage of all containers of a replica counts", name)
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
            let asked = metadata["desiredReplicas"]?.integer, asked >= 0
        else { return log.note("a cron trigger needs start, end and desiredReplicas", metadata) }
        let zone = metadata["timezone"]?.text ?? "UTC"
        let known = ZoneTable(zone) != nil || zone == "Etc/UTC"
        if !known { log.note("the time zone \"\(zone)\" is not known: UTC", metadata["timezone"]) }
        guard let pair = CronPair(start, end) else {
            return log.note(
                "start and end must each name one minute of days of the week, or of the same hours or days",
                metadata["start"])
        }
        let count = draft.bounded(asked, "desiredReplicas", log, metadata["desiredReplicas"])
        let id = PolicyDraft.label(name == "cron" ? "cron-\(draft.schedules.count + 1)" : name)
        draft.schedules += pair.schedules(named: id).map {
            "{ \($0), zone: \(known ? zone : "UTC"), min: \(count) }"
        }
        if draft.signals.isEmpty {
            // A policy needs a signal; one that asks for nothing lets the schedule decide.
            draft.signals.append(
                PolicyDraft.Signal(name: "nothing", query: "vector(0)", settings: ["per_replica: 1"]))
        }
    }
}
