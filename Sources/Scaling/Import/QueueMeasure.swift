import Documents

/// What a trigger of a ScaledObject reads of a queue, as a query over what the queue's Prometheus exporter calls it.
struct QueueMeasure {
    /// What is scraped, and how.
    private(set) var exporter: String
    /// Why there is none.
    private(set) var problem: String?
    /// What each replica is to have.
    private(set) var target: String
    /// The keys that are taken in, in lower case.
    private(set) var known: Set<String>
    /// Whether a replica more than there are partitions would be idle.
    private(set) var isPartitioned = false
    private var metrics: [String]
    private var conditions: [String] = []
    private var isRate = false
    private let metadata: Documents.Node

    /// Nil for what is no queue, or has no common exporter.
    init?(_ type: String, _ metadata: Documents.Node) {
        self.metadata = metadata
        known = []
        metrics = []
        target = ""
        exporter = ""
        switch type {
        case "rabbitmq": rabbit()
        case "kafka", "apache-kafka": kafka(group: type == "kafka" ? "consumerGroup" : "group")
        case "redis", "redis-cluster", "redis-sentinel": list()
        case "redis-streams", "redis-cluster-streams", "redis-sentinel-streams": stream()
        case "aws-sqs-queue": sqs()
        case "nats-jetstream": jetStream()
        default: return nil
        }
    }

    var query: String {
        let condition = conditions.isEmpty ? "" : "{\(conditions.joined(separator: ", "))}"
        guard !isRate else { return "sum(rate(\(metrics[0])\(condition)[1m]))" }
        return metrics.map { "sum(\($0)\(condition))" }.joined(separator: " + ")
    }

    private mutating func text(_ key: String) -> String? {
        known.insert(key.lowercased())
        return metadata[key]?.text
    }

    private mutating func match(_ label: String, _ key: String, isPattern: Bool = false) {
        guard let value = text(key) else { return }
        conditions.append(label + (isPattern ? "=~" : "=") + MetricName.quoted(value))
    }

    private mutating func rabbit() {
        exporter =
            "RabbitMQ's Prometheus plugin by its path /metrics/per-object (names begin with rabbitmq_detailed_ "
            + "where that is /metrics/detailed)"
        let isPattern = text("useRegex") == "true"
        let excludesUnacknowledged = text("excludeUnacknowledged") == "true"
        switch text("mode") ?? "QueueLength" {
        case "QueueLength":
            metrics = [excludesUnacknowledged ? "rabbitmq_queue_messages_ready" : "rabbitmq_queue_messages"]
        case "MessageRate":
            metrics = ["rabbitmq_queue_messages_published_total"]
            isRate = true
        case let mode: problem = "mode \(mode) of rabbitmq has no equivalent"
        }
        match("queue", "queueName", isPattern: isPattern)
        // What is published has a virtual host of the exchange as well.
        let label = isRate ? "queue_vhost" : "vhost"
        if metadata["vhostName"] == nil, let host = metadata["host"]?.text,
            let name = Self.virtualHost(of: host)
        {
            conditions.append("\(label)=\(MetricName.quoted(name))")
        } else {
            match(label, "vhostName")
        }
        let length = text("queueLength")
        target = text("value") ?? length ?? "20"
    }

    /// What the path of an address ends with, as in `amqp://user@host:5672/shop`; nil where there is none.
    private static func virtualHost(of address: String) -> String? {
        guard let scheme = address.firstRange(of: "://") else { return nil }
        let rest = address[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        let name = rest[slash...].split(separator: "/").last.map(String.init)
        return name?.replacing("%2f", with: "/").replacing("%2F", with: "/")
    }

    private mutating func kafka(group: String) {
        exporter = "kafka_exporter"
        metrics = ["kafka_consumergroup_lag"]
        match("consumergroup", group)
        match("topic", "topic")
        target = text("lagThreshold") ?? "10"
        isPartitioned = true
    }

    private mutating func list() {
        exporter = "redis_exporter with --check-single-keys"
        metrics = ["redis_key_size"]
        database()
        match("key", "listName")
        target = text("listLength") ?? "5"
    }

    private mutating func stream() {
        exporter = "redis_exporter with --check-single-streams"
        database()
        match("stream", "stream")
        if text("consumerGroup") == nil {
            metrics = ["redis_stream_length"]
            target = text("streamLength") ?? "5"
        } else {
            match("group", "consumerGroup")
            // Where there are both, the lag counts.
            if let lag = text("lagCount") {
                metrics = ["redis_stream_group_lag"]
                target = lag
            } else {
                metrics = ["redis_stream_group_messages_pending"]
                target = text("pendingEntriesCount") ?? "5"
            }
        }
    }

    private mutating func database() {
        guard let index = text("databaseIndex") else { return }
        conditions.append("db=" + MetricName.quoted("db" + index))
    }

    private mutating func sqs() {
        exporter =
            "cloudwatch_exporter (yet-another-cloudwatch-exporter has dimension_QueueName for queue_name)"
        // What is worked on counts unless told otherwise, what is delayed only where told.
        var kinds = ["visible"]
        if text("scaleOnInFlight") != "false" { kinds.append("not_visible") }
        if text("scaleOnDelayed") == "true" { kinds.append("delayed") }
        metrics = kinds.map { "aws_sqs_approximate_number_of_messages_\($0)_average" }
        if let address = text("queueURL") {
            // The name of a queue is what its address ends with.
            let name = address.split(separator: "/").last.map(String.init) ?? address
            conditions.append("queue_name=" + MetricName.quoted(name))
        }
        target = text("queueLength") ?? "5"
    }

    private mutating func jetStream() {
        exporter = "prometheus-nats-exporter with -jsz=all"
        // What is delivered and not acknowledged waits too; each server of a cluster tells of each consumer.
        metrics = ["jetstream_consumer_num_pending", "jetstream_consumer_num_ack_pending"]
        match("account", "account")
        match("stream_name", "stream")
        match("consumer_name", "consumer")
        conditions.append("is_consumer_leader=\"true\"")
        target = text("lagThreshold") ?? "10"
    }
}
