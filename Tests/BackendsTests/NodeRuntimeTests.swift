import Actuation
import Control
import Curl
import Fleet
import Glibc
import Testing
import TimeSeries

@testable import Backends

/// One node of this process with real replicas.
@Suite(.timeLimit(.minutes(5))) struct NodeRuntimeTests {
    private let n1 = NodeID("n1")!
    private let web1 = ReplicaID("web-1")!
    private let clock = SystemClock()

    private func runtime(in folder: String, lease: Duration = .seconds(30)) throws -> NodeRuntime {
        let spec = NodeSpec(id: n1, capacity: Resources(milliCPU: 2000, memoryBytes: 1 << 30))
        return try NodeRuntime(
            options: NodeAgent.Options(spec: spec, lease: lease, restartDelay: .milliseconds(50)),
            folder: NodeFolder(folder),
            transport: InMemoryTransport { _ throws(TransportError) in TransportResponse(status: 200) },
            clock: clock, isInit: false, environment: ["PATH": "/usr/bin:/bin"], log: { _ in })
    }

    private func start(_ words: [String], grace: Duration = .seconds(5)) -> Command {
        let workload = Workload(id: WorkloadID("web")!, command: words, stopGrace: grace)
        return Command(
            id: "e1-1", action: .start(replica: web1, workload: workload, node: n1), epoch: 1,
            issuedAt: clock.now, deadline: clock.now + .seconds(60), reason: "test")
    }

    /// Waits until something holds; the time limit of the suite ends a wait in vain.
    private func until(_ holds: () -> Bool) async throws {
        while !holds() { try await clock.sleep(for: .milliseconds(20)) }
    }

    private func isAlive(_ pid: Int32) -> Bool {
        ProcessTable().entry(pid).map { !$0.isZombie } ?? false
    }

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        try await body(folder)
    }

    @Test func `a stopped node ends when its last replica has`() async throws {
        try await inFolder { folder in
            let runtime = try runtime(in: folder)
            try runtime.perform(start(["sleep", "1000"]))
            let pid = try #require(
                NodeFolder(folder).read([NodeFolder.Child].self, from: folder + "/children.json")
            ).first!.pid
            #expect(isAlive(pid))

            runtime.stop()
            await runtime.run()

            #expect(!isAlive(pid))
        }
    }

    @Test func `a node that nobody asks ends with its lease`() async throws {
        try await inFolder { folder in
            let runtime = try runtime(in: folder, lease: .milliseconds(300))
            try runtime.perform(start(["sleep", "1000"]))

            await runtime.run()

            #expect(runtime.inventory().replicas.isEmpty)
        }
    }

    @Test func `a replica that ignores SIGTERM is killed after its grace, with its children`() async throws {
        try await inFolder { folder in
            let runtime = try runtime(in: folder)
            let script = "trap '' TERM; sleep 1000 & echo $! > \(folder)/child; while :; do sleep 0.1; done"
            try runtime.perform(start(["sh", "-c", script], grace: .milliseconds(200)))
            try await until { SystemFile.text(folder + "/child")?.hasSuffix("\n") ?? false }
            let child = try #require(Int32(SystemFile.text(folder + "/child")!.dropLast()))

            runtime.stop()
            await runtime.run()

            try await until { !isAlive(child) }
        }
    }

    @Test func `a replica writes to its log and gets no shell, no input and no open file of ours`()
        async throws
    {
        try await inFolder { folder in
            let runtime = try runtime(in: folder)
            let words = ["ls", "-l", "/proc/self/fd", "{port};$(touch \(folder)/shell)"]
            try runtime.perform(start(words))
            let log = folder + "/logs/web-1.log"
            try await until { SystemFile.text(log)?.contains("/proc/self/fd:") ?? false }

            runtime.stop()
            await runtime.run()

            let text = try #require(SystemFile.text(log))
            let first = text.split(separator: "total").dropFirst().first ?? ""
            let open = first.split(separator: "\n").filter { $0.contains(" -> ") }
            #expect(open.count == 4, "0, 1, 2 and the folder that is listed: \(text)")
            #expect(text.contains("/dev/null"))
            #expect(!SystemFile.exists(folder + "/shell"))
        }
    }

    @Test func `a program that is not there is reported with its name and tried again`() async throws {
        try await inFolder { folder in
            let runtime = try runtime(in: folder)
            async let run: Void = runtime.run()

            try runtime.perform(start(["no-such-program"]))
            try await until { runtime.inventory().replicas.first?.restarts ?? 0 > 1 }

            let replica = try #require(runtime.inventory().replicas.first)
            #expect(replica.message?.contains("no-such-program") == true)
            runtime.stop()
            await run
        }
    }

    @Test func `a second node on the same folder is refused`() async throws {
        try await inFolder { folder in
            let first = try runtime(in: folder)

            #expect(throws: BackendError.self) { try runtime(in: folder) }

            first.stop()
            await first.run()
            let second = try runtime(in: folder)
            second.stop()
            await second.run()
        }
    }

    @Test func `a node that begins ends what one before it left`() async throws {
        try await inFolder { folder in
            let pid = try ProcessSpawner.spawn(
                ProcessSpawner.Request(
                    arguments: ["/bin/sleep", "1000"], environment: [:], outputPath: folder + "/out"))
            let ticks = try #require(ProcessTable().entry(pid)?.startTicks)
            try NodeFolder(folder).write(
                [NodeFolder.Child(replica: web1, pid: pid, startTicks: ticks)], to: folder + "/children.json")

            let runtime = try runtime(in: folder)

            var status: Int32 = 0
            #expect(unsafe waitpid(pid, &status, 0) == pid)
            runtime.stop()
            await runtime.run()
        }
    }

    @Test func `a long log is moved aside`() async throws {
        try await inFolder { folder in
            let supervisor = Supervisor(
                folder: NodeFolder(folder), cgroups: Cgroups(node: "none", root: folder), isInit: false,
                environment: ["PATH": "/usr/bin:/bin"], executable: nil, maxLogBytes: 1000)
            let id = NodeAgent.LaunchID(replica: web1, number: 1)
            let words = Launch(
                Workload(
                    id: WorkloadID("web")!, command: ["sh", "-c", "head -c 5000 /dev/zero; exec sleep 1000"]),
                replica: web1, node: n1, port: 1)
            _ = try supervisor.launch(id, words, limit: nil)
            let log = folder + "/logs/web-1.log"
            try await until { SystemFile.size(log) == 5000 }

            supervisor.rotateLogs()

            #expect(SystemFile.size(log) == 0)
            #expect(SystemFile.size(log + ".1") == 5000)
            supervisor.killAndReapAll()
        }
    }

    @Test func `usage is told with and without cgroups`() async throws {
        try await inFolder { folder in
            let supervisor = Supervisor(
                folder: NodeFolder(folder), cgroups: Cgroups(node: "none", root: folder), isInit: false,
                environment: ["PATH": "/usr/bin:/bin"], executable: nil)
            let id = NodeAgent.LaunchID(replica: web1, number: 1)
            let words = Launch(
                Workload(id: WorkloadID("web")!, command: ["sh", "-c", "while :; do :; done"]), replica: web1,
                node: n1, port: 1)
            _ = try supervisor.launch(id, words, limit: nil)

            try await until { supervisor.usage(of: web1).cpuSeconds ?? 0 > 0.05 }

            #expect(supervisor.usage(of: web1).workingSetBytes ?? 0 > 100_000)
            supervisor.killAndReapAll()
        }
    }

    @Test func `nothing survives the first process of a node's namespace`() async throws {
        try await inFolder { folder in
            let isolation = NodeLauncher.probe(["PATH": "/usr/bin:/bin"])
            // A machine that allows no namespace is served by the sweep, which has a test of its own.
            guard !isolation.words.isEmpty else { return }
            let script = "setsid sleep 987 & setsid sleep 987 & echo ready > \(folder)/ready; wait"
            let outer = try ProcessSpawner.spawn(
                ProcessSpawner.Request(
                    arguments: isolation.words + ["/bin/sh", "-c", script],
                    environment: ["PATH": "/usr/bin:/bin"], outputPath: folder + "/out"))
            try await until { SystemFile.exists(folder + "/ready") }
            let inner = try #require(children(of: outer).first)
            let replicas = children(of: inner)
            #expect(replicas.count == 2)

            Signals.kill(inner)

            try await until { replicas.allSatisfy { !isAlive($0) } }
            var status: Int32 = 0
            #expect(unsafe waitpid(outer, &status, 0) == outer)
        }
    }

    private func children(of pid: Int32) -> [Int32] {
        (SystemFile.text("/proc/\(pid)/task/\(pid)/children") ?? "").split(separator: " ").compactMap {
            Int32($0)
        }
    }
}
