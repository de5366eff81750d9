import Documents

/// Translates KEDA's ScaledObject.
struct ScaledObjectImport {
    private let log: ImportLog

    init(_ log: ImportLog) { self.log = log }

    func draft(_ object: Documents.Node) -> PolicyDraft? {
        let before = log.problems.count
        // Its first version called the target a deployment.
        guard let name = object.at("metadata", "name")?.text, let spec = object["spec"],
            let reference = spec["scaleTargetRef"],
            let target = (reference["name"] ?? reference["deploymentName"])?.text
        else {
            log.note("a ScaledObject needs metadata.name and spec.scaleTargetRef.name", object)
            return nil
        }
        let most = max(1, log.integer(spec["maxReplicaCount"], "maxReplicaCount", assumed: 100) ?? 100)
        let asked = max(0, log.integer(spec["minReplicaCount"], "minReplicaCount", assumed: 0) ?? 0)
        let least = min(asked, most)
        if asked > most {
            log.note("minReplicaCount is above maxReplicaCount: min is \(most)", spec["minReplicaCount"])
        }
        let polling = log.integer(spec["pollingInterval"], "pollingInterval", assumed: 30) ?? 30
        var draft = PolicyDraft(
            name: PolicyDraft.label(name),
            workload: PolicyDraft.target(target, log, reference), least: least,
            most: most,
            interval: "\(min(max(1, polling), Self.syncSeconds))s", origin: "the ScaledObject \(name)")
        if polling > Self.syncSeconds { draft.staleAfter = "\(min(max(60, 2 * polling), 3600))s" }
        for trigger in spec["triggers"]?.items ?? [] {
            TriggerImport(log, polling: polling).add(trigger, to: &draft)
        }
        guard !draft.signals.isEmpty else {
            log.note("none of its triggers has an equivalent: no policy for \(name)", spec["triggers"])
            return nil
        }
        modifiers(spec.at("advanced", "scalingModifiers"), &draft)
        zero(spec, &draft)
        fallback(spec, polling, &draft)
        HorizontalPodAutoscalerImport.behaviour(
            spec.at("advanced", "horizontalPodAutoscalerConfig", "behavior"), &draft, log)
        annotations(object, &draft)
        leftOut(spec)
        draft.notes = log.messages(since: before)
        return draft
    }

    /// KEDA polls what wakes a workload; from one replica on, the autoscaler behind it asks as often as this.
    private static let syncSeconds = 15

    private static let known: Set<String> = [
        "scaletargetref", "pollinginterval", "cooldownperiod", "initialcooldownperiod", "idlereplicacount",
        "minreplicacount", "maxreplicacount", "fallback", "advanced", "triggers",
    ]

    private func zero(_ spec: Documents.Node, _ draft: inout PolicyDraft) {
        guard draft.least == 0 else {
            for index in draft.signals.indices {
                // KEDA ignores activations where it never goes to zero.
                draft.signals[index].settings.removeAll { $0.hasPrefix("activation") }
            }
            return
        }
        guard draft.signals.contains(where: \.existsWithoutReplicas) else {
            log.note(
                "to zero only by a total that exists without replicas, not by means: min is 1",
                spec["minReplicaCount"])
            draft.least = 1
            return
        }
        for index in draft.signals.indices { draft.signals[index].writeActivation() }
        let cooldown = log.integer(spec["cooldownPeriod"], "cooldownPeriod", assumed: 300) ?? 300
        draft.idleAfter = "\(min(max(0, cooldown), 86_400))s"
    }

    private func fallback(_ spec: Documents.Node, _ polling: Int, _ draft: inout PolicyDraft) {
        // The count it has is what is held here wherever nothing else is said.
        guard let node = spec["fallback"], node["behavior"]?.text != "currentReplicas" else { return }
        guard let replicas = node["replicas"]?.integer, replicas >= 0 else {
            return log.note("a fallback needs replicas", node)
        }
        let failures = log.integer(node["failureThreshold"], "failureThreshold", assumed: 3) ?? 3
        let seconds = max(1, failures).multipliedReportingOverflow(by: max(1, polling)).partialValue
        let kept = draft.bounded(replicas, "the fallback of", log, node["replicas"])
        draft.fallback = PolicyDraft.Fallback(replicas: kept, seconds: min(max(1, seconds), 86_400))
        let behaviour = node["behavior"]?.text ?? "static"
        if behaviour != "currentReplicasIfHigher" {
            log.note(
                "fallback \(behaviour) may lower the count in KEDA; here a fallback only ever raises it", node
            )
        }
    }

