import Documents

/// What of a file is not translated, and told about.
extension NomadImport {
    /// Tells of policy files that stand as text in a job, as in that of the Autoscaler itself.
    func embedded(_ node: Documents.Node) {
        for pair in node.pairs { embedded(pair.value) }
        for item in node.items { embedded(item) }
        guard let text = node.text, text.contains("\n"), text.contains("scaling \"") else { return }
        log.note("a text with a scaling block of its own: save it as a file and import that", node)
    }

    /// Tells of what scales the tasks of a group, each by itself.
    func sizes(_ group: Documents.Node) {
        for (task, body) in named(field(group, "task")) {
            for (resource, scaling) in named(field(body, "scaling")) {
                log.note(
                    "the size of the task \(task) (\(resource)) is not translated: write size into the policy",
                    scaling)
            }
        }
        for task in field(group, "Tasks")?.items ?? [] {
            for scaling in field(task, "ScalingPolicies")?.items ?? [] {
                let name = field(task, "Name")?.text ?? ""
                log.note(
                    "the size of the task \(name) is not translated: write size into the policy", scaling)
            }
        }
    }

    /// Whether a target is what Nomad runs, not machines at a provider.
    static func isOwn(_ kind: String) -> Bool { ["nomad", "nomad-target"].contains(kind.lowercased()) }

    /// Tells what a group's scaling block says of another target than the group itself, and what nobody reads.
    func leftOut(_ scaling: Documents.Node, _ policy: Documents.Node, of target: Target) {
        let blocks = [
            "min", "max", "enabled", "type", "policy", "target",
            // Of the API alone.
            "id", "namespace", "createindex", "modifyindex",
        ]
        let rules = [
            "cooldown", "cooldown_on_scale_up", "evaluation_interval", "on_check_error", "check", "target",
            "priority", "schedule",
        ]
        let isWhole = field(scaling, "policy") == nil
        log.unread(scaling, known: Set(isWhole ? blocks + rules : blocks), of: "the scaling block")
        if !isWhole { log.unread(policy, known: Set(rules), of: "the policy") }
        guard !target.isNodePool else { return }
        let within = isWhole ? [] : targets(field(policy, "target"))
        for (kind, body) in within + targets(field(scaling, "target")) {
            if let kind, !Self.isOwn(kind) {
                log.note("the target \(kind) has no equivalent: \(target.name) is scaled", body)
            } else if let group = field(body, "Group"), let name = group.text, name != target.name {
                log.note("the target's group \(name) is not this one: \(target.name) is scaled", group)
            }
            guard let namespace = field(body, "Namespace"), namespace.text != "default" else { continue }
            log.note("the namespace \(namespace.text ?? "") is not kept: workloads have none", namespace)
        }
    }

    /// What Nomad says of a check and a policy says of all its signals together.
    func shared(_ checks: [(String, Documents.Node)]) {
        guard checks.filter({ field($0.1, "strategy", "fixed-value") == nil }).count > 1 else { return }
        for (name, check) in checks {
            for key in ["max_scale_up", "max_scale_down", "threshold"] {
                guard let node = field(check, "strategy", "target-value", key) else { continue }
                log.note("\(key) of \(name) holds for the whole policy, whichever check decides", node)
            }
        }
    }
}
