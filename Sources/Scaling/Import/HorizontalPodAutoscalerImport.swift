import Documents

/// Translates a HorizontalPodAutoscaler, `autoscaling/v1` or `v2`.
struct HorizontalPodAutoscalerImport {
    private let log: ImportLog

    init(_ log: ImportLog) { self.log = log }

    func draft(_ object: Documents.Node) -> PolicyDraft? {
        let before = log.problems.count
        guard let name = object.at("metadata", "name")?.text, let spec = object["spec"],
            let target = spec.at("scaleTargetRef", "name")?.text, let most = spec["maxReplicas"]?.integer,
            most >= 1
        else {
            log.note(
                "a HorizontalPodAutoscaler needs metadata.name, scaleTargetRef.name and maxReplicas", object)
            return nil
        }
        let asked = max(0, log.integer(spec["minReplicas"], "minReplicas", assumed: 1) ?? 1)
        let least = min(asked, most)
        if asked > most { log.note("minReplicas is above maxReplicas: min is \(most)", spec["minReplicas"]) }
        var draft = PolicyDraft(
            name: PolicyDraft.label(name),
            workload: PolicyDraft.target(target, log, spec.at("scaleTargetRef", "name")), least: least,
            most: most, interval: "15s", origin: "the HorizontalPodAutoscaler \(name)")
        if let namespace = object.at("metadata", "namespace"), let text = namespace.text, text != "default" {
            log.note("the namespace \(text) is not kept: workloads have none", namespace)
        }
        for pair in object.at("metadata", "annotations")?.pairs ?? [] {
            guard let key = pair.key.text,
                key == Self.annotations + "metrics" || key == Self.annotations + "behavior"
            else {
                continue
            }
            log.note(
                "the annotation \(key) is not read: export it with `kubectl get hpa.v2.autoscaling \(name) -o yaml`",
                pair.key)
        }
        log.unread(spec, known: Self.known, of: "the HorizontalPodAutoscaler \(name)")
        log.unread(spec["scaleTargetRef"], known: ["name", "kind", "apiversion"], of: "scaleTargetRef")
        let share = spec["targetCPUUtilizationPercentage"]
        if let percent = log.integer(share, "targetCPUUtilizationPercentage") {
            add(cpu: percent, to: &draft)
        }
        for metric in spec["metrics"]?.items ?? [] { self.metric(metric, &draft) }
        if draft.signals.isEmpty, (spec["metrics"]?.items ?? []).isEmpty,
            spec["targetCPUUtilizationPercentage"] == nil
        {
            // What Kubernetes assumes where nothing is said.
            add(cpu: 80, to: &draft)
            if let annotation = object.at("metadata", "annotations", Self.annotations + "metrics") {
                log.note("its metrics are not known: CPU at 80 % is taken for them", annotation)
            }
        }
        guard !draft.signals.isEmpty else {
            log.note("none of its metrics has an equivalent: no policy for \(name)", spec["metrics"])
            return nil
        }
        Self.behaviour(spec["behavior"], &draft, log)
        if least == 0 {
            if draft.signals.contains(where: \.existsWithoutReplicas) {
                // To nothing it waits as for any count, and any metric above 0 asks for one.
                draft.idleAfter = draft.down.window
                for index in draft.signals.indices { draft.signals[index].writeActivation() }
            } else {
                log.note(
                    "to zero only by a metric that exists without replicas: min is 1", spec["minReplicas"])
                draft.least = 1
            }
        }
        draft.notes = log.messages(since: before)
        return draft
    }

    /// Where version 1 keeps what it has no fields for.
    private static let annotations = "autoscaling.alpha.kubernetes.io/"

    private static let known: Set<String> = [
        "scaletargetref", "minreplicas", "maxreplicas", "metrics", "behavior",
        "targetcpuutilizationpercentage",
    ]

    private func add(cpu percent: Int, to draft: inout PolicyDraft) {
        draft.signals.append(
            PolicyDraft.Signal(
                name: draft.signalName("cpu"), query: ContainerQuery.utilisation("cpu", draft.workload),
                settings: ["mean: \(percent)%"]))
    }

