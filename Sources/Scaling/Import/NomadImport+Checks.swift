import Documents
import PromQL
import TimeSeries

/// What the checks of a scaling block say: the signals and schedules of a policy.
extension NomadImport {
    func add(
        _ name: String, _ check: Documents.Node, ignoresErrors: Bool, to draft: inout PolicyDraft
    ) {
        let strategies = named(field(check, "strategy"))
        guard let (strategy, settings) = strategies.first else {
            return log.note("the check \(name) has no strategy", check)
        }
        log.unread(
            check,
            known: [
                "source", "query", "query_window", "query_window_offset", "group", "schedule", "on_error",
                "on_check_error", "strategy",
            ], of: "the check \(name)")
        if strategy == "fixed-value" { return fixed(name, check, settings, &draft) }
        guard let query = query(name, check, draft) else { return }
        if field(check, "query_window_offset") != nil {
            log.note(
                "query_window_offset: write \"offset\" into the query", field(check, "query_window_offset"))
        }
        if let window = field(check, "query_window"), let text = window.text, text != "instant", text != "1m"
        {
            let isOwn = field(check, "source")?.text == "prometheus"
            log.note(
                isOwn
                    ? "query_window: write the range \(text) into the query"
                    : "query_window \(text): CPU is taken over a minute, memory as it is", window)
        }
        if let group = field(check, "group") {
            log.note("groups of checks have no equivalent: the largest of all checks counts", group)
        }
        if let schedule = field(check, "schedule") {
            log.note("a schedule of \(strategy) has no equivalent: the check always counts", schedule)
        }
        // A check says it in one of two ways, depending on the version, and the policy for all of them.
        let onError = (field(check, "on_error") ?? field(check, "on_check_error"))?.text
        let isIgnored = onError.map { $0 == "ignore" } ?? ignoresErrors
        let extra = isIgnored ? ["when: { missing: ignore }"] : []
        if let known = Self.known[strategy] {
            log.unread(settings, known: known, of: "\(strategy) of \(name)")
        }
        switch strategy {
        case "target-value":
            guard let target = number(field(settings, "target")) else {
                return log.note("target-value needs a target above zero", settings)
            }
            if let node = field(settings, "threshold") {
                if let threshold = node.text.flatMap({ Double($0) }), threshold.isFinite, threshold >= 0 {
                    draft.tolerance = percent(threshold)
                } else {
                    log.note("the threshold is no number: \(draft.tolerance) is taken for it", node)
                }
            }
            if let limit = limit("max_scale_up", settings, draft) { draft.up.settings = [limit] }
            if let limit = limit("max_scale_down", settings, draft) { draft.down.settings = [limit] }
            append(name, query, ["mean: \(KubernetesQuantity.text(target))"] + extra, &draft)
        case "pass-through": append(name, query, ["per_replica: 1"] + extra, &draft)
        case "threshold": threshold(name, query, settings, extra, check, &draft)
        default: log.note("the strategy \"\(strategy)\" has no equivalent", check)
        }
    }

    /// How many a check may add or remove at once; nil for any number.
    private func limit(_ key: String, _ settings: Documents.Node, _ draft: PolicyDraft) -> String? {
        guard let node = field(settings, key) else { return nil }
        guard let most = node.integer, most > 0 else {
            log.note(
                "\(key) is no number above zero, found \(node.text ?? "a block"): there is no limit", node)
            return nil
        }
        return "\(most) per \(draft.interval ?? "10s")"
    }

    /// The settings of strategies that are kept, or told about where they are read.
    private static let known: [String: Set<String>] = [
        "target-value": ["target", "threshold", "max_scale_up", "max_scale_down"],
        "pass-through": [],
        "threshold": ["lower_bound", "upper_bound", "delta", "percentage", "value", "within_bounds_trigger"],
    ]

    private func append(_ name: String, _ query: String, _ settings: [String], _ draft: inout PolicyDraft) {
        draft.signals.append(
            PolicyDraft.Signal(name: draft.signalName(name), query: query, settings: settings))
    }

    private func number(_ node: Documents.Node?) -> Double? {
        node?.text.flatMap { Double($0) }.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }

    private func percent(_ share: Double) -> String {
        KubernetesQuantity.text(min(90, (share * 100_000).rounded() / 1000)) + "%"
    }

