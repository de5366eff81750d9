package import Audit
package import Control
package import Coordination
package import Fleet
package import Journal
package import Scaling
import Synchronization
package import TimeSeries

/// The shell around the control loop: queues events, steps, makes decision and evidence durable, and only then hands out
/// commands. It knows no clock: whoever drives it says what time it is, a service (`run`) or a simulation (`runBatch`).
package final class ControlRunner: Sendable {
    package struct Options: Hashable, Sendable {
        /// Events that wait; see `submit` for what happens beyond.
        package var queueLength = 4096
        /// Batches between two snapshots.
        package var snapshotInterval = 2000
        /// The longest time that batches without effects wait for the disk.
        package var flushInterval: Duration = .seconds(30)
        /// Commands are not sent on what was seen longer ago.
        package var maxEvidenceAge: Duration = .seconds(30)

        package init() {}
    }

    package struct Statistics: Hashable, Sendable {
        package var batches = 0
        package var events = 0
        package var dropped = 0
        package var commands = 0
        package var failedCommits = 0
        package var failedInventories = 0
        /// Of the last failure, nil while all is well.
        package var problem: String?

        package init() {}
    }

    /// What only `runBatch` changes.
    struct Core {
        var loop: ControlLoop
        /// Decided and not yet durable.
        var held: [Command] = []
        /// Recorded and not yet durable.
        var unannounced: [AuditEntry] = []
        var isUncommitted = false
        var batchesSinceSnapshot = 0
        var lastSequence: UInt64
        var flushedAt: Timestamp?
    }

    package let audit: AuditLog
    let disk: any Disk
    let folder: String
    let options: Options
    let announce: @Sendable (AuditEntry) -> Void
    let inbox: Mutex<Inbox>
    let core: Mutex<Core>
    let published: Mutex<ControlLoop>
    let lease = Mutex<LocalLease?>(nil)
    let counters = Mutex(Statistics())
    let wake: AsyncStream<Void>
    let waker: AsyncStream<Void>.Continuation

    /// Recovers the loop: the newest snapshot, then every batch since.
    /// - Parameter announce: is told of each new entry once it is durable; must be quick.
    package init(
        audit: AuditLog, disk: any Disk, folder: String = "control", options: Options = Options(),
        announce: @escaping @Sendable (AuditEntry) -> Void = { _ in }
    ) throws {
        self.audit = audit
        self.disk = disk
        self.folder = folder
        self.options = options
        self.announce = announce
        let (recovered, batches) = try ControlSnapshot.recover(audit, disk, folder)
        inbox = Mutex(Inbox(limit: options.queueLength))
        // Who starts often must not fold ever more each time.
        core = Mutex(
            Core(loop: recovered.loop, batchesSinceSnapshot: batches, lastSequence: recovered.sequence))
        published = Mutex(recovered.loop)
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The highest epoch that the journal knows; a new lease must be above.
    package var epoch: UInt64 { published.withLock { $0.memory.epoch } }

    /// What is believed and intended as of the last batch.
    package var view: ControlView { published.withLock { $0 }.view }

    /// The belief about the fleet, for service discovery and metrics.
    package var fleet: FleetState { published.withLock { $0.memory.fleet } }

    /// What measuring needs to know.
    package var learned: Learned { published.withLock { $0.memory.learned } }

    package var statistics: Statistics { counters.withLock { $0 } }

    /// Begins to lead: the next batches carry this lease's epoch.
    package func begin(_ lease: LocalLease) {
        self.lease.withLock { $0 = lease }
        submit(.began(epoch: lease.epoch))
    }

    /// Configures the loop with the next generation; returns it.
    @discardableResult
    package func configure(
        nodes: [NodeSpec], workloads: [Workload], policies: [ScalingPolicy],
        limits: GuardLimits = GuardLimits(), nodePools: [NodePool] = []
    ) -> UInt64 {
        let known = published.withLock { $0.memory.generation }
        let generation = inbox.withLock { $0.nextGeneration(after: known) }
        submit(
            .configured(
                ControlConfiguration(
                    generation: generation, nodes: nodes, workloads: workloads, policies: policies,
                    limits: limits, nodePools: nodePools.isEmpty ? nil : nodePools)))
        return generation
    }

    /// Queues an event. False where the queue is full and the event was dropped: measurements and inventories give way
    /// to outcomes, requests and configurations, since the next ones are as good.
    @discardableResult
    package func submit(_ event: Event) -> Bool {
        let isQueued = inbox.withLock { $0.add(event) }
        if !isQueued { counters.withLock { $0.dropped += 1 } }
        waker.yield()
        return isQueued
    }

    /// Queues a request and returns once it is decided and durable.
    /// - Throws: `RequestError` where the queue is full or the runner stops before.
    package func perform(_ request: OperatorRequest) async throws -> ControlMemory.RequestRecord {
        if let known = published.withLock({ $0.memory.requests[request.id] }) { return known }
        return try await withCheckedThrowingContinuation { continuation in
            let isQueued = inbox.withLock { $0.add(request, continuation) }
            guard isQueued else { return continuation.resume(throwing: RequestError.queueFull) }
            waker.yield()
        }
    }

    /// Takes what is queued, as of a moment.
    package func drain() -> [Event] { inbox.withLock { $0.drain() } }

    /// Steps the loop with these events, makes the outcome durable and returns the commands that may go out now.
    ///
    /// Where the disk fails, nothing may go out: the events that were not taken in are queued again, commands that
    /// were decided wait until a later batch makes them durable.
    package func runBatch(_ events: [Event], at now: Timestamp) async throws -> [Command] {
        do {
            let commands = try core.withLock { core in try advance(&core, events, at: now) }
            counters.withLock { counters in
                counters.batches += 1
                counters.events += events.count
                counters.commands += commands.count
                counters.problem = nil
            }
            answerRequests()
            return commands
        } catch {
            counters.withLock { counters in
                counters.failedCommits += 1
                counters.problem = "\(error)"
            }
            throw error
        }
    }

    private func advance(_ core: inout Core, _ events: [Event], at now: Timestamp) throws -> [Command] {
        do {
            if core.isUncommitted { try commit(&core) }
            var next = core.loop
            let effects = next.step(events, at: now)
            core.lastSequence = try audit.append(events, at: now, effects: effects)
            core.loop = next
            core.held += effects.compactMap { if case .execute(let command) = $0 { command } else { nil } }
            core.unannounced += effects.compactMap { if case .record(let entry) = $0 { entry } else { nil } }
            // What policies remember must not be behind after a crash: their windows decide later.
            core.isUncommitted = !effects.isEmpty || events.contains(where: \.isRemembered)
            core.batchesSinceSnapshot += 1
        } catch {
            inbox.withLock { $0.putBack(events) }
            throw error
        }
        if core.isUncommitted { try commit(&core) }
        published.withLock { $0 = core.loop }
        try tidy(&core, at: now)
        let commands = core.held
        core.held = []
        return commands.filter { command in
            guard let why = objection(to: command, at: now) else { return true }
            submit(.outcome(command: command.id, .superseded(why)))
            return false
        }
    }

    private func commit(_ core: inout Core) throws {
        try audit.commit()
        core.isUncommitted = false
        for entry in core.unannounced { announce(entry) }
        core.unannounced = []
        published.withLock { $0 = core.loop }
    }

    /// Flushes and snapshots from time to time. What fails here costs nothing but time at the next start.
    private func tidy(_ core: inout Core, at now: Timestamp) throws {
        let isDue = core.flushedAt.map { now - $0 >= options.flushInterval || now < $0 } ?? true
        guard isDue || core.batchesSinceSnapshot >= options.snapshotInterval else { return }
        core.flushedAt = now
        try audit.commit()
        try audit.publish()
        if core.batchesSinceSnapshot >= options.snapshotInterval { try snapshot(&core) }
    }

    private func snapshot(_ core: inout Core) throws {
        try ControlSnapshot.write(core.loop, sequence: core.lastSequence, disk, folder)
        core.batchesSinceSnapshot = 0
    }

    /// Makes everything durable and writes a snapshot, for a quick next start.
    package func close() throws {
        try core.withLock { core in
            try audit.commit()
            try audit.publish()
            try snapshot(&core)
        }
        for waiter in inbox.withLock({ $0.takeWaiters() }) { waiter.resume(throwing: RequestError.stopped) }
    }

    /// Why a command must not be sent (any more), or nil. Asked once more right before each attempt.
    package func objection(to command: Command, at now: Timestamp) -> String? {
        guard isLeading else { return "this service does not lead" }
        let memory = published.withLock { $0.memory }
        guard command.epoch == memory.epoch else {
            return "epoch \(command.epoch) ended, \(memory.epoch) has begun"
        }
        guard memory.deposedBy == nil else { return "another service leads" }
        guard let intent = memory.ledger.open[command.id] else { return "it is settled already" }
        guard intent.generation == memory.generation else {
            return "configuration \(intent.generation) was replaced by \(memory.generation)"
        }
        guard let observedAt = memory.observedAt, now - observedAt <= options.maxEvidenceAge else {
            return "the fleet was not seen for more than \(options.maxEvidenceAge.prometheusText)"
        }
        return nil
    }

    /// Whether this service still holds the right to command.
    package var isLeading: Bool { lease.withLock { $0?.isHeld ?? false } }

    private func answerRequests() {
        let records = published.withLock { $0.memory.requests }
        for (waiter, record) in inbox.withLock({ $0.takeAnswered(records) }) {
            waiter.resume(returning: record)
        }
    }
}

extension Event {
    /// Whether policies carry it on, effects or not.
    fileprivate var isRemembered: Bool { if case .measured = self { true } else { false } }
}

/// Why a request got no answer.
package enum RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    case queueFull
    case stopped

    package var description: String {
        switch self {
        case .queueFull: "the controller has too much to do; try again"
        case .stopped: "the controller is stopping"
        }
    }
}