    private func metric(_ metric: Documents.Node, _ draft: inout PolicyDraft) {
        let kind = metric["type"]?.text ?? ""
        let key = kind.prefix(1).lowercased() + kind.dropFirst()
        log.unread(metric, known: ["type", key.lowercased()], of: "the metric of type \"\(kind)\"")
        switch kind {
        case "Resource": resource(metric["resource"], &draft)
        case "ContainerResource":
            let container = metric.at("containerResource", "container")
            log.note(
                "a replica is one container: \(container?.text ?? "the container") is not told apart",
                container)
            resource(metric["containerResource"], &draft)
        case "Pods":
            guard let source = metric["pods"], let name = Self.name(source),
                let value = quantity(source.at("target", "averageValue") ?? source["targetAverageValue"])
            else { return log.note("a Pods metric needs metric.name and target.averageValue", metric) }
            unread(source, name, target: ["averagevalue"])
            let query = "avg(\(selector(name, source, ["workload": draft.workload])))"
            append(name, query, "mean: \(value)", metric, &draft)
        case "Object", "External":
            let source = metric[kind == "Object" ? "object" : "external"]
            guard let source, let name = Self.name(source) else {
                return log.note("a metric needs metric.name", metric)
            }
            let query = "sum(\(selector(name, source, [:])))"
            // What `autoscaling/v2beta1` calls target is the object.
            let isOld = source.at("target", "kind") != nil
            if let object = source["describedObject"] ?? (isOld ? source["target"] : nil) {
                let described = "\(object["kind"]?.text ?? "object") \(object["name"]?.text ?? "")"
                log.note("\(name) is summed over all, not of the \(described) alone: add its label", object)
            }
            let average = ["averageValue", "targetAverageValue"].lazy.compactMap { source[$0] }.first
            if let value = quantity(source.at("target", "averageValue") ?? average) {
                unread(source, name, target: isOld ? nil : ["averagevalue"])
                append(name, query, "per_replica: \(value)", metric, &draft)
            } else if let value = quantity(source.at("target", "value") ?? source["targetValue"]) {
                unread(source, name, target: isOld ? nil : ["value"])
                append(name, query, "mean: \(value)", metric, &draft)
            } else {
                log.note("the target needs averageValue or value, above zero", source["target"] ?? metric)
            }
            if let fallback = source["fallback"],
                let count = log.integer(fallback["replicas"], "fallback.replicas")
            {
                let seconds =
                    log.integer(fallback["failureDurationSeconds"], "failureDurationSeconds", assumed: 180)
                    ?? 180
                log.unread(
                    fallback, known: ["replicas", "failuredurationseconds"], of: "the fallback of \(name)")
                let kept = draft.bounded(count, "the fallback of", log, fallback["replicas"])
                join(PolicyDraft.Fallback(replicas: kept, seconds: seconds), of: name, fallback, &draft)
            }
        default: log.note("the metric type \"\(kind)\" has no equivalent", metric)
        }
    }

    /// A policy has one fallback for all its signals: of several the largest count.
    private func join(
        _ fallback: PolicyDraft.Fallback, of name: String, _ node: Documents.Node, _ draft: inout PolicyDraft
    ) {
        guard let known = draft.fallback, known != fallback else {
            draft.fallback = fallback
            return
        }
        log.note(
            "the fallback of \(name) (\(fallback.replicas) after \(fallback.seconds)s) is not the one before "
                + "(\(known.replicas) after \(known.seconds)s): a policy has one, the larger count", node)
        if fallback.replicas > known.replicas { draft.fallback = fallback }
    }

