import Control
import Documents
import Fleet
import TimeSeries

extension JSONWriter {
    mutating func fleet(_ view: ControlView) {
        object { json in
            json.moment("at", view.at)
            json.moment("observedAt", view.observedAt)
            json.field("epoch", Int(clamping: view.epoch))
            json.field("generation", Int(clamping: view.generation))
            json.optional("standsDown", view.standsDown)
            json.items("nodes", view.nodes) { $0.node($1) }
            json.items("workloads", view.workloads) { $0.workload($1) }
            json.items("replicas", view.replicas) { $0.replica($1) }
            json.items("commands", view.openCommands) { $0.command($1) }
            json.items("closedCommands", view.closedCommands) { $0.command($1) }
        }
    }

    private mutating func node(_ view: ControlView.NodeView) {
        let node = view.node
        object { json in
            json.field("name", node.id.name)
            let (health, since): (String, Timestamp?) =
                switch node.health {
                case .expected: ("expected", nil)
                case .ready: ("ready", nil)
                case .suspect(let since): ("suspect", since)
                case .lost(let since): ("lost", since)
                }
            json.field("health", health)
            json.moment("since", since)
            json.field("cordoned", node.isCordoned)
            json.field("draining", node.isDraining)
            json.field("configured", view.isConfigured)
            json.moment("quarantinedUntil", view.quarantinedUntil)
            json.key("drainBlockers")
            json.list(view.drainBlockers)
            json.resources("capacity", node.capacity)
            json.resources("allocatable", node.allocatable)
            json.resources("requested", view.requested)
            json.field("replicas", view.replicas)
            json.pairs(
                "labels", node.labels.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
            json.moment("lastHeard", node.lastHeard)
            json.optional("incarnation", node.incarnation)
            json.optional("metricsAddress", node.metricsAddress)
        }
    }

    private mutating func workload(_ view: ControlView.WorkloadView) {
        object { json in
            json.field("name", view.workload.id.name)
            json.field("desired", view.desired)
            json.field("ready", view.ready)
            json.field("starting", view.starting)
            json.field("unready", view.unready)
            json.field("stopping", view.stopping)
            json.field("priority", view.workload.priority)
            json.resources("request", view.workload.request)
            json.optional("policy", view.policy)
            json.key("pause")
            if let pause = view.pause { json.pause(pause) } else { json.null() }
            json.key("unplaced")
            json.list(view.unplaced)
            json.key("deferred")
            json.list(view.deferred)
            json.moment("backOffUntil", view.backOffUntil)
        }
    }

    private mutating func replica(_ replica: Replica) {
        object { json in
            json.field("id", replica.id.name)
            json.field("workload", replica.workload.name)
            json.field("node", replica.node.name)
            json.field("phase", replica.phase.rawValue)
            json.moment("since", replica.since)
            json.optional("address", replica.address)
            json.field("restarts", replica.restarts)
            json.optional("message", replica.message)
            json.resources("request", replica.request)
        }
    }

    private mutating func command(_ command: ControlView.CommandView) {
        object { json in
            json.field("id", command.id)
            json.field("text", command.text)
            let (state, detail): (String, String?) =
                switch command.state {
                case .intended: ("intended", nil)
                case .acknowledged: ("acknowledged", nil)
                case .unknown(let why): ("unknown", why)
                case .done: ("done", nil)
                case .failed(let why): ("failed", why)
                case .superseded(let why): ("superseded", why)
                }
            json.field("state", state)
            json.optional("detail", detail)
            json.moment("issuedAt", command.issuedAt)
            json.moment("deadline", command.deadline)
            json.field("reason", command.reason)
        }
    }

    mutating func pause(_ pause: Pause) {
        object { json in
            json.optional("workload", pause.workload?.name)
            json.optional("direction", pause.direction?.rawValue)
            json.moment("since", pause.since)
            json.moment("until", pause.until)
            json.field("principal", pause.owner)
            json.field("reason", pause.reason)
        }
    }

    /// Cores and bytes.
    private mutating func resources(_ name: String, _ resources: Resources) {
        key(name)
        object { json in
            json.field("cpu", Double(resources.milliCPU) / 1000)
            json.field("memory", Int(resources.memoryBytes))
        }
    }

    mutating func moment(_ name: String, _ moment: Timestamp?) {
        optional(name, moment.map { RFC3339.text($0) })
    }

    mutating func optional(_ name: String, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    mutating func items<Item>(_ name: String, _ items: [Item], _ body: (inout JSONWriter, Item) -> Void) {
        key(name)
        array { json in for item in items { body(&json, item) } }
    }
}
