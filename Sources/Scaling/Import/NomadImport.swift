import Documents
import PromQL
import TimeSeries

/// Translates Nomad's `scaling` blocks: in a job file (HCL or JSON) and in a policy file of the Autoscaler.
struct NomadImport {
    private let log: ImportLog

    init(_ log: ImportLog) { self.log = log }

    func drafts(_ text: String) throws(DocumentError) -> [PolicyDraft] {
        let root: Documents.Node
        if text.first(where: { !$0.isWhitespace }) == "{" {
            root = try YAMLDocument.parse(text, file: log.file)
        } else {
            var parser = HCLParser(text, file: log.file)
            root = try parser.parse()
        }
        var drafts: [PolicyDraft] = []
        for (id, job) in jobs(root) {
            for (group, body) in groups(job) {
                for scaling in many(field(body, "scaling")) {
                    // A group of the only job is what Flyball calls a workload.
                    if let draft = draft(scaling, name: "\(id)-\(group)", workload: group) {
                        drafts.append(draft)
                    }
                }
            }
        }
        for (name, body) in named(field(root, "scaling")) {
            let target = target(field(body, "policy", "target") ?? field(body, "target"))
            if let draft = draft(body, name: name, workload: target ?? name) { drafts.append(draft) }
        }
        return drafts
    }

    /// A job of the API has its name in a field.
    private func jobs(_ root: Documents.Node) -> [(String, Documents.Node)] {
        guard let job = field(root, "job"), field(job, "TaskGroups") != nil else {
            return named(field(root, "job"))
        }
        return [(field(job, "ID")?.text ?? "job", job)]
    }

    /// Job files name their groups by label, the API by a field.
    private func groups(_ job: Documents.Node) -> [(String, Documents.Node)] {
        if let groups = field(job, "TaskGroups") {
            return groups.items.map { (field($0, "Name")?.text ?? "group", $0) }
        }
        return named(field(job, "group"))
    }

    private func target(_ node: Documents.Node?) -> String? {
        for (_, body) in named(node) {
            if let group = field(body, "Group")?.text { return group.lowercased() }
        }
        return nil
    }

    /// A field whatever its case.
    private func field(_ node: Documents.Node?, _ path: String...) -> Documents.Node? {
        path.reduce(node) { node, name in
            node.flatMap { node in
                let single = node.items.count == 1 ? node.items[0] : node
                return single.pairs.first { $0.key.text?.lowercased() == name.lowercased() }?.value
            }
        }
    }

    private func many(_ node: Documents.Node?) -> [Documents.Node] {
        guard let node else { return [] }
        return node.items.isEmpty ? [node] : node.items
    }

    /// The labelled blocks of a kind, in their order.
    private func named(_ node: Documents.Node?) -> [(String, Documents.Node)] {
        many(node).flatMap { item in
            item.pairs.flatMap { pair in many(pair.value).map { (pair.key.text ?? "", $0) } }
        }
    }

    private func draft(_ scaling: Documents.Node, name: String, workload: String) -> PolicyDraft? {
        let before = log.problems.count
        guard let most = field(scaling, "max")?.integer, most >= 1 else {
            log.note("a scaling block needs max of at least 1", scaling)
            return nil
        }
        let least = min(max(0, field(scaling, "min")?.integer ?? 1), most)
        let policy = field(scaling, "policy") ?? scaling
        var draft = PolicyDraft(
            name: PolicyDraft.label(name), workload: workload.lowercased(), least: least, most: most,
            interval: field(policy, "evaluation_interval")?.text ?? "10s",
            origin: "Nomad's scaling block of \(name)")
        if let type = field(scaling, "type"), let text = type.text, text != "horizontal" {
            log.note("scaling of type \"\(text)\" has no equivalent", type)
            return nil
        }
        if field(scaling, "enabled")?.text == "false" {
            draft.isShadow = true
            log.note("enabled = false: the policy is in shadow mode", field(scaling, "enabled"))
        }
        for (check, body) in named(field(policy, "check")) { add(check, body, to: &draft) }
        guard !draft.signals.isEmpty else {
            log.note("none of its checks has an equivalent: no policy for \(name)", scaling)
            return nil
        }
        if least == 0 {
            draft.idleAfter = "0s"
            let alone = draft.signals.contains { signal in
                signal.settings.contains { $0.hasPrefix("per_replica") || $0.hasPrefix("steps") }
            }
            if !alone {
                log.note(
                    "to zero only by a number that exists without replicas: min is 1", field(scaling, "min"))
                draft.least = 1
                draft.idleAfter = nil
            }
        }
        cooldowns(policy, &draft)
        if let schedule = field(policy, "schedule") {
            log.note(
                "the schedule of a whole policy has no equivalent; write schedules with min and max", schedule
            )
        }
        draft.notes = log.messages(since: before)
        return draft
    }

