package import Actuation
package import Control
package import Curl
package import Fleet
import Synchronization
package import TimeSeries

/// The embedded backend: every node is a `flyball node` process on this machine that owns its replicas and outlives
/// this service by its lease. Nodes are found again by their folders, so a restarted service takes up all of them.
package final class ProcessBackend: NodeBackend {
    package let kind = "process"
    private let folder: String
    private let launcher: any NodeLaunching
    private let transport: any Transport
    private let clock: any Clock
    private let timeout: Duration
    private let ledger: Mutex<CommandLedger>

    /// - Parameters:
    ///   - folder: Where the nodes have their folders.
    ///   - transport: Connects to unix sockets.
    ///   - timeout: For one call to one node.
    /// - Throws: where the folder cannot be made.
    package init(
        folder: String, launcher: any NodeLaunching, transport: any Transport, clock: any Clock,
        timeout: Duration = .seconds(2)
    ) throws(BackendError) {
        let root = NodeFolder(folder)
        self.folder = root.path
        self.launcher = launcher
        self.transport = transport
        self.clock = clock
        self.timeout = timeout
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(root.path)
        } catch {
            throw .unavailable(error.description)
        }
        ledger = Mutex(root.read(CommandLedger.self, from: root.ledger) ?? CommandLedger())
    }

    package func capabilities() async -> BackendCapabilities {
        var limits = ["isolation": launcher.isolation]
        if let node = knownNodes().first, let inventory = try? await client(node).inventory() {
            limits.merge(inventory.limits) { own, _ in own }
        }
        return BackendCapabilities(
            placement: true, nodes: true, idempotent: true, fencing: true, limits: limits)
    }

    /// Nodes that were started and not stopped since, by id; whether they live is another matter.
    package func knownNodes() -> [NodeID] {
        SystemFile.list(folder).compactMap { NodeID($0) }
            .filter { SystemFile.exists(nodeFolder($0).spec) }.sorted()
    }

    private func nodeFolder(_ node: NodeID) -> NodeFolder { NodeFolder("\(folder)/\(node)") }

    private func client(_ node: NodeID) -> NodeClient {
        NodeClient(socket: nodeFolder(node).socket, transport: transport, timeout: timeout)
    }

    func revision(of node: NodeID, after known: UInt64) async -> UInt64? {
        await client(node).revision(after: known)
    }

    func pause(_ duration: Duration) async throws { try await clock.sleep(for: duration) }

    package func inventory() async throws(BackendError) -> Inventory {
        let now = clock.now
        let answers = await withTaskGroup(of: (NodeID, Result<NodeInventory, BackendError>).self) { group in
            for node in knownNodes() {
                group.addTask {
                    do throws(BackendError) {
                        return (node, .success(try await self.client(node).inventory()))
                    } catch {
                        return (node, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var inventory = Inventory(
            observedAt: now, nodes: [], replicas: [], epoch: ledger.withLock { $0.epoch })
        for (node, answer) in answers.sorted(by: { $0.0 < $1.0 }) {
            switch answer {
            case .success(let seen):
                inventory.nodes.append(seen.node)
                inventory.replicas += seen.replicas
                inventory.epoch = max(inventory.epoch, seen.epoch)
            case .failure(let error):
                inventory.nodes += silent(node, error)
            }
        }
        inventory.replicas.sort { $0.id < $1.id }
        let epoch = inventory.epoch
        ledger.withLock { $0.observe(epoch: epoch) }
        return inventory
    }

    /// The report of a node that did not answer; none where its folder has just gone.
    private func silent(_ node: NodeID, _ error: BackendError) -> [Inventory.NodeReport] {
        let folder = nodeFolder(node)
        guard let spec = folder.read(NodeSpec.self, from: folder.spec) else { return [] }
        launcher.reap()
        sweepIfDead(node, folder)
        return [
            Inventory.NodeReport(
                id: node, isReachable: false, message: error.message, capacity: spec.capacity,
                labels: spec.labels)
        ]
    }

    /// Ends the replicas of a node process that is gone, where no PID namespace has done so.
    private func sweepIfDead(_ node: NodeID, _ folder: NodeFolder) {
        guard SystemFile.exists(folder.children), let lock = try? FileLock(folder.lock) else { return }
        withExtendedLifetime(lock) {
            let cgroups = Cgroups(node: folder.cgroupName(node))
            _ = folder.sweep(cgroups)
            cgroups.removeAll()
        }
    }

    package func perform(_ command: Command) async throws(BackendError) {
        switch command.action {
        case .start(_, _, let node), .stop(_, _, let node, _), .resize(_, _, let node, _, _):
            guard SystemFile.exists(nodeFolder(node).spec) else {
                try fence(command)
                throw .refused("unknown node \(node)")
            }
            try await client(node).perform(command)
        case .startNode(let spec):
            try await once(command) { () throws(BackendError) in try await startNode(spec) }
        case .stopNode(let node):
            try await once(command) { () throws(BackendError) in try await stopNode(node, command) }
        }
    }

    /// Starts a node process unless one answers. Its specification is written down first: from then on it is known.
    private func startNode(_ spec: NodeSpec) async throws(BackendError) {
        let folder = nodeFolder(spec.id)
        if let inventory = try? await client(spec.id).inventory() {
            guard inventory.node.isReachable else { throw .unavailable("node \(spec.id) is stopping") }
            return
        }
        if let problem = folder.problem { throw .refused(problem) }
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(folder.path)
            try folder.write(spec, to: folder.spec)
        } catch {
            throw .unavailable(error.description)
        }
        try launcher.launch(spec, in: folder)
    }

    private func stopNode(_ node: NodeID, _ command: Command) async throws(BackendError) {
        let folder = nodeFolder(node)
        guard SystemFile.exists(folder.spec) else { return }
        do throws(BackendError) {
            try await client(node).perform(command)
        } catch {
            guard case .unavailable = error else { throw error }
            sweepIfDead(node, folder)
        }
        SystemFile.remove(folder.spec)
    }

    private func fence(_ command: Command) throws(BackendError) {
        let now = clock.now
        if case .rejected(let error) = ledger.withLock({ $0.judge(command, at: now) }) { throw error }
    }

    /// Does what a command about a node says unless that was done before. It is written down afterwards: the node's
    /// lock already keeps a second process away, and a call that failed must be open to a repeat.
    private func once(
        _ command: Command, _ body: () async throws(BackendError) -> Void
    ) async throws(BackendError) {
        let now = clock.now
        switch ledger.withLock({ $0.judge(command, at: now) }) {
        case .repeated: return
        case .rejected(let error): throw error
        case .new: try await body()
        }
        let root = NodeFolder(folder)
        let problem: String? = ledger.withLock { ledger in
            ledger.record(command)
            do throws(SystemFile.Failure) {
                try root.write(ledger, to: root.ledger)
                return nil
            } catch {
                return error.description
            }
        }
        if let problem { throw .ambiguous("the command was done but cannot be recorded: \(problem)") }
    }

    /// Stops every node and its replicas, and waits until they are gone or `limit` has passed; those that are left.
    /// For the end of the service by a person's hand; nothing is recorded, as no decision is behind it.
    @discardableResult
    package func stopAllNodes(within limit: Duration) async -> [NodeID] {
        let end = clock.uptime + limit
        var left = knownNodes()
        for node in left { try? await client(node).stop() }
        while true {
            left = await withTaskGroup(of: NodeID?.self) { group in
                for node in left {
                    group.addTask {
                        do throws(BackendError) {
                            _ = try await self.client(node).inventory()
                            return node
                        } catch {
                            return nil
                        }
                    }
                }
                return await group.reduce(into: []) { left, node in if let node { left.append(node) } }
            }
            guard !left.isEmpty, clock.uptime < end else { return left.sorted() }
            try? await clock.sleep(for: .milliseconds(100))
        }
    }
}

extension BackendError {
    /// For a person.
    var message: String {
        switch self {
        case .refused(let why), .unavailable(let why), .ambiguous(let why): why
        case .fenced(let seen): "fenced by epoch \(seen)"
        }
    }
}
