package import Actuation
import Control
package import Curl
import Documents
import Fleet
import Synchronization
package import TimeSeries

/// One local node at work: the agent's decisions, the supervisor's processes, health checks over a transport, and
/// the requests that a listener hands in. Ends when the agent says so: commanded, or past its lease.
package final class NodeRuntime: Sendable {
    private struct Books {
        var ledger: CommandLedger
        var agent: NodeAgent
        var metricsAddress: String?
    }

    private struct Probe: Sendable {
        var launch: NodeAgent.LaunchID
        var port: Int
        var check: Workload.HealthCheck
    }

    /// Between two looks at processes and timers.
    private static let tick = Duration.milliseconds(100)

    let spec: NodeSpec
    let incarnation: String
    let supervisor: Supervisor
    private let folder: NodeFolder
    private let cgroups: Cgroups
    private let lock: FileLock
    private let clock: any Clock
    private let transport: any Transport
    private let log: @Sendable (String) -> Void
    private let books: Mutex<Books>
    private let feed = ChangeFeed()
    private let probes: AsyncStream<Probe>
    private let prober: AsyncStream<Probe>.Continuation

    /// Takes the node's folder, ends what an earlier node left there, and begins with nothing running.
    /// - Parameters:
    ///   - transport: For health checks.
    ///   - isInit: Whether this process is the first of a PID namespace of its own.
    ///   - environment: Of this process.
    ///   - log: One line each, for the node's log.
    /// - Throws: `BackendError.refused` where another process runs this node or the folder cannot be used.
    package init(
        options: NodeAgent.Options, folder: NodeFolder, transport: any Transport, clock: any Clock,
        isInit: Bool, environment: [String: String], log: @escaping @Sendable (String) -> Void
    ) throws(BackendError) {
        if let problem = folder.problem { throw .refused(problem) }
        spec = options.spec
        self.folder = folder
        self.transport = transport
        self.clock = clock
        self.log = log
        let own = SystemFile.link("/proc/self/exe")
        cgroups = Cgroups(node: folder.cgroupName(options.spec.id))
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(folder.path)
            guard let lock = try FileLock.wait(for: folder.lock) else {
                throw SystemFile.Failure(
                    description: "node \(options.spec.id) already runs: \(folder.lock) is locked")
            }
            self.lock = lock
        } catch {
            throw .refused(error.description)
        }
        let swept = folder.sweep(cgroups)
        if swept > 0 { log("ended \(swept) processes that an earlier node left behind") }
        for (controller, support) in cgroups.support.sorted(by: { $0.key < $1.key })
        where support.hasPrefix("none") {
            log("no \(controller) control group: \(support)")
        }
        supervisor = Supervisor(
            folder: folder, cgroups: cgroups, isInit: isInit, environment: environment, executable: own)
        incarnation = "\(clock.now.milliseconds)"
        let ledger = folder.read(CommandLedger.self, from: folder.ledger) ?? CommandLedger()
        books = Mutex(
            Books(ledger: ledger, agent: NodeAgent(options: options, uptime: clock.uptime)))
        // At most one probe a replica is under way.
        (probes, prober) = AsyncStream.makeStream()
    }

    /// Where /metrics is served, once that is known.
    package func setMetricsAddress(_ address: String) { books.withLock { $0.metricsAddress = address } }

    /// Works until the node ends; cancelled, it ends at once and kills what runs.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.probeWhatIsDue() }
            var rounds = 0
            while !Task.isCancelled {
                for exit in supervisor.reap() {
                    log("\(exit.launch.replica) \(exit.description)")
                    take(.exited(exit.launch, exit.description))
                }
                take(.tick)
                if snapshot.agent.isFinished { break }
                rounds += 1
                if rounds % 10 == 0 { supervisor.rotateLogs() }
                try? await clock.sleep(for: Self.tick)
            }
            prober.finish()
            group.cancelAll()
        }
        supervisor.killAndReapAll()
        for replica in cgroups.replicas { _ = cgroups.clear(replica) }
        cgroups.removeAll()
        feed.finish()
        lock.release()
        log("node \(spec.id) ends")
    }

    /// Begins to stop every replica; `run` returns when the last is gone.
    package func stop() { take(.stopNode) }

    /// Lets something happen and does what follows.
    private func take(_ occurrence: NodeAgent.Occurrence) {
        let now = clock.now
        let uptime = clock.uptime
        let (actions, hasChanged) = books.withLock { books in
            let revision = books.agent.revision
            let actions = books.agent.handle(occurrence, now: now, uptime: uptime)
            return (actions, books.agent.revision != revision)
        }
        if hasChanged { feed.announce() }
        for action in actions { perform(action) }
    }

    private func perform(_ action: NodeAgent.Action) {
        switch action {
        case .launch(let launch, let workload, let port): self.launch(launch, workload, port)
        case .terminate(_, let pid): supervisor.terminate(pid)
        case .kill(let launch, let pid):
            log("\(launch.replica) did not end in time and is killed")
            supervisor.kill(pid, of: launch.replica)
        case .probe(let launch, let port, let check):
            prober.yield(Probe(launch: launch, port: port, check: check))
        case .limit(let replica, let limit):
            let problems = cgroups.limit(replica, to: limit)
            for problem in problems { log("\(replica) keeps its old limit: \(problem)") }
        case .forget(let replica): supervisor.forget(replica)
        case .leaseExpired:
            log("nobody asked for an inventory during the lease: stopping every replica")
        }
    }

    private func launch(_ launch: NodeAgent.LaunchID, _ workload: Workload, _ preferred: Int?) {
        guard let port = LoopbackPort.free(preferring: preferred) else {
            take(.launchFailed(launch, "no free port on 127.0.0.1"))
            return
        }
        let words = Launch(workload, replica: launch.replica, node: spec.id, port: port)
        do throws(ProcessSpawner.Failure) {
            let (pid, problems) = try supervisor.launch(launch, words, limit: workload.limit)
            for problem in problems { log("\(launch.replica) runs without a limit: \(problem)") }
            log("\(launch.replica) starts as process \(pid) on port \(port)")
            take(.launched(launch, pid: pid, port: port))
        } catch {
            log("\(launch.replica): \(error)")
            take(.launchFailed(launch, error.description))
        }
    }

    private func probeWhatIsDue() async {
        await withDiscardingTaskGroup { group in
            for await probe in probes {
                group.addTask {
                    let failure = await self.failure(of: probe)
                    self.take(.probed(probe.launch, failure: failure))
                }
            }
        }
    }

    private func failure(of probe: Probe) async -> String? {
        let request = TransportRequest(
            url: "http://127.0.0.1:\(probe.port)\(probe.check.path)", timeout: probe.check.timeout,
            maxBodyBytes: 64 << 10)
        do throws(TransportError) {
            let response = try await transport.perform(request)
            return (200..<300).contains(response.status) ? nil : "answered \(response.status)"
        } catch {
            return switch error {
            case .timedOut: "no answer within \(probe.check.timeout.prometheusText)"
            case .refused: "connection refused"
            default: "\(error)"
            }
        }
    }
}

