import Actuation
import Control
import Documents
import Fleet
import Scaling
import TimeSeries

/// A control loop over a fleet in memory, second by second: observes, measures, decides, performs at once.
/// Every batch of events is kept, so that a run can be replayed.
struct FleetWorld {
    struct Batch { var events: [Event], at: Timestamp, effects: [Effect] }

    /// What goes wrong with commands, counted down.
    var lostReplies = 0, refusals = 0, lies = 0, dropped = 0
    /// Replicas and nodes that the observer does not see for a while.
    var hidden: (replicas: Int, nodes: Int, until: Timestamp)?
    var isObserverDown = false
    var fleet = VirtualFleet()
    var loop = ControlLoop()
    var configuration = ControlConfiguration(generation: 1, nodes: [], workloads: [], policies: [])
    var loads: [String: Double] = [:]
    /// What the query about victims yields.
    var replicaLoads: [String: Double] = [:]
    var usage: [ResourceUsage]?
    private(set) var now = Timestamp(milliseconds: 0)
    /// By how much the service's clock is ahead of the fleet's.
    private var clockAhead: Duration = .zero
    private var unseenStep: Duration?
    private(set) var batches: [Batch] = []
    private(set) var performed: [Command] = []
    private var epoch: UInt64 = 0
    private var replies: [Event] = []
    private var lastInventory: Inventory?

    mutating func begin() {
        epoch += 1
        step([.began(epoch: epoch), .configured(configuration)])
    }

    mutating func reconfigure() {
        configuration.generation += 1
        step([.configured(configuration)])
    }

    /// The service ends and starts again: answers under way are lost, memory comes from its snapshot.
    mutating func restart() throws {
        replies = []
        loop = try CanonicalJSON.decode(ControlLoop.self, from: CanonicalJSON.encode(loop))
        configuration.generation += 1
        lastInventory = nil
        begin()
    }

    /// The service ends by a person's hand: it stops every node and says so.
    mutating func stopCleanly() {
        for node in configuration.nodes { fleet.kill(node.id) }
        step([.ended])
    }

    mutating func request(_ action: OperatorRequest.Action, id: String? = nil) {
        let id = id ?? "r\(batches.count)"
        step([
            .requested(OperatorRequest(id: id, action: action, principal: "ada", reason: "told to"))
        ])
    }

    /// The service's clock is set: seen at the next batch, or, as where it happened before a start, not at all.
    mutating func setClock(by step: Duration, isSeen: Bool = true) {
        clockAhead += step
        if isSeen { unseenStep = (unseenStep ?? .zero) + step }
    }

    mutating func run(_ duration: Duration) {
        let end = now + duration
        while now < end {
            now += .seconds(1)
            fleet.advance(to: now)
            var events = replies
            replies = []
            if let observation = observe() { events.append(observation) }
            if now.milliseconds % 5000 == 0 { events += measure() }
            events.append(.tick)
            step(events)
        }
    }

    private mutating func observe() -> Event? {
        guard !isObserverDown else { return nil }
        var inventory = fleet.inventory(at: now)
        if let hidden, hidden.until > now {
            inventory.replicas = Array(inventory.replicas.dropLast(hidden.replicas))
            inventory.nodes = Array(inventory.nodes.dropLast(hidden.nodes))
        }
        var unchanged = inventory
        unchanged.observedAt = lastInventory?.observedAt ?? now
        if unchanged == lastInventory { return .observedUnchanged(at: now + clockAhead) }
        lastInventory = inventory
        inventory.observedAt += clockAhead
        return .observed(inventory)
    }

    private func measure() -> [Event] {
        let now = now + clockAhead
        return configuration.policies.map { policy in
            let reading: Signal.Reading =
                loads[policy.workload.name].map { .value($0, measuredAt: now) } ?? .missing
            return .measured(
                Measurement(
                    policy: policy.name, workload: policy.workload, at: now,
                    signals: policy.signals.map { Signal(name: $0.name, reading: reading) },
                    loads: replicaLoads.sorted { $0.key < $1.key }.map {
                        ReplicaLoad(replica: $0.key, value: $0.value)
                    }, usage: usage))
        }
    }

    private mutating func step(_ events: [Event]) {
        let events = (unseenStep.map { [.clockStepped(by: $0)] } ?? []) + events
        unseenStep = nil
        let effects = loop.step(events, at: now + clockAhead)
        batches.append(Batch(events: events, at: now + clockAhead, effects: effects))
        for case .execute(let command) in effects { replies += perform(command) }
    }

    private mutating func perform(_ command: Command) -> [Event] {
        func takes(_ count: inout Int) -> Bool {
            guard count > 0 else { return false }
            count -= 1
            return true
        }
        if takes(&dropped) { return [] }
        if takes(&refusals) { return [.outcome(command: command.id, .failed("refused as planned"))] }
        if takes(&lies) { return [.outcome(command: command.id, .done)] }
        performed.append(command)
        do {
            var command = command
            command.deadline = command.deadline - clockAhead
            try fleet.perform(command, at: now)
        } catch .ambiguous(let why) {
            return [.outcome(command: command.id, .unknown(why))]
        } catch {
            return [.outcome(command: command.id, .failed("\(error)"))]
        }
        if takes(&lostReplies) { return [.outcome(command: command.id, .unknown("the answer was lost"))] }
        return [.outcome(command: command.id, .done)]
    }
}
