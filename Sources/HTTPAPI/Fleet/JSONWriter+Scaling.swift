import Audit
import Control
import Documents
import Fleet
import Scaling
import TimeSeries

extension JSONWriter {
    mutating func scaling(_ view: ControlView) {
        object { json in
            json.moment("at", view.at)
            json.optional("standsDown", view.standsDown)
            json.items("policies", view.policies) { $0.policy($1) }
            json.items("pauses", view.pauses) { $0.pause($1) }
            json.key("freeze")
            guard let freeze = view.freeze else { return json.null() }
            json.object { json in
                json.moment("since", freeze.since)
                json.moment("until", freeze.until)
                json.field("reason", freeze.reason)
            }
        }
    }

    private mutating func policy(_ view: ControlView.PolicyView) {
        let policy = view.policy
        object { json in
            json.field("name", policy.name)
            json.field("workload", policy.workload.name)
            json.field("mode", policy.mode.rawValue)
            json.field("inCharge", view.isInCharge)
            json.field("minReplicas", policy.minReplicas)
            json.field("maxReplicas", policy.maxReplicas)
            json.field("interval", policy.interval.inSeconds)
            json.field("staleAfter", policy.staleAfter.inSeconds)
            json.moment("measuredAt", view.measurement?.at)
            json.items("signals", policy.signals) { json, signal in
                json.signal(signal, view.measurement?.signals.first { $0.name == signal.name })
            }
            json.key("prediction")
            if let prediction = policy.prediction { json.prediction(prediction) } else { json.null() }
            json.schedules(view.measurement?.schedules)
            json.key("decision")
            if let decision = view.decision { json.decision(decision) } else { json.null() }
            json.optional("entry", view.entry)
        }
    }

    private mutating func signal(_ policy: SignalPolicy, _ signal: Signal?) {
        object { json in
            json.field("name", policy.name)
            json.field("query", policy.query)
            json.field("unit", policy.unit.rawValue)
            json.key("target")
            json.target(policy.target)
            json.key("reading")
            if let signal { json.reading(signal.reading) } else { json.null() }
            if let coverage = signal?.coverage { json.field("coverage", coverage) }
            if let kept = signal?.kept { json.field("kept", kept) }
            json.key("outlook")
            if let outlook = signal?.outlook { json.outlook(outlook) } else { json.null() }
        }
    }

    private mutating func target(_ target: SignalPolicy.Target) {
        object { json in
            switch target {
            case .perReplica(let value):
                json.field("kind", "perReplica")
                json.field("value", value)
            case .mean(let value):
                json.field("kind", "mean")
                json.field("value", value)
            case .backlog(let rate, let within):
                json.field("kind", "backlog")
                json.field("value", rate)
                json.field("within", within.inSeconds)
            case .objective(let value):
                json.field("kind", "objective")
                json.field("value", value)
            case .steps(let steps):
                json.field("kind", "steps")
                json.field("steps", steps.count)
            }
        }
    }

    private mutating func reading(_ reading: Signal.Reading) {
        object { json in
            switch reading {
            case .value(let value, let measuredAt):
                json.field("state", "value")
                json.field("value", value)
                json.moment("measuredAt", measuredAt)
            case .stale(let value, let measuredAt):
                json.field("state", "stale")
                json.field("value", value)
                json.moment("measuredAt", measuredAt)
            case .missing: json.field("state", "missing")
            case .notFinite: json.field("state", "notFinite")
            case .failed(let error):
                json.field("state", "failed")
                json.field("error", error)
            }
        }
    }

    private mutating func outlook(_ outlook: Signal.Outlook) {
        object { json in
            json.field("expectedPeak", outlook.expectedPeak)
            json.field("peak", outlook.peak)
            json.field("quantile", outlook.quantile)
            json.field("horizon", outlook.horizon.inSeconds)
            json.field("model", outlook.model)
            json.field("trusted", outlook.isTrusted)
            if let keep = outlook.keep { json.field("keep", keep) }
        }
    }

    /// Those that hold.
    private mutating func schedules(_ schedules: [ActiveSchedule]?) {
        items("schedules", schedules ?? []) { json, schedule in
            json.object { json in
                json.field("name", schedule.name)
                json.moment("until", schedule.until)
            }
        }
    }