    /// A count for some hours is a schedule; without hours, a least and most.
    private func fixed(
        _ name: String, _ check: Documents.Node, _ settings: Documents.Node, _ draft: inout PolicyDraft
    ) {
        guard let asked = field(settings, "value")?.integer, asked >= 0 else {
            return log.note("fixed-value needs a value", settings)
        }
        let value = draft.bounded(asked, "the value of \(name)", log, field(settings, "value"))
        let schedule = field(check, "schedule")
        guard let schedule, let start = field(schedule, "start")?.text else {
            draft.schedules.append(
                "{ name: \(PolicyDraft.label(name)), from: '00:00', to: '24:00', min: \(value) }")
            return
        }
        let label = PolicyDraft.label(name)
        var schedules: [String]?
        if let duration = field(schedule, "duration")?.text, Duration(prometheus: duration) != nil {
            if CronExpression(start) != nil {
                schedules = ["name: \(label), cron: '\(start)', for: \(duration)"]
            }
        } else {
            schedules = field(schedule, "end")?.text.flatMap { CronPair(start, $0)?.schedules(named: label) }
        }
        guard let schedules else { return log.note("the schedule has no equivalent", schedule) }
        draft.schedules += schedules.map { "{ \($0), min: \(value) }" }
    }

    private func query(_ name: String, _ check: Documents.Node, _ draft: PolicyDraft) -> String? {
        guard let text = field(check, "query")?.text else {
            log.note("the check \(name) has no query", check)
            return nil
        }
        let source = field(check, "source")?.text ?? "nomad-apm"
        switch source {
        case "prometheus":
            do {
                _ = try Expression.parse(text)
            } catch {
                log.note("the query of \(name) is not PromQL: \(error.message)", field(check, "query"))
                return nil
            }
            return text
        case "nomad-apm" where draft.isNodePool:
            guard let resource = ["cpu", "memory"].first(where: { text.contains("allocated_\($0)") }) else {
                log.note("the query \"\(text)\" has no equivalent", field(check, "query"))
                return nil
            }
            return "100 * " + ContainerQuery.allocated(resource, ofPool: draft.workload)
        case "nomad-apm":
            // avg_cpu, avg_cpu-allocated/GROUP/JOB
            let words = text.prefix { $0 != "/" }.split(separator: "_")
            let resource = words.last.flatMap { word in
                ["cpu", "memory"].first { word == $0 || word == "\($0)-allocated" }
            }
            guard let resource else {
                log.note("the query \"\(text)\" has no equivalent", field(check, "query"))
                return nil
            }
            if words.first != "avg" {
                log.note(
                    "\(words.first ?? "") of \(resource) over replicas becomes the mean",
                    field(check, "query"))
            }
            return "100 * " + ContainerQuery.utilisation(resource, draft.workload)
        default:
            log.note(
                "the source \"\(source)\" has no equivalent: scrape it and write the query in PromQL",
                field(check, "source"))
            return nil
        }
    }

    /// Checks of one query are the steps of one signal.
    private func threshold(
        _ name: String, _ query: String, _ settings: Documents.Node, _ extra: [String],
        _ check: Documents.Node, _ draft: inout PolicyDraft
    ) {
        let lower = field(settings, "lower_bound")?.text.flatMap { Double($0) }
        let upper = field(settings, "upper_bound")?.text.flatMap { Double($0) }
        var change: String?
        if let delta = field(settings, "delta")?.integer, delta != 0 {
            change = delta > 0 ? "+\(delta)" : "\(delta)"
        }
        if let share = field(settings, "percentage")?.text.flatMap({ Double($0) }), share != 0, share.isFinite
        {
            change = (share > 0 ? "+" : "-") + KubernetesQuantity.text(abs(share)) + "%"
        }
        guard let change else {
            return log.note(
                field(settings, "value") == nil
                    ? "threshold needs delta or percentage"
                    : "threshold with a value has no equivalent; delta and percentage have", settings)
        }
        if lower != nil, upper != nil {
            log.note("two bounds: only the one in the direction of the change is kept", settings)
        }
        if field(settings, "within_bounds_trigger") != nil {
            log.note("within_bounds_trigger has no equivalent: one sample decides, windows delay", settings)
        }
        let isUp = change.hasPrefix("+")
        guard let bound = isUp ? lower ?? upper : upper ?? lower, bound.isFinite else {
            return log.note("threshold needs lower_bound or upper_bound", settings)
        }
        let word = (isUp ? lower != nil : upper == nil) ? "above" : "below"
        let step = "\(word) \(KubernetesQuantity.text(bound)): \(change)"
        let place = draft.signals.firstIndex { $0.query == query && !$0.steps.isEmpty }
        if place == nil { append(name, query, extra, &draft) }
        if !draft.signals[place ?? draft.signals.count - 1].add(step: step) {
            log.note("\(step) is left out: there is a step for this bound already", check)
        }
    }
}
