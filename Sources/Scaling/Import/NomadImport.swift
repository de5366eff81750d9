import Documents
import PromQL
import TimeSeries

/// Translates Nomad's `scaling` blocks: in a job file (HCL or JSON) and in a policy file of the Autoscaler.
struct NomadImport {
    let log: ImportLog

    init(_ log: ImportLog) { self.log = log }

    func drafts(_ text: String) throws(DocumentError) -> [PolicyDraft] {
        let root: Documents.Node
        if text.first(where: { !$0.isWhitespace }) == "{" {
            root = try YAMLDocument.parse(text, file: log.file)
        } else {
            var parser = HCLParser(text, file: log.file)
            root = try parser.parse()
        }
        let variables = HCLVariables(root)
        func resolved(_ node: Documents.Node) -> Documents.Node { variables.resolved(node, log) }
        var drafts: [PolicyDraft] = []
        for (id, job) in jobs(root) {
            for (group, body) in groups(job) {
                for scaling in many(field(body, "scaling")) {
                    // A group of the only job is what Flyball calls a workload.
                    if let draft = draft(resolved(scaling), name: "\(id)-\(group)", of: Target(name: group)) {
                        drafts.append(draft)
                    }
                }
                sizes(body)
            }
        }
        var policies = named(field(root, "scaling"))
        // A policy file may be what else stands within such a block.
        if field(root, "policy") != nil { policies.append(("policy", root)) }
        for (name, body) in policies {
            let body = resolved(body)
            let target = target(field(body, "policy", "target") ?? field(body, "target"))
            if let draft = draft(body, name: name, of: target ?? Target(name: name)) { drafts.append(draft) }
        }
        embedded(root)
        if drafts.isEmpty, log.problems.isEmpty { log.note("there is no scaling block in it", root) }
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

    /// Whose count a scaling block decides.
    struct Target {
        var name: String
        var isNodePool = false
    }

    /// What is not Nomad's own is a group of machines at a provider; Nomad knows its nodes by class, pool or datacenter.
    private func target(_ node: Documents.Node?) -> Target? {
        for (kind, body) in targets(node) {
            if let group = field(body, "Group")?.text { return Target(name: group) }
            guard let kind, !Self.isOwn(kind) else { continue }
            let name = ["node_pool", "node_class", "datacenter"].lazy.compactMap { field(body, $0)?.text }
                .first
            log.note(
                "the target \(kind) is taken for a node pool, whose nodes the backend starts; \(kind) itself is not "
                    + "asked", body)
            log.unread(
                body, known: ["node_pool", "node_class", "datacenter", "dry-run", "node_selector_strategy"],
                of: "the target \(kind)")
            if let strategy = field(body, "node_selector_strategy") {
                log.note(
                    "node_selector_strategy has no equivalent: nodes that are not up yet, then the emptiest, go first",
                    strategy)
            }
            return Target(name: name ?? kind, isNodePool: true)
        }
        return nil
    }

    /// A field whatever its case.
    func field(_ node: Documents.Node?, _ path: String...) -> Documents.Node? {
        path.reduce(node) { node, name in
            node.flatMap { node in
                let single = node.items.count == 1 ? node.items[0] : node
                return single.pairs.first { $0.key.text?.lowercased() == name.lowercased() }?.value
            }
        }
    }

    func many(_ node: Documents.Node?) -> [Documents.Node] {
        guard let node else { return [] }
        return node.items.isEmpty ? [node] : node.items
    }

    /// The labelled blocks of a kind, in their order.
    func named(_ node: Documents.Node?) -> [(String, Documents.Node)] {
        many(node).flatMap { item in
            item.pairs.flatMap { pair in many(pair.value).map { (pair.key.text ?? "", $0) } }
        }
    }

    /// The blocks of a target, which may have no label, as the job's own has none.
    func targets(_ node: Documents.Node?) -> [(kind: String?, body: Documents.Node)] {
        many(node).flatMap { item -> [(kind: String?, body: Documents.Node)] in
            if item.pairs.contains(where: { $0.value.text != nil }) { return [(nil, item)] }
            return named(item).map { (kind: $0.0, body: $0.1) }
        }
    }

    private func draft(_ scaling: Documents.Node, name: String, of target: Target) -> PolicyDraft? {
        let before = log.problems.count
        guard let most = field(scaling, "max")?.integer, most >= 1 else {
            let max = field(scaling, "max")
            let found = max?.text.map { ", found \($0): write the number" } ?? ""
            log.note("a scaling block needs max of at least 1\(found)", max ?? scaling)
            return nil
        }
        if let least = field(scaling, "min"), least.integer == nil {
            log.note("min is no number: 1 is taken for it", least)
        }
        let least = min(max(0, field(scaling, "min")?.integer ?? 1), most)
        let policy = field(scaling, "policy") ?? scaling
        var draft = PolicyDraft(
            name: PolicyDraft.label(name), workload: PolicyDraft.target(target.name, log, scaling),
            least: least,
            most: most, interval: field(policy, "evaluation_interval")?.text ?? "10s",
            origin: "Nomad's scaling block of \(name)")
        draft.isNodePool = target.isNodePool
        if let type = field(scaling, "type"), let text = type.text,
            text != "horizontal" && !(text == "cluster" && target.isNodePool)
        {
            log.note("scaling of type \"\(text)\" has no equivalent", type)
            return nil
        }
        leftOut(scaling, policy, of: target)
        let all = targets(field(policy, "target")) + targets(field(scaling, "target"))
        if all.contains(where: { field($0.body, "dry-run")?.text == "true" }) { draft.mode = .dryRun }
        if field(scaling, "enabled")?.text == "false" {
            draft.mode = .shadow
            log.note("enabled = false: the policy is in shadow mode", field(scaling, "enabled"))
        }
        if let priority = field(policy, "priority") { log.note("priority has no equivalent", priority) }
        let checks = named(field(policy, "check"))
        let ignoresErrors = field(policy, "on_check_error")?.text == "ignore"
        for (check, body) in checks { add(check, body, ignoresErrors: ignoresErrors, to: &draft) }
        shared(checks)
        if draft.signals.isEmpty, !draft.schedules.isEmpty {
            draft.signals.append(.nothing)
            log.note("outside of its hours nothing asks for a count: it returns to min", scaling)
        }
        guard !draft.signals.isEmpty else {
            log.note("none of its checks has an equivalent: no policy for \(name)", scaling)
            return nil
        }
        if least == 0 {
            if draft.signals.contains(where: \.existsWithoutReplicas) {
                draft.idleAfter = "0s"
                for index in draft.signals.indices { draft.signals[index].writeActivation() }
            } else {
                log.note(
                    "to zero only by a number that exists without replicas: min is 1", field(scaling, "min"))
                draft.least = 1
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
        guard let afterDown = Duration(prometheus: down), let afterUp = Duration(prometheus: up) else {
            let wrong = Duration(prometheus: down) == nil ? down : up
            log.note("the cooldown \"\(wrong)\" is no duration", field(policy, "cooldown"))
            return
        }
        let removal = afterUp > afterDown ? up : down
        if afterUp != afterDown {
            log.note(
                "cooldown_on_scale_up holds after what was added, cooldown after what was removed; here after any change "
                    + "nothing is added for \(up), and nothing removed for \(removal)",
                field(policy, "cooldown_on_scale_up"))
        }
        draft.up.settings = settings(up, draft.up.settings.first)
        draft.down.settings = settings(removal, draft.down.settings.first)
    }
}
