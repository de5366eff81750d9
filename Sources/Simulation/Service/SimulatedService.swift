package import Actuation
import Audit
import Control
import Coordination
import Curl
import Discovery
import Fleet
import Journal
package import PromQL
import Rules
import Scaling
import Scraping
package import Storage
import Synchronization
import TimeSeries

/// One life of the service: the production modules over disks, backend and clock that outlive it. Everything happens in
/// `step`, one thing after the other; who wants a crash drops the object and cuts the power of the disks.
package final class SimulatedService {
    /// What outlives the process.
    struct Surroundings {
        var clock: ManualClock
        var samples: SimulatedDisk
        var control: SimulatedDisk
        var transport: InMemoryTransport
        var backend: CommandWitness
        var trace: Trace
    }

    package let store: Store
    package let runner: ControlRunner
    package let engine: LocalEngine
    let witness: SampleWitness
    var deliveries: Deliveries
    private let surroundings: Surroundings
    private let scraper: Scraper
    private let landed: Landed
    private let measurer: Measurer
    private var schedule = MeasurementSchedule()
    private var rules: SteppedRules
    private var lastInventory: Inventory?
    private var leaves: Int
    /// Decisions of policies, as they are recorded.
    private let onEntry: (AuditEntry) -> Void

    /// Starts or recovers from what the disks hold.
    /// - Throws: why it cannot start: another one runs, a disk fails, a log is broken.
    init(
        _ configuration: SimulatedConfiguration, in surroundings: Surroundings, random: SplitMix64,
        onEntry: @escaping (AuditEntry) -> Void
    ) throws {
        let clock = surroundings.clock
        self.surroundings = surroundings
        self.onEntry = onEntry
        let lock = try DirectoryLock(surroundings.control, owner: "a simulated process")
        store = try Store(
            disk: surroundings.samples,
            configuration: StoreConfiguration(memoryLimit: 256 << 20, snapshotLogSize: 256 << 10),
            now: clock.now)
        engine = LocalEngine(source: store, subqueryStep: configuration.scrape.interval)
        let audit = try AuditLog(disk: surroundings.control, origin: "flyball.simulation")
        let runner = try ControlRunner(audit: audit, disk: surroundings.control)
        self.runner = runner
        let lease = try LocalLease(disk: surroundings.control, lock: lock, above: runner.epoch)
        leaves = audit.count
        witness = SampleWitness(store)
        landed = Landed()
        measurer = Measurer(engine: engine)
        deliveries = Deliveries(random: random)
        scraper = Scraper(
            transport: surroundings.transport, clock: clock, sink: witness,
            fleet: { role in FleetTargetProvider.groups(role, runner.view) },
            onLanded: { [landed] in landed.add($0) })
        rules = SteppedRules(
            configuration.groups, in: RuleEnvironment(engine: engine, sink: witness, clock: clock))
        let jobs = FleetTargetProvider.jobs(own: "flyball:9696", defaults: configuration.scrape)
        scraper.apply(jobs.filter { !$0.fleetRoles.isEmpty })
        schedule.apply(configuration.policies)
        runner.configure(
            nodes: configuration.nodes, workloads: configuration.workloads, policies: configuration.policies)
        runner.begin(lease)
        surroundings.trace.note(
            "service starts with epoch \(lease.epoch), \(audit.count) leaves, \(store.statistics().series) series"
        )
    }

    /// The next moment at which there is something to do, whole seconds apart.
    var next: Timestamp? { [scraper.nextStart, rules.next, deliveries.next].compactMap { $0 }.min() }

    /// Does everything that is due now.
    /// - Throws: `PowerCut` where one was planned; the object is then of no use any more.
    func step() async throws(PowerCut) {
        let now = surroundings.clock.now
        let isSecond = now.milliseconds % 1000 == 0
        if isSecond {
            await look()
            runner.submit(.tick)
            scraper.refresh()
        }
        await scraper.scrapeDue(at: now)
        noteScrapes()
        await evaluateRules(now)
        if isSecond { await measure(now) }
        try await act(now)
        if isSecond { tidy(now) }
    }

    private func look() async {
        do throws(BackendError) {
            let inventory = try await surroundings.backend.inventory()
            let isTaken = runner.submit(ControlRunner.observation(of: inventory, after: lastInventory))
            lastInventory = isTaken ? inventory : nil
        } catch {
            surroundings.trace.note("no inventory: \(error)")
        }
    }

    private func noteScrapes() {
        let (up, down) = landed.take()
        guard up + down > 0 else { return }
        schedule.landed()
        surroundings.trace.note("scrape up \(up) down \(down)")
    }

    private func evaluateRules(_ now: Timestamp) async {
        let trace = surroundings.trace
        await rules.evaluateDue(at: now) { group, outcome in
            for change in outcome.transitions {
                trace.note("alert \(change.labels) \(change.from.rawValue) -> \(change.to.rawValue)")
            }
            for notification in outcome.notifications { trace.note("notify \(notification.labels)") }
            for failure in outcome.failures { trace.note("rule \(failure.rule) failed: \(failure.message)") }
        }
    }

    private func measure(_ now: Timestamp) async {
        let uptime = surroundings.clock.uptime
        let due = schedule.takeDue(at: uptime)
        guard !due.isEmpty else { return }
        let round = await measurer.measure(due, at: now, learned: runner.learned)
        _ = witness.append(round.samples)
        for measurement in round.measurements { runner.submit(.measured(measurement)) }
    }

    /// Batches and commands in turn, until neither is left for now.
    private func act(_ now: Timestamp) async throws(PowerCut) {
        while true {
            let events = runner.drain()
            if !events.isEmpty {
                do {
                    deliveries.add(try await runner.runBatch(events, at: now), at: now)
                } catch {
                    return surroundings.trace.note("nothing is decided: \(error)")
                }
                noteEntries()
            }
            surroundings.backend.confirm(runner.view.pauses)
            let ended = try await deliveries.attemptDue(at: now, on: surroundings.backend) {
                runner.objection(to: $0, at: now)
            }
            for (command, outcome) in ended {
                surroundings.trace.note("outcome \(command.id) \(command.text): \(outcome)")
                runner.submit(.outcome(command: command.id, outcome))
            }
            if ended.isEmpty { return }
        }
    }

    private func noteEntries() {
        let trace = surroundings.trace
        let count = runner.audit.count
        guard count > leaves, let new = try? runner.audit.entries(from: leaves, count: count - leaves) else {
            return
        }
        leaves = count
        for entry in new.map(\.record.entry) {
            var text = "\(entry.kind.rawValue) \(entry.id)"
            if let workload = entry.workload { text += " \(workload)" }
            if let decision = entry.decision {
                text += " \(decision.from) -> \(decision.desired) "
                text += decision.reasons.map { "[\($0.kind.rawValue) \($0.count): \($0.text)]" }.joined()
            }
            for reason in entry.reasons { text += " (\(reason))" }
            trace.note(text)
            for command in entry.commands { trace.note("command \(command.id) \(command.text)") }
            onEntry(entry)
        }
    }

    private func tidy(_ now: Timestamp) {
        do {
            try store.sync()
            if now.milliseconds % 60_000 == 0 { try store.maintain(now: now) }
        } catch {
            surroundings.trace.note("samples are not durable: \(error)")
        }
    }
}

/// How many scrapes landed since somebody asked.
private final class Landed: Sendable {
    private let counts = Mutex((up: 0, down: 0))

    func add(_ scrape: LandedScrape) {
        counts.withLock { counts in
            if scrape.isUp { counts.up += 1 } else { counts.down += 1 }
        }
    }

    func take() -> (up: Int, down: Int) {
        counts.withLock { counts in
            defer { counts = (0, 0) }
            return counts
        }
    }
}
