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

    func add(_ trigger: Documents.Node, to draft: inout PolicyDraft) {
        let type = trigger["type"]?.text ?? ""
        let metadata = trigger["metadata"]
        let name = trigger["name"]?.text ?? type
        log.unread(
            trigger, known: ["type", "name", "metadata", "metrictype", "authenticationref"],
            of: "the trigger \(name)")
        switch type {
        case "prometheus": prometheus(trigger, name, &draft)
        case "predictkube": predictkube(trigger, name, &draft)
        case "cpu", "memory": container(type, trigger, &draft)
        case "cron": cron(metadata, name, &draft)
        default:
            guard let metadata, let measured = QueueMeasure(type, metadata) else {
                return log.note(
                    "the trigger type \"\(type)\" has no equivalent: let an exporter measure it and write a query",
                    trigger)
            }
            queue(measured, trigger, name, &draft)
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
        "activationqueuelength", "activationthreshold", "activationlistlength", "activationlagcount",
        "sentinelmaster", "sentinelusername", "sentinelpassword",
    ]

    private func queue(
        _ queue: QueueMeasure, _ trigger: Documents.Node, _ name: String, _ draft: inout PolicyDraft
    ) {
        let metadata = trigger["metadata"]
        let type = trigger["type"]?.text ?? ""
        if let problem = queue.problem { return log.note(problem, trigger) }
        log.note(
            "\(type) is measured by \(queue.exporter), which has to be scraped; check the query", trigger)
        var known = Self.connection.union(queue.known)
        for pair in metadata?.pairs ?? [] {
            guard let key = pair.key.text, key.hasSuffix("FromEnv") else { continue }
            known.insert(key.lowercased())
            let plain = key.dropLast("FromEnv".count).lowercased()
            // A host tells of the virtual host as well.
            guard !Self.connection.contains(plain) || type == "rabbitmq" && plain == "host" else { continue }
            log.note(
                "\(key) is a variable of the workload's environment, whose value is not known here: "
                    + "add what of it belongs into the query", pair.key)
        }
        if queue.isPartitioned, metadata?["allowIdleConsumers"]?.text != "true" {
            known.insert("allowidleconsumers")
            log.note(
                "KEDA starts no more replicas than the topic has partitions; write that as replicas.max",
                trigger)
        }
        log.unread(metadata, known: known, of: type)
        append(queue.query, queue.target, trigger, name, &draft)
    }

    private func prometheus(_ trigger: Documents.Node, _ name: String, _ draft: inout PolicyDraft) {
        let metadata = trigger["metadata"]
        guard let query = metadata?["query"]?.text, let threshold = metadata?["threshold"]?.text else {
            return log.note("a prometheus trigger needs query and threshold", trigger)
        }
        do {
            _ = try Expression.parse(query)
        } catch {
            return log.note("its query is not PromQL: \(error.message)", metadata?["query"])
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
                "activationListLength", "activationLagCount",
            ]
            .lazy.compactMap { metadata?[$0]?.text }.first
        if let activation {
            if let number = KubernetesQuantity.any(activation) {
                if number != 0 { settings.append("activation: \(KubernetesQuantity.text(number))") }
            } else {
                log.note("the activation \"\(activation)\" is no number: above 0 it is active", metadata)
            }
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
        log.unread(trigger["metadata"], known: ["value", "containername", "type"], of: type)
        if let name = trigger.at("metadata", "containerName") {
            log.note("containerName: the usage of all containers of a replica counts", name)
        }
        let kind = trigger["metricType"]?.text ?? trigger.at("metadata", "type")?.text ?? "Utilization"
        if kind == "Utilization", let percent = Int(value), percent > 0 {
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(type), query: ContainerQuery.utilisation(type, draft.workload),
                    settings: ["mean: \(percent)%"], tellsOfWork: false))
        } else if let number = KubernetesQuantity.parse(value) {
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(type), query: ContainerQuery.usage(type, draft.workload),
                    settings: ["mean: \(KubernetesQuantity.text(number))"], tellsOfWork: false))
        } else {
            log.note("the value \"\(value)\" is no number above zero", trigger)
        }
    }

    private func cron(_ metadata: Documents.Node?, _ name: String, _ draft: inout PolicyDraft) {
        guard let metadata, let start = metadata["start"]?.text, let end = metadata["end"]?.text,
            let asked = metadata["desiredReplicas"]?.integer, asked >= 0
        else { return log.note("a cron trigger needs start, end and desiredReplicas", metadata) }
        log.unread(metadata, known: ["start", "end", "timezone", "desiredreplicas"], of: "cron")
        guard start != end else {
            return log.note("start and end are the same moment: KEDA refuses that", metadata["start"])
        }
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
            draft.signals.append(.nothing)
        }
    }
}