    private func resource(_ source: Documents.Node?, _ draft: inout PolicyDraft) {
        guard let source, let name = source["name"]?.text, name == "cpu" || name == "memory" else {
            return log.note("only the resources cpu and memory have an equivalent", source)
        }
        let utilisation = source.at("target", "averageUtilization") ?? source["targetAverageUtilization"]
        if let percent = utilisation?.integer, percent > 0 {
            unread(source, name, target: ["averageutilization"])
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(name), query: ContainerQuery.utilisation(name, draft.workload),
                    settings: ["mean: \(percent)%"]))
        } else if let value = quantity(source.at("target", "averageValue") ?? source["targetAverageValue"]) {
            unread(source, name, target: ["averagevalue"])
            draft.signals.append(
                PolicyDraft.Signal(
                    name: draft.signalName(name), query: ContainerQuery.usage(name, draft.workload),
                    settings: ["mean: \(value)"]))
        } else {
            log.note(
                "the target needs averageUtilization or averageValue, above zero", source["target"] ?? source)
        }
    }

    /// - Parameter target: the keys of its target that were read; nil where that is the object.
    private func unread(_ source: Documents.Node, _ name: String, target: Set<String>?) {
        log.unread(
            source,
            known: [
                "name", "container", "metric", "target", "fallback", "describedobject", "metricname",
                "selector",
                "metricselector", "targetvalue", "targetaveragevalue", "targetaverageutilization",
                "averagevalue",
            ], of: name)
        log.unread(source["metric"], known: ["name", "selector"], of: name)
        if let target {
            log.unread(source["target"], known: target.union(["type"]), of: "the target of \(name)")
        }
    }

    private func append(
        _ name: String, _ query: String, _ target: String, _ metric: Documents.Node,
        _ draft: inout PolicyDraft
    ) {
        log.note(
            "the query of \(name) is assumed: check that the store has the metric under this name", metric)
        draft.signals.append(
            PolicyDraft.Signal(name: draft.signalName(name), query: query, settings: [target]))
    }

    private func quantity(_ node: Documents.Node?) -> String? {
        node?.text.flatMap { KubernetesQuantity.parse($0) }.map { KubernetesQuantity.text($0) }
    }

    /// `autoscaling/v2beta1` says beside the metric what later versions say within `metric` and `target`.
    private static func name(_ source: Documents.Node) -> String? {
        source.at("metric", "name")?.text ?? source["metricName"]?.text
    }

    /// `name{a="b"}` with the labels of a metric's selector.
    private func selector(_ name: String, _ source: Documents.Node, _ more: [String: String]) -> String {
        let selector = source.at("metric", "selector") ?? source["selector"] ?? source["metricSelector"]
        var labels = more
        for pair in selector?["matchLabels"]?.pairs ?? [] {
            if let key = pair.key.text, let value = pair.value.text { labels[MetricName.valid(key)] = value }
        }
        var matchers = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(MetricName.quoted($0.value))" }
        for expression in selector?["matchExpressions"]?.items ?? [] {
            if let matcher = matcher(expression) {
                matchers.append(matcher)
            } else {
                log.note("the expression of the selector has no equivalent", expression)
            }
        }
        return MetricName.valid(name) + (matchers.isEmpty ? "" : "{\(matchers.joined(separator: ", "))}")
    }

    private func matcher(_ expression: Documents.Node) -> String? {
        guard let key = expression["key"]?.text.map(MetricName.valid) else { return nil }
        let values = (expression["values"]?.items ?? []).compactMap(\.text)
        func oneOf(_ equal: String, _ matches: String) -> String? {
            guard let first = values.first else { return nil }
            guard values.count > 1 else { return key + equal + MetricName.quoted(first) }
            return key + matches + MetricName.quoted(values.map(MetricName.literal).joined(separator: "|"))
        }
        return switch expression["operator"]?.text {
        case "In": oneOf("=", "=~")
        case "NotIn": oneOf("!=", "!~")
        case "Exists": key + "!=\"\""
        case "DoesNotExist": key + "=\"\""
        default: nil
        }
    }

    /// Kubernetes' behaviour, its defaults written out: they are not ours.
    static func behaviour(_ node: Documents.Node?, _ draft: inout PolicyDraft, _ log: ImportLog) {
        log.unread(node, known: ["scaleup", "scaledown"], of: "behavior")
        func direction(_ key: String, window: Int, policies: String) -> PolicyDraft.Direction {
            let rules = node?[key]
            log.unread(
                rules, known: ["stabilizationwindowseconds", "policies", "selectpolicy", "tolerance"], of: key
            )
            let asked = log.integer(
                rules?["stabilizationWindowSeconds"], "stabilizationWindowSeconds", assumed: window)
            var settings = ["window: \(asked ?? window)s"]
            let rates = (rules?["policies"]?.items ?? []).compactMap { rate($0, log) }
            let selected = rules?["selectPolicy"]?.text ?? "Max"
            if selected == "Disabled" {
                settings.append("limit: blocked")
            } else {
                if selected != "Max", selected != "Min" {
                    log.note(
                        "the selectPolicy \"\(selected)\" has no equivalent: Max holds",
                        rules?["selectPolicy"])
                }
                let joint = selected == "Min" ? " and " : " or "
                settings.append("limit: " + (rates.isEmpty ? policies : rates.joined(separator: joint)))
            }
            if let tolerance = rules?["tolerance"] {
                if let share = tolerance.text.flatMap(KubernetesQuantity.any), (0...0.9).contains(share) {
                    let percent = (share * 100_000).rounded() / 1000
                    settings.append("tolerance: \(KubernetesQuantity.text(percent))%")
                } else {
                    log.note("the tolerance is none between 0 and 0.9: 10% holds", tolerance)
                }
            }
            return PolicyDraft.Direction(settings: settings)
        }
        draft.up = direction("scaleUp", window: 0, policies: "100% per 15s or 4 per 15s")
        draft.down = direction("scaleDown", window: 300, policies: "100% per 15s")
    }

    private static func rate(_ node: Documents.Node, _ log: ImportLog) -> String? {
        guard let value = node["value"]?.integer, value > 0, let period = node["periodSeconds"]?.integer,
            period > 0
        else {
            log.note("a scaling policy needs value and periodSeconds", node)
            return nil
        }
        log.unread(node, known: ["type", "value", "periodseconds"], of: "a scaling policy")
        switch node["type"]?.text {
        case "Pods": return "\(value) per \(period)s"
        case "Percent": return "\(value)% per \(period)s"
        default:
            log.note("the scaling policy type \"\(node["type"]?.text ?? "")\" has no equivalent", node)
            return nil
        }
    }
}

