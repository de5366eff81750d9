import Fleet
import Scaling
import TimeSeries

/// One step of the loop in the making: the memory as it changes, what is to be recorded and what to be commanded.
/// Each concern is in a file of its own.
struct Turn {
    static let startDeadline: Duration = .seconds(15)
    static let stopDeadline: Duration = .seconds(15)
    static let nodeDeadline: Duration = .seconds(20)
    /// Nothing is commanded on what was seen longer ago.
    static let evidenceLimit: Duration = .seconds(15)

    var memory: ControlMemory
    let now: Timestamp
    private(set) var records: [AuditEntry] = []
    private(set) var commands: [Command] = []
    var evidence: [DecisionInputs] = []
    /// Which event of the batch is being taken in.
    var eventIndex = -1
    /// Scaling decisions of this step that await the commands that follow from them.
    var decisions: [WorkloadID: ScaleDecision] = [:]

    init(memory: ControlMemory, at: Timestamp) {
        self.memory = memory
        // As after a restart, before which nobody saw the clock being set.
        if memory.now - at > ControlLoop.clockSlack { self.memory.clockStepped(by: at - memory.now) }
        now = max(at, self.memory.now)
        self.memory.now = now
    }

    var effects: [Effect] {
        evidence.map(Effect.evidence) + records.map(Effect.record) + commands.map(Effect.execute)
    }

    mutating func take(_ event: Event) {
        eventIndex += 1
        switch event {
        case .began(let epoch): begin(epoch)
        case .configured(let configuration): configure(configuration)
        case .measured(let measurement): measure(measurement)
        case .observed(let inventory): observe(inventory)
        case .observedUnchanged(let at): observeUnchanged(at: at)
        case .outcome(let command, let outcome): conclude(command, outcome)
        case .requested(let request): answer(request)
        case .clockStepped(let step): noteClock(step)
        case .ended: end()
        case .tick: break
        }
    }

    /// What follows from the passing of time and from all events together.
    mutating func conclude() {
        expire()
        judgeNodes()
        plan()
        recordDecisionsWithoutCommands()
    }

    /// Appends an entry; its id is returned.
    @discardableResult
    mutating func record(
        _ kind: AuditEntry.Kind, workload: WorkloadID? = nil, node: NodeID? = nil,
        decision: ScaleDecision? = nil, reasons: [String], commands: [Command] = [], principal: String? = nil
    ) -> String {
        memory.entryCount += 1
        let id = "d\(memory.epoch)-\(memory.entryCount)"
        records.append(
            AuditEntry(
                id: id, kind: kind, at: now, epoch: memory.epoch, generation: memory.generation,
                workload: workload, node: node, decision: decision, reasons: AuditText.bounded(reasons),
                commands: commands.map(\.redacted), principal: principal))
        return id
    }

    /// Makes a command, enters it into the ledger and lets it be executed; whoever calls records it.
    mutating func command(_ action: Command.Action, within limit: Duration, reason: String) -> Command {
        memory.commandCount += 1
        let command = Command(
            id: "e\(memory.epoch)-\(memory.commandCount)", action: action, epoch: memory.epoch, issuedAt: now,
            deadline: now + limit, reason: AuditText.bounded(reason))
        memory.ledger.intend(command, generation: memory.generation)
        commands.append(command)
        return command
    }

    /// Whether commands about a workload, or about nodes where nil, may be given at all.
    func mayCommand(_ workload: WorkloadID?) -> Bool {
        canSee && memory.fleet.pause(of: workload) == nil
    }

    /// Whether this service leads and has seen the fleet lately.
    var canSee: Bool {
        guard memory.deposedBy == nil, memory.epoch > 0, memory.hasObserved,
            let observedAt = memory.observedAt
        else { return false }
        return now - observedAt <= Self.evidenceLimit
    }

    /// Whether so many nodes are silent that the fault must lie with the observer.
    var isBlind: Bool {
        let nodes = memory.fleet.nodes.values.filter { $0.health != .expected }
        guard !nodes.isEmpty else { return false }
        let silent = nodes.count { $0.health != .ready }
        return Double(silent) >= Double(nodes.count) * memory.limits.maxUnreachableShare
    }

    private mutating func begin(_ epoch: UInt64) {
        guard epoch > memory.epoch else { return }
        memory.epoch = epoch
        memory.beganAt = now
        memory.deposedBy = nil
        memory.hasObserved = false
        memory.lastInventory = nil
        memory.commandCount = 0
        memory.entryCount = 0
        memory.replicaCount = 0
        let open = memory.ledger.sortedOpen
        for intent in open where intent.state == .intended {
            memory.ledger.update(intent.id, to: .unknown("the service restarted before the answer came"))
        }
        for node in memory.watches.keys {
            memory.watches[node]?.silence = .zero
            memory.watches[node]?.silentSince = nil
        }
        var reasons = ["epoch \(epoch) begins"]
        if !open.isEmpty {
            reasons.append(
                "to be observed before anything is sent: " + open.map(\.text).joined(separator: ", "))
        }
        record(.leadership, reasons: reasons)
    }

    private mutating func noteClock(_ step: Duration) {
        let direction = step < .zero ? "back" : "forward"
        let size = Duration.seconds((abs(step.inSeconds)).rounded())
        record(
            .clock,
            reasons: [
                "the clock was set \(direction) by \(size.prometheusText)",
                "windows, limits and holds last as long as if it had not been",
            ])
    }

    /// Nothing runs any more, and nothing was lost: the next start finds nodes that are to be started, not missing.
    private mutating func end() {
        let replicas = memory.fleet.replicas.count
        for intent in memory.ledger.sortedOpen {
            memory.ledger.update(intent.id, to: .failed("the service was stopped"))
        }
        for node in memory.fleet.sortedNodes {
            memory.fleet.apply(.nodeStopped(node.id))
            memory.watches[node.id] = nil
        }
        memory.losses = [:]
        memory.singletonHolds = [:]
        memory.hasObserved = false
        memory.lastInventory = nil
        record(
            .leadership,
            reasons: [
                "the service was stopped, and with it \(memory.fleet.nodes.count) nodes and \(replicas) replicas"
            ])
    }

    private mutating func expire() {
        for pause in memory.fleet.pauses where pause.until <= now {
            memory.fleet.apply(.pauseEnded(pause))
            let scope =
                (pause.workload.map { "of \($0)" } ?? "of the whole fleet")
                + (pause.direction.map { " \($0.rawValue)wards" } ?? "")
            record(
                .request, workload: pause.workload, reasons: ["the pause \(scope) by \(pause.owner) expired"],
                principal: pause.owner)
        }
        if let freeze = memory.freeze, freeze.until <= now {
            memory.freeze = nil
            memory.believesAbsences = true
            record(.freeze, reasons: ["removals are allowed again"])
        }
        expireCollapse()
        memory.requests = memory.requests.filter { now - $0.value.at < .seconds(86_400) }
        memory.singletonHolds = memory.singletonHolds.filter { $0.value.until > now }
        for node in memory.watches.keys { memory.watches[node]?.advance(to: now) }
    }
}

/// Keeps records for people within their size.
enum AuditText {
    static let maxLines = 40
    static let maxBytes = 240

    static func bounded(_ text: String) -> String {
        text.utf8.count <= maxBytes
            ? text : String(decoding: text.utf8.prefix(maxBytes), as: UTF8.self) + "..."
    }

    static func bounded(_ lines: [String]) -> [String] {
        let shown = lines.prefix(maxLines).map { bounded($0) }
        return lines.count > maxLines ? shown + ["and \(lines.count - maxLines) more"] : shown
    }
}
