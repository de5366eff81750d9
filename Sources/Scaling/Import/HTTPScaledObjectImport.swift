import Documents

/// Translates the HTTPScaledObject of KEDA's HTTP add-on: by what its interceptor counts, which is there without replicas.
struct HTTPScaledObjectImport {
    private let log: ImportLog

    init(_ log: ImportLog) { self.log = log }

    func draft(_ object: Documents.Node) -> PolicyDraft? {
        let before = log.problems.count
        guard let name = object.at("metadata", "name")?.text, let spec = object["spec"],
            let target = spec.at("scaleTargetRef", "name")?.text
        else {
            log.note("an HTTPScaledObject needs metadata.name and spec.scaleTargetRef.name", object)
            return nil
        }
        let bounds = spec["replicas"]
        let most = max(1, log.integer(bounds?["max"], "replicas.max", assumed: 100) ?? 100)
        let asked = max(0, log.integer(bounds?["min"], "replicas.min", assumed: 0) ?? 0)
        if asked > most { log.note("replicas.min is above replicas.max: min is \(most)", bounds?["min"]) }
        var draft = PolicyDraft(
            name: PolicyDraft.label(name),
            workload: PolicyDraft.target(target, log, spec.at("scaleTargetRef", "name")),
            least: min(asked, most), most: most, interval: "15s", origin: "the HTTPScaledObject \(name)")
        guard let signal = signal(spec) else { return nil }
        draft.signals = [signal]
        log.note(
            "requests are counted by the interceptor of the add-on, which has to be scraped, or another balancer; "
                + "check the query", spec["scalingMetric"] ?? spec)
        if draft.least == 0 {
            let idle = log.integer(spec["scaledownPeriod"], "scaledownPeriod", assumed: 300) ?? 300
            draft.idleAfter = "\(min(max(0, idle), 86_400))s"
        }
        HorizontalPodAutoscalerImport.behaviour(nil, &draft, log)
        leftOut(spec)
        draft.notes = log.messages(since: before)
        return draft
    }

    private func signal(_ spec: Documents.Node) -> PolicyDraft.Signal? {
        let hosts = (spec["hosts"]?.items ?? []).compactMap(\.text)
        let matcher =
            hosts.count > 1
            ? "=~" + MetricName.quoted(hosts.map(MetricName.literal).joined(separator: "|"))
            : hosts.first.map { "=" + MetricName.quoted($0) }
        let condition = matcher.map { "{host\($0)}" } ?? ""
        if let rate = spec.at("scalingMetric", "requestRate") {
            log.unread(rate, known: ["window", "targetvalue", "granularity"], of: "requestRate")
            if let granularity = rate["granularity"], granularity.text != "1s" {
                log.note("granularity of requestRate has no equivalent", granularity)
            }
            let window = rate["window"]?.text ?? "1m"
            return signal(
                "sum(rate(interceptor_request_count_total\(condition)[\(window)]))", named: "requests",
                rate["targetValue"])
        }
        return signal(
            "sum(interceptor_pending_request_count\(condition))", named: "pending",
            spec.at("scalingMetric", "concurrency", "targetValue") ?? spec["targetPendingRequests"])
    }

    /// What each replica is to have is 100 by default.
    private func signal(_ query: String, named name: String, _ target: Documents.Node?) -> PolicyDraft.Signal?
    {
        let text = target?.text ?? "100"
        guard let value = KubernetesQuantity.parse(text) else {
            log.note("the target \"\(text)\" is no number above zero", target)
            return nil
        }
        return PolicyDraft.Signal(
            name: name, query: query, settings: ["per_replica: \(KubernetesQuantity.text(value))"])
    }

    private func leftOut(_ spec: Documents.Node) {
        log.unread(
            spec,
            known: [
                "hosts", "scaletargetref", "replicas", "scaledownperiod", "scalingmetric",
                "targetpendingrequests",
            ],
            of: "the HTTPScaledObject")
        log.unread(
            spec["scaleTargetRef"], known: ["name", "kind", "apiversion", "service", "port", "portname"],
            of: "scaleTargetRef")
        log.unread(spec["scalingMetric"], known: ["requestrate", "concurrency"], of: "scalingMetric")
        log.unread(spec.at("scalingMetric", "concurrency"), known: ["targetvalue"], of: "concurrency")
    }
}