extension NodeRuntime {
    /// Takes a command: refusals and repeats first, then durably into the ledger, then into effect.
    func perform(_ command: Command) throws(BackendError) {
        let now = clock.now
        let result: Result<[NodeAgent.Occurrence], BackendError> = books.withLock { books in
            var ledger = books.ledger
            switch ledger.judge(command, at: now) {
            case .repeated: return .success([])
            case .rejected(let error): return .failure(error)
            case .new: break
            }
            let (occurrences, refusal) = NodeRuntime.meaning(of: command, on: spec.id, books.agent)
            ledger.record(command, refusal: refusal)
            do throws(SystemFile.Failure) {
                try folder.write(ledger, to: folder.ledger)
            } catch {
                return .failure(.unavailable("the command cannot be recorded: \(error)"))
            }
            books.ledger = ledger
            return refusal.map { .failure(.refused($0)) } ?? .success(occurrences)
        }
        for occurrence in try result.get() { take(occurrence) }
    }

    private static func meaning(
        of command: Command, on node: NodeID, _ agent: NodeAgent
    ) -> (occurrences: [NodeAgent.Occurrence], refusal: String?) {
        switch command.action {
        case .start(let replica, let workload, node):
            (
                [.start(replica, workload)],
                agent.objection(toStarting: replica, workload)
            )
        case .stop(let replica, _, node, let grace): ([.stop(replica, grace: grace)], nil)
        case .resize(let replica, _, node, let request, let limit):
            ([.resize(replica, request, limit)], agent.objection(toResizing: replica))
        case .stopNode(node): ([.stopNode], nil)
        case .startNode(let spec) where spec.id == node: ([], nil)
        default: ([], "this is node \(node)")
        }
    }

    /// Everything on the node as it is now. Renews the lease: whoever asks is in charge.
    func inventory() -> NodeInventory {
        take(.leaseRenewed)
        let allocatable = spec.capacity
        return books.withLock { books in
            NodeInventory(
                node: Inventory.NodeReport(
                    id: spec.id, isReachable: !books.agent.isStopping,
                    message: books.agent.isStopping ? "is stopping" : nil, capacity: spec.capacity,
                    allocatable: allocatable, labels: spec.labels, incarnation: incarnation,
                    metricsAddress: books.metricsAddress),
                replicas: books.agent.replicas, epoch: books.ledger.epoch, revision: books.agent.revision,
                limits: cgroups.limits)
        }
    }

    func renewLease() { take(.leaseRenewed) }

    var snapshot: (agent: NodeAgent, epoch: UInt64) {
        books.withLock { ($0.agent, $0.ledger.epoch) }
    }

    /// Returns when the revision is another than `known`, or after `limit`.
    func waitForChange(after known: UInt64, atMost limit: Duration) async -> UInt64 {
        let changes = feed.listen()
        let clock = clock
        guard books.withLock({ $0.agent.revision }) == known else { return snapshot.agent.revision }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in changes { break } }
            group.addTask { try? await clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return snapshot.agent.revision
    }
}