    /// Nomad's steps are bounded by its cooldown alone.
    private func cooldowns(_ policy: Documents.Node, _ draft: inout PolicyDraft) {
        let down = field(policy, "cooldown")?.text ?? "5m"
        let up = field(policy, "cooldown_on_scale_up")?.text ?? down
        func settings(_ cooldown: String, _ most: String?) -> [String] {
            [
                "window: 0s", "limit: \(most ?? "none")", "tolerance: \(draft.tolerance)",
                "cooldown: \(cooldown)",
            ]
        }
        for cooldown in [down, up] where Duration(prometheus: cooldown) == nil {
            log.note("the cooldown \"\(cooldown)\" is no duration", field(policy, "cooldown"))
            return
        }
        draft.up.settings = settings(up, draft.up.settings.first)
        draft.down.settings = settings(down, draft.down.settings.first)
    }

    private func add(_ name: String, _ check: Documents.Node, to draft: inout PolicyDraft) {
        let strategies = named(field(check, "strategy"))
        guard let (strategy, settings) = strategies.first else {
            return log.note("the check \(name) has no strategy", check)
        }
        if strategy == "fixed-value" { return fixed(name, check, settings, &draft) }
        guard let query = query(name, check, draft) else { return }
        if field(check, "query_window_offset") != nil {
            log.note(
                "query_window_offset: write \"offset\" into the query", field(check, "query_window_offset"))
        }
        var extra: [String] = []
        if field(check, "on_check_error")?.text == "ignore" { extra.append("when: { missing: ignore }") }
        switch strategy {
        case "target-value":
            guard let target = number(field(settings, "target")) else {
                return log.note("target-value needs a target above zero", settings)
            }
            if let threshold = number(field(settings, "threshold")) { draft.tolerance = percent(threshold) }
            let interval = draft.interval ?? "10s"
            if let most = field(settings, "max_scale_up")?.integer, most > 0 {
                draft.up.settings = ["\(most) per \(interval)"]
            }
            if let most = field(settings, "max_scale_down")?.integer, most > 0 {
                draft.down.settings = ["\(most) per \(interval)"]
            }
            append(name, query, ["mean: \(KubernetesQuantity.text(target))"] + extra, &draft)
        case "pass-through": append(name, query, ["per_replica: 1"] + extra, &draft)
        case "threshold": threshold(name, query, settings, extra, check, &draft)
        default: log.note("the strategy \"\(strategy)\" has no equivalent", check)
        }
    }

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
        guard let value = field(settings, "value")?.integer, value >= 0 else {
            return log.note("fixed-value needs a value", settings)
        }
        let schedule = field(check, "schedule")
        guard let schedule, let start = field(schedule, "start")?.text else {
            draft.schedules.append(
                "{ name: \(PolicyDraft.label(name)), from: '00:00', to: '24:00', min: \(value) }")
            return
        }
        let times: String?
        if let duration = field(schedule, "duration")?.text, Duration(prometheus: duration) != nil {
            times = CronExpression(start) == nil ? nil : "cron: '\(start)', for: \(duration)"
        } else {
            times = field(schedule, "end")?.text.flatMap { CronPair(start, $0)?.text }
        }
        guard let times else { return log.note("the schedule has no equivalent", schedule) }
        draft.schedules.append("{ name: \(PolicyDraft.label(name)), \(times), min: \(value) }")
    }

    private func query(_ name: String, _ check: Documents.Node, _ draft: PolicyDraft) -> String? {
        guard let text = field(check, "query")?.text else {
            log.note("the check \(name) has no query", check)
            return nil
        }
        let source = field(check, "source")?.text ?? "nomad-apm"
        switch source {
        case "prometheus":
            guard (try? Expression.parse(text)) != nil else {
                log.note("the query of \(name) is not PromQL", field(check, "query"))
                return nil
            }
            return text
        case "nomad-apm":
            let words = text.split(separator: "_")
            guard let resource = words.last, resource == "cpu" || resource == "memory" else {
                log.note("the query \"\(text)\" has no equivalent", field(check, "query"))
                return nil
            }
            if words.first != "avg" {
                log.note(
                    "\(words.first ?? "") of \(resource) over replicas becomes the mean",
                    field(check, "query"))
            }
            return "100 * " + ContainerQuery.utilisation(String(resource), draft.workload)
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
            return log.note("threshold with a value has no equivalent; delta and percentage have", settings)
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
        let step = "'\(word) \(KubernetesQuantity.text(bound)): \(change)'"
        if let index = draft.signals.firstIndex(where: {
            $0.query == query && $0.settings.first?.hasPrefix("steps: ") == true
        }) {
            let steps = draft.signals[index].settings[0].dropLast(2)
            draft.signals[index].settings[0] = steps + ", \(step) ]"
            log.note("of several steps the first that applies counts: check their order", check)
            return
        }
        append(name, query, ["steps: [ \(step) ]"] + extra, &draft)
    }
}
