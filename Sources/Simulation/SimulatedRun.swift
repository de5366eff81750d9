package import Actuation
import Audit
package import Control
import Curl
package import Fleet
package import Journal
package import TimeSeries

/// A service and the world around it, moved through virtual time: nothing waits, no socket and no file is touched, and
/// all chance comes from the seed. Invariants are checked against the fleet as it really is after every step.
package final class SimulatedRun {
    package let clock = ManualClock(now: SimulatedRun.start)
    package let backend: InMemoryBackend
    package let samples = SimulatedDisk()
    package let control = SimulatedDisk()
    package let trace: Trace
    /// Nil while no process runs.
    package private(set) var service: SimulatedService?
    package private(set) var crashes = 0
    let configuration: SimulatedConfiguration
    let exporters: SimulatedExporters
    var random: SplitMix64
    var checks = InvariantChecks()
    let witness: CommandWitness
    private let transport: InMemoryTransport
    private var acknowledged: [SampleWitness.Note] = []
    private var restartsAt: Timestamp?
    private var requests = 0

    /// When virtual time begins.
    package var begin: Timestamp { Self.start }

    /// 2026-01-01, a whole hour.
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)

    /// Starts the service in an empty world.
    package init(_ configuration: SimulatedConfiguration, seed: UInt64) throws {
        self.configuration = configuration
        var random = SplitMix64(seed: seed)
        trace = Trace(clock: clock)
        backend = InMemoryBackend(clock: clock)
        exporters = SimulatedExporters(
            backend: backend, clock: clock, loads: configuration.loads, random: random.split())
        transport = exporters.transport
        witness = CommandWitness(backend, disk: control, clock: clock, trace: trace)
        self.random = random
        checks.faulted(at: clock.now)
        try start()
    }

    package var now: Timestamp { clock.now }

    /// What the service believes; nil while none runs.
    package var view: ControlView? { service?.runner.view }

    /// Lets time pass.
    package func run(_ duration: Duration) async throws {
        let end = now + duration
        while now < end {
            let second = Timestamp(milliseconds: (now.milliseconds / 1000 + 1) * 1000)
            let next = min(end, min(second, service?.next ?? second))
            clock.advance(by: max(.milliseconds(1), next - now))
            exporters.advance()
            if let restartsAt, restartsAt <= now { try await restart() }
            do throws(PowerCut) {
                try await service?.step()
            } catch {
                trace.note("the power is cut between two commands")
                crash()
            }
            checkInvariants()
        }
    }

    /// Lets time pass until a condition holds; false where it does not within `limit`.
    package func run(atMost limit: Duration, until holds: (SimulatedRun) -> Bool) async throws -> Bool {
        let end = now + limit
        while now < end {
            if holds(self) { return true }
            try await run(.seconds(1))
        }
        return holds(self)
    }

    // MARK: The process

    /// The power goes: memory is gone, and of the disks whatever was not synchronised, but for torn ends.
    package func crash() {
        guard let service else { return }
        acknowledged = service.witness.acknowledged
        self.service = nil
        crashes += 1
        checks.faulted(at: now)
        for disk in [samples, control] { disk.crash { _, count in random.below(count + 1) } }
        trace.note("crash: \(acknowledged.count) samples of the last minutes are acknowledged")
    }

    /// The power goes once the backend has taken so many more commands, before the service hears of the last.
    package func cutPower(afterCommands count: Int) { service?.deliveries.commandsUntilPowerCut = count }

    /// A new process recovers from the disks.
    /// - Throws: why it cannot.
    package func restart() async throws {
        restartsAt = nil
        guard service == nil else { return }
        checks.faulted(at: now)
        let audit = try AuditLog.verify(disk: control.durableCopy())
        for problem in audit.problems where problem != audit.tornEnd {
            trace.violate("the audit log is broken after a crash: \(problem)")
        }
        do {
            try start()
        } catch let error as AuditError {
            trace.violate("\(error)")
            throw error
        } catch {
            // A disk that fails: the process ends, and whoever looks after it starts another.
            trace.note("the service cannot start: \(error)")
            for disk in [samples, control] { disk.kill() }
            return restart(after: .seconds(5))
        }
        guard let service else { return }
        let missing = try await SampleWitness.missing(acknowledged, in: service.store)
        if let first = missing.first {
            trace.violate(
                "\(missing.count) of \(acknowledged.count) acknowledged samples are gone, the first of "
                    + "\(first.labels) at \(first.timestamp.milliseconds)")
        }
        acknowledged = []
    }

    package func restart(after delay: Duration) { restartsAt = now + delay }

    private func start() throws {
        service = try SimulatedService(
            configuration,
            in: SimulatedService.Surroundings(
                clock: clock, samples: samples, control: control, transport: transport, backend: witness,
                trace: trace),
            random: random.split(),
            onEntry: { [unowned self] in check($0) })
    }

    // MARK: The fleet

    package func kill(_ node: NodeID) { disturb("\(node) is killed") { fleet, _ in fleet.kill(node) } }

    package func cutOff(_ node: NodeID) {
        disturb("\(node) is cut off") { fleet, now in fleet.cutOff(node, at: now) }
    }

    package func reconnect() {
        let nodes = configuration.nodes.map(\.id)
        disturb("all nodes are connected") { fleet, now in
            for node in nodes { fleet.reconnect(node, at: now) }
        }
    }

    func disturb(_ what: String, _ change: (inout VirtualFleet, Timestamp) -> Void) {
        trace.note("fault: " + what)
        checks.faulted(at: now)
        backend.disturb(change)
    }

    /// Asks the service for something, as an operator.
    package func request(_ action: OperatorRequest.Action) {
        requests += 1
        trace.note("request \(requests): \(action)")
        service?.runner.submit(
            .requested(
                OperatorRequest(
                    id: "r\(requests)", action: action, principal: "ada", reason: "told to")))
    }
}