/// What the nodes of Flyball measure of replicas, as cAdvisor names it.
enum ContainerQuery {
    private static func selector(_ workload: String) -> String { "{workload=\(MetricName.quoted(workload))}" }

    static func utilisation(_ resource: String, _ workload: String) -> String {
        let of = selector(workload)
        return resource == "cpu"
            ? "sum(rate(container_cpu_usage_seconds_total\(of)[1m])) / sum(container_spec_cpu_request_cores\(of))"
            : "sum(container_memory_working_set_bytes\(of)) / sum(container_spec_memory_request_bytes\(of))"
    }

    /// The share of a pool's nodes that is reserved; they are named `POOL-1`, `POOL-2`, ...
    static func allocated(_ resource: String, ofPool pool: String) -> String {
        let nodes = MetricName.quoted(MetricName.literal(pool) + "-[0-9]+")
        let of = "{node=~\(nodes), resource=\(MetricName.quoted(resource))}"
        return "sum(flyball_node_allocated\(of)) / sum(flyball_node_allocatable\(of))"
    }

    static func usage(_ resource: String, _ workload: String) -> String {
        let of = selector(workload)
        return resource == "cpu"
            ? "avg(rate(container_cpu_usage_seconds_total\(of)[1m]))"
            : "avg(container_memory_working_set_bytes\(of))"
    }
}

enum MetricName {
    /// A name as PromQL takes it: other characters become `_`.
    static func valid(_ name: String) -> String {
        let mapped = name.unicodeScalars.map { scalar -> Character in
            let isAllowed =
                scalar.isASCII
                && (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                    || ("0"..."9").contains(scalar) || scalar == "_")
            return isAllowed ? Character(scalar) : "_"
        }
        let text = String(mapped)
        return text.first.map { $0.isNumber } != false ? "_" + text : text
    }

    /// A regular expression that matches just this text.
    static func literal(_ text: String) -> String {
        text.map { "\\.+*?()|[]{}^$".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            + "\""
    }
}