    /// A sum, the largest or smallest of the triggers; other formulas belong into a query.
    private func modifiers(_ node: Documents.Node?, _ draft: inout PolicyDraft) {
        guard let node, let formula = node["formula"]?.text else { return }
        let target = node["target"]?.text.flatMap { KubernetesQuantity.parse($0) }
        let (combination, names) = TriggerFormula.combination(formula)
        guard let target, Set(names) == Set(draft.signals.map(\.name)), names.count == draft.signals.count
        else {
            if let target, compose(formula, target, node, &draft) { return }
            // Where there is a formula, KEDA ignores the activations of the triggers.
            for index in draft.signals.indices {
                draft.signals[index].settings.removeAll { $0.hasPrefix("activation") }
            }
            if let activation = node["activationTarget"] {
                log.note(
                    "activationTarget of the formula has no equivalent: any trigger above 0 is active",
                    activation)
            }
            return log.note(
                "the formula has no equivalent, nor has its target: write it in PromQL as the query of one signal; "
                    + "until then the largest of the triggers counts, each by its own threshold",
                node["formula"])
        }
        draft.combination = names.count > 1 ? combination : nil
        let key = node["metricType"]?.text == "Value" ? "mean" : "per_replica"
        // Where there is a formula, KEDA ignores the activations of the triggers.
        var settings = ["\(key): \(KubernetesQuantity.text(target))"]
        if let activation = node["activationTarget"],
            let number = activation.text.flatMap(KubernetesQuantity.parse)
        {
            // Where the largest is above it, one of them is.
            if draft.signals.count == 1 || combination == "max" {
                settings.append("activation: \(KubernetesQuantity.text(number))")
            } else {
                log.note(
                    "activationTarget of a \(combination) has no equivalent: any trigger above 0 is active",
                    activation)
            }
        }
        for index in draft.signals.indices { draft.signals[index].settings = settings }
    }

    /// Arithmetic over the triggers is one query over theirs; false where that does not say it.
    private func compose(
        _ formula: String, _ target: Double, _ node: Documents.Node, _ draft: inout PolicyDraft
    ) -> Bool {
        let queries = Dictionary(draft.signals.map { ($0.name, $0.query) }) { first, _ in first }
        guard draft.prediction == nil, let composed = TriggerFormula(formula, queries) else { return false }
        let key = node["metricType"]?.text == "Value" ? "mean" : "per_replica"
        var settings = ["\(key): \(KubernetesQuantity.text(target))"]
        if let number = node["activationTarget"]?.text.flatMap(KubernetesQuantity.parse) {
            settings.append("activation: \(KubernetesQuantity.text(number))")
        }
        draft.signals.removeAll { composed.names.contains($0.name) }
        let name = draft.signalName("formula")
        draft.signals.insert(
            PolicyDraft.Signal(name: name, query: composed.query, settings: settings), at: 0)
        log.note("the formula is one query over those of its triggers; check it", node["formula"])
        return true
    }

    private func annotations(_ object: Documents.Node, _ draft: inout PolicyDraft) {
        let prefix = "autoscaling.keda.sh/"
        for pair in object.at("metadata", "annotations")?.pairs ?? [] {
            guard let key = pair.key.text, key.hasPrefix(prefix) else { continue }
            let isSet = pair.value.text != "false"
            switch key.dropFirst(prefix.count) {
            case "paused-scale-in" where isSet: block(&draft.down)
            case "paused-scale-out" where isSet: block(&draft.up)
            case "force-activation" where isSet:
                log.note("force-activation: at least one replica stays", pair.key)
                draft.least = max(1, draft.least)
                draft.idleAfter = nil
                for index in draft.signals.indices {
                    draft.signals[index].settings.removeAll { $0.hasPrefix("activation") }
                }
            case "paused-replicas":
                if let asked = log.integer(pair.value, "paused-replicas"), asked >= 0 {
                    let count = draft.bounded(asked, "paused-replicas", log, pair.key)
                    draft.schedules.append(
                        "{ name: paused, from: '00:00', to: '24:00', replicas: \(count) }")
                }
            case "paused" where isSet:
                draft.mode = .shadow
                log.note(
                    "paused: the policy is in shadow mode; `flyball pause` pauses with owner and end",
                    pair.key)
            default: if isSet { log.note("\(key) has no equivalent", pair.key) }
            }
        }
    }

    private func block(_ direction: inout PolicyDraft.Direction) {
        direction.settings.removeAll { $0.hasPrefix("limit") }
        direction.settings.append("limit: blocked")
    }

    private func leftOut(_ spec: Documents.Node) {
        let advanced = spec["advanced"]
        let autoscaler = advanced?["horizontalPodAutoscalerConfig"]
        log.unread(spec, known: Self.known, of: "the ScaledObject")
        log.unread(
            spec["scaleTargetRef"], known: ["name", "kind", "apiversion", "deploymentname"],
            of: "scaleTargetRef")
        log.unread(
            spec["fallback"], known: ["replicas", "failurethreshold", "behavior"], of: "fallback")
        log.unread(
            advanced,
            known: ["horizontalpodautoscalerconfig", "scalingmodifiers", "restoretooriginalreplicacount"],
            of: "advanced")
        log.unread(autoscaler, known: ["behavior"], of: "horizontalPodAutoscalerConfig")
        log.unread(
            advanced?["scalingModifiers"], known: ["formula", "target", "activationtarget", "metrictype"],
            of: "scalingModifiers")
        if let idle = spec["idleReplicaCount"], idle.integer != 0 {
            log.note("idleReplicaCount other than 0 has no equivalent", idle)
        } else if let idle = spec["idleReplicaCount"], let least = spec["minReplicaCount"]?.integer, least > 0
        {
            log.note(
                "idleReplicaCount beside minReplicaCount (nothing when idle, else at least \(least)) has no equivalent: "
                    + "at least \(least) stay, and activation has no say", idle)
        }
        if let initial = spec["initialCooldownPeriod"], initial.integer != 0 {
            log.note(
                "initialCooldownPeriod has no equivalent: a new workload waits for the idle time", initial)
        }
        if let restore = spec.at("advanced", "restoreToOriginalReplicaCount"), restore.text == "true" {
            log.note("restoreToOriginalReplicaCount has no equivalent: the count stays", restore)
        }
    }
}