    private mutating func prediction(_ prediction: Prediction) {
        object { json in
            json.field("signal", prediction.signal)
            json.field("risk", prediction.risk)
            json.field("hold", prediction.hold.inSeconds)
            json.field("history", prediction.history.inSeconds)
        }
    }

    private mutating func decision(_ decision: ScaleDecision) {
        object { json in
            json.moment("at", decision.at)
            json.field("from", decision.from)
            json.field("desired", decision.desired)
            json.items("reasons", decision.reasons) { $0.reason($1) }
        }
    }

    /// What a decision was made from, and what it would have been otherwise.
    private mutating func given(_ given: DecisionCase, _ decision: ScaleDecision?) {
        items("inputs", given.policy.signals) { json, signal in
            let measured = given.measurement.signals.first { $0.name == signal.name }
            json.object { json in
                json.field("name", signal.name)
                json.field("unit", signal.unit.rawValue)
                json.field("quality", measured?.quality(as: signal).rawValue ?? "missing")
                json.field("text", measured?.qualityText(signal, at: given.now) ?? "missing")
                json.key("reading")
                if let measured { json.reading(measured.reading) } else { json.null() }
                if let coverage = measured?.coverage { json.field("coverage", coverage) }
                if let kept = measured?.kept { json.field("kept", kept) }
                json.key("outlook")
                if let outlook = measured?.outlook { json.outlook(outlook) } else { json.null() }
                guard let history = measured?.history else { return }
                json.key("history")
                json.object { json in
                    json.field("known", history.known)
                    json.field("count", history.count)
                }
            }
        }
        schedules(given.measurement.schedules)
        key("replicas")
        object { json in
            json.field("desired", given.counts.desired)
            json.field("ready", given.counts.ready)
            json.field("starting", given.counts.starting)
        }
        items("counterfactuals", Counterfactual.all(given, of: decision)) { json, other in
            json.object { json in
                json.field("name", other.name)
                json.field("desired", other.desired)
            }
        }
    }

    private mutating func reason(_ reason: ScaleDecision.Reason) {
        object { json in
            json.field("kind", reason.kind.rawValue)
            json.field("subject", reason.subject)
            json.field("count", reason.count)
            json.field("text", reason.text)
            json.moment("until", reason.until)
        }
    }

    /// A leaf of the audit log: `reasons` are the steps of a scaling decision, `notes` what else it says.
    /// - Parameters:
    ///   - explanation: the whole leaf in words, where somebody asked for this one.
    ///   - given: what the decision was made from, where that is known.
    mutating func leaf(_ leaf: IndexedRecord, explanation: String? = nil, given: DecisionCase? = nil) {
        let entry = leaf.record.entry
        object { json in
            json.field("index", leaf.index)
            json.field("id", entry.id)
            json.field("kind", entry.kind.rawValue)
            json.moment("at", entry.at)
            json.field("epoch", Int(clamping: entry.epoch))
            json.field("generation", Int(clamping: entry.generation))
            json.optional("workload", entry.workload?.name)
            json.optional("node", entry.node?.name)
            json.optional("principal", entry.principal)
            if let decision = entry.decision {
                json.field("policy", decision.policy)
                json.field("from", decision.from)
                json.field("desired", decision.desired)
            }
            if let explanation {
                json.field("text", explanation)
                json.field("replay", Explanation.replayCommand(entry.id))
            }
            if let binding = entry.decision?.binding {
                json.key("binding")
                json.reason(binding)
            }
            if let given { json.given(given, entry.decision) }
            json.items("reasons", entry.decision?.reasons ?? []) { $0.reason($1) }
            json.key("notes")
            json.list(entry.reasons)
            json.items("commands", entry.commands) { json, command in
                json.object { json in
                    json.field("id", command.id)
                    json.field("text", command.action.text)
                    json.field("reason", command.reason)
                }
            }
            json.field("evidence", leaf.record.evidence)
            json.field("sequence", Int(clamping: leaf.record.sequence))
        }
    }
}

extension Command.Action {
    /// `start web-1-3 on n2`.
    fileprivate var text: String {
        switch self {
        case .start(let replica, _, let node): "start \(replica) on \(node)"
        case .stop(let replica, _, let node, _): "stop \(replica) on \(node)"
        case .resize(let replica, _, let node, let request, _):
            "resize \(replica) on \(node) to \(request)"
        case .startNode(let spec): "start node \(spec.id)"
        case .stopNode(let node): "stop node \(node)"
        }
    }
}
