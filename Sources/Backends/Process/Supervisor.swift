import Fleet
import Glibc
import Synchronization

/// The real processes of a node's replicas: started in a session and cgroup of their own with their output in
/// rotated files, signalled, waited for, and written down so that a later node can find what was left.
final class Supervisor: Sendable {
    struct Exit: Hashable, Sendable {
        var launch: NodeAgent.LaunchID
        var description: String
    }

    private struct Child: Sendable {
        var launch: NodeAgent.LaunchID
        var startTicks: UInt64
    }

    /// A file of this size is moved aside, and the one moved before it forgotten.
    private let maxLogBytes: Int
    private let folder: NodeFolder
    private let cgroups: Cgroups
    private let isInit: Bool
    private let table = ProcessTable()
    private let children = Mutex<[Int32: Child]>([:])
    private let inherited: [String: String]
    private let searchPath: [String]

    /// - Parameters:
    ///   - isInit: Whether this process is the first of its PID namespace and so inherits every orphan.
    ///   - environment: Of this process; a few harmless names of it are passed on.
    init(
        folder: NodeFolder, cgroups: Cgroups, isInit: Bool, environment: [String: String],
        executable: String?, maxLogBytes: Int = 8 << 20
    ) {
        self.folder = folder
        self.cgroups = cgroups
        self.isInit = isInit
        self.maxLogBytes = maxLogBytes
        inherited = environment.filter {
            ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"].contains($0.key)
        }
        // So that `flyball demo workload` finds the very program that runs the node.
        let own = executable.flatMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        searchPath = (own.map { [$0] } ?? []) + path.split(separator: ":").map(String.init)
    }

    /// Starts a replica's process; the pid, or why not. The problems are those of its cgroups.
    func launch(
        _ launch: NodeAgent.LaunchID, _ words: Launch, limit: Resources?
    ) throws(ProcessSpawner.Failure) -> (pid: Int32, problems: [String]) {
        guard let program = words.arguments.first, let path = find(program) else {
            let name = words.arguments.first ?? ""
            let reason =
                name.contains("/")
                ? "is not there or not executable" : "not found in " + searchPath.joined(separator: ":")
            throw ProcessSpawner.Failure(description: "program \"\(name)\" \(reason)")
        }
        let environment = inherited.merging(words.environment) { _, own in own }
        let log = folder.log(of: launch.replica)
        do throws(SystemFile.Failure) {
            try SystemFile.makeFolder(folder.path + "/logs")
        } catch {
            throw ProcessSpawner.Failure(description: error.description)
        }
        let pid = try ProcessSpawner.spawn(
            ProcessSpawner.Request(
                arguments: [path] + words.arguments.dropFirst(), environment: environment, outputPath: log))
        let problems = cgroups.place(pid, of: launch.replica, limit: limit)
        let ticks = table.entry(pid)?.startTicks ?? 0
        writeDown(
            children.withLock { children in
                children[pid] = Child(launch: launch, startTicks: ticks)
                return children
            })
        return (pid, problems)
    }

    private func find(_ program: String) -> String? {
        if program.contains("/") { return SystemFile.isExecutable(program) ? program : nil }
        return searchPath.lazy.map { "\($0)/\(program)" }.first(where: SystemFile.isExecutable)
    }

    private func writeDown(_ children: [Int32: Child]) {
        let list = children.sorted { $0.key < $1.key }.map {
            NodeFolder.Child(replica: $1.launch.replica, pid: $0, startTicks: $1.startTicks)
        }
        // Only the sweep of a later node reads it; without it that one still has the cgroups.
        try? folder.write(list, to: folder.children)
    }

    /// Collects the processes that have ended, without waiting. What they left in their session is killed.
    func reap() -> [Exit] {
        var exits: [Exit] = []
        if isInit {
            while let (pid, status) = wait(-1) { collect(pid, status, into: &exits) }
        } else {
            for pid in children.withLock({ $0.keys.sorted() }) {
                if let (_, status) = wait(pid) { collect(pid, status, into: &exits) }
            }
        }
        if !exits.isEmpty { writeDown(children.withLock { $0 }) }
        return exits
    }

    private func wait(_ pid: Int32) -> (pid: Int32, status: Int32)? {
        var status: Int32 = 0
        let ended = unsafe waitpid(pid, &status, WNOHANG)
        return ended > 0 ? (ended, status) : nil
    }

    private func collect(_ pid: Int32, _ status: Int32, into exits: inout [Exit]) {
        guard let child = children.withLock({ $0.removeValue(forKey: pid) }) else { return }
        Signals.kill(session: pid)
        exits.append(Exit(launch: child.launch, description: Signals.describe(status: status)))
    }

    func terminate(_ pid: Int32) { Signals.terminate(session: pid) }

    func kill(_ pid: Int32, of replica: ReplicaID) {
        Signals.kill(session: pid)
        _ = cgroups.clear(replica.name)
    }

    /// Ends every process at once, as the death of the node would, and waits a moment until they are gone.
    func killAndReapAll() {
        for pid in children.withLock({ $0.keys.sorted() }) { Signals.kill(session: pid) }
        for _ in 0..<100 {
            _ = reap()
            guard !children.withLock({ $0.isEmpty }) else { return }
            // Not cut short by cancellation: there is nothing else to wait for then.
            _ = usleep(10_000)
        }
    }

    func forget(_ replica: ReplicaID) { _ = cgroups.clear(replica.name) }

    func usage(of replica: ReplicaID) -> Cgroups.Usage {
        var usage = cgroups.usage(of: replica)
        if usage.cpuSeconds == nil || usage.workingSetBytes == nil,
            let pid = children.withLock({ $0.first { $1.launch.replica == replica }?.key })
        {
            let own = table.usage(ofSession: pid)
            usage.cpuSeconds = usage.cpuSeconds ?? own.cpuSeconds
            usage.workingSetBytes = usage.workingSetBytes ?? own.workingSetBytes
        }
        return usage
    }

    /// Moves aside what has grown too large. The process goes on writing to the same file, which is emptied: lines
    /// written between copy and emptying are lost, which is the price for needing no process in between.
    func rotateLogs() {
        for replica in children.withLock({ $0.values.map(\.launch.replica) }) {
            let log = folder.log(of: replica)
            guard let size = SystemFile.size(log), size > maxLogBytes else { continue }
            if SystemFile.copy(log, to: log + ".1") { SystemFile.truncate(log) }
        }
    }
}
