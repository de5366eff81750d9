package import Actuation
package import Fleet
import Glibc
import Synchronization
import TimeSeries

/// Starts `flyball node` processes that outlive whoever started them, each in a PID namespace of its own where the
/// machine allows it, so that no replica can outlive its node.
package protocol NodeLaunching: Sendable {
    /// Returns when the process exists; it answers a little later. Does nothing while one started here still runs.
    func launch(_ spec: NodeSpec, in folder: NodeFolder) throws(BackendError)
    /// Takes note of processes that have ended.
    func reap()
    /// For a person: how replicas are tied to their node.
    var isolation: String { get }
}

/// The real launcher.
package final class NodeLauncher: NodeLaunching {
    /// The words before `flyball`'s own, and what they achieve.
    struct Isolation: Hashable, Sendable {
        var words: [String]
        var description: String
    }

    private let executable: String
    private let lease: Duration
    private let environment: [String: String]
    private let chosen: Isolation
    private let running = Mutex<[NodeID: Int32]>([:])

    /// Probes what the machine allows, which takes a few milliseconds.
    /// - Parameters:
    ///   - executable: The path of `flyball`.
    ///   - environment: What node processes get.
    package init(executable: String, lease: Duration, environment: [String: String]) {
        self.executable = executable
        self.lease = lease
        self.environment = environment
        chosen = NodeLauncher.probe(environment)
    }

    package var isolation: String { chosen.description }

    /// The command line of a node, without isolation.
    package static func arguments(
        executable: String, spec: NodeSpec, folder: NodeFolder, lease: Duration
    ) -> [String] {
        [
            executable, "node", "--name", spec.id.name, "--cpu", Quantity.cpuText(spec.capacity.milliCPU),
            "--memory", "\(spec.capacity.memoryBytes)B", "--folder", folder.path, "--lease",
            lease.prometheusText,
        ] + spec.labels.sorted { $0.key < $1.key }.flatMap { ["--label", "\($0.key)=\($0.value)"] }
    }

    package func launch(_ spec: NodeSpec, in folder: NodeFolder) throws(BackendError) {
        reap()
        let words = NodeLauncher.arguments(executable: executable, spec: spec, folder: folder, lease: lease)
        let request = ProcessSpawner.Request(
            arguments: chosen.words + words, environment: environment, outputPath: folder.log)
        let problem: String? = running.withLock { running in
            guard running[spec.id] == nil else { return nil }
            do throws(ProcessSpawner.Failure) {
                running[spec.id] = try ProcessSpawner.spawn(request)
                return nil
            } catch {
                return error.description
            }
        }
        if let problem { throw .unavailable(problem) }
    }

    package func reap() {
        running.withLock { running in
            running = running.filter { _, pid in
                var status: Int32 = 0
                return unsafe waitpid(pid, &status, WNOHANG) == 0
            }
        }
    }

    /// util-linux's `unshare`: the node becomes the first process of its namespace, and the kernel kills the rest
    /// when it ends; `--kill-child` ends the node when `unshare` itself is killed.
    static func candidates() -> [Isolation] {
        guard
            let unshare = ["/usr/bin/unshare", "/bin/unshare"].first(where: SystemFile.isExecutable)
        else { return [] }
        let common = ["--pid", "--fork", "--kill-child", "--mount-proc"]
        return [
            Isolation(words: [unshare] + common, description: "one PID namespace per node"),
            Isolation(
                words: [unshare, "--user", "--map-current-user"] + common,
                description: "one PID and user namespace per node"),
        ]
    }

    static func probe(_ environment: [String: String]) -> Isolation {
        for candidate in candidates() {
            let request = ProcessSpawner.Request(
                arguments: candidate.words + ["/bin/true"], environment: environment,
                outputPath: "/dev/null")
            guard let pid = try? ProcessSpawner.spawn(request) else { continue }
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            if status == 0 { return candidate }
        }
        return Isolation(
            words: [], description: "none: what a killed node leaves is ended by the next look at it")
    }
}
