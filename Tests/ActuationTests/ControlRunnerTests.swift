import Audit
import Control
import Coordination
import Documents
import Fleet
import Journal
import Scaling
import Synchronization
import Testing
import TimeSeries

@testable import Actuation

struct ControlRunnerTests {
    let disk = SimulatedDisk()
    let clock = ManualClock(now: Timestamp(milliseconds: 1_000_000))
    let web = Workload(id: WorkloadID("web")!, command: ["run"], initialReplicas: 3)
    let nodes = ["a", "b"].map {
        NodeSpec(id: NodeID($0)!, capacity: Resources(milliCPU: 2000, memoryBytes: 2 << 30))
    }

    @Test func `a fleet comes up, and after a power cut goes on without doing anything twice`() async throws {
        let backend = InMemoryBackend(clock: clock)
        var runner = try start()
        try await drive(runner, backend, seconds: 10)
        #expect(runner.view.workloads.map(\.ready) == [3])
        let commands = backend.received.count

        disk.crash()
        runner = try start()
        try await drive(runner, backend, seconds: 40)

        #expect(backend.received.count == commands)
        #expect(runner.view.epoch == 2)
        #expect(runner.view.openCommands.isEmpty)
        try runner.close()
        #expect(try AuditLog.verify(disk: disk).isIntact)
    }

    @Test func `how long replicas take to start is known after a crash`() async throws {
        let backend = InMemoryBackend(clock: clock)
        var runner = try start()
        // What nothing follows from waits for the disk for half a minute.
        try await drive(runner, backend, seconds: 45)
        let known = runner.learned.startUps
        #expect(known.keys.map(\.name) == ["web"])

        disk.crash()
        runner = try start()
        try await drive(runner, backend, seconds: 5)

        #expect(runner.learned.startUps == known)
    }

    @Test(arguments: 1...30)
    func `a crash at any write leaves a state that can be recovered, and no command without its record`(
        call: Int
    ) async throws {
        let backend = InMemoryBackend(clock: clock)
        let runner = try start()
        try await drive(runner, backend, seconds: 2)
        disk.failCall(call, lasts: true)
        try? await drive(runner, backend, seconds: 8)
        let received = Set(backend.received.map(\.id))

        disk.crash { _, count in count / 2 }
        let again = try start()

        let recorded = try again.audit.entries(from: 0, count: 1000).flatMap(\.record.entry.commands).map(
            \.id)
        #expect(received.isSubset(of: recorded))
        try await drive(again, backend, seconds: 60)
        #expect(again.view.workloads.map(\.ready) == [3])
        #expect(backend.inventoryNow.replicas.count == 3)
        try again.close()
        #expect(try AuditLog.verify(disk: disk).isIntact)
    }

    @Test func `a runner that is started again and again folds no more than the batches of one interval`()
        async throws
    {
        let backend = InMemoryBackend(clock: clock)
        var options = ControlRunner.Options()
        options.snapshotInterval = 7
        for _ in 0..<20 {
            let runner = try start(options)
            try await drive(runner, backend, seconds: 2)
            try runner.audit.commit()
            disk.crash()
        }

        let recovered = try ControlSnapshot.recover(AuditLog(disk: disk), disk, "control")

        #expect(recovered.state.sequence > 20)
        #expect(recovered.batches < 20)
    }

    @Test func `recovery from a snapshot and from the whole journal are the same`() async throws {
        let backend = InMemoryBackend(clock: clock)
        var options = ControlRunner.Options()
        options.snapshotInterval = 7
        let runner = try start(options)
        try await drive(runner, backend, seconds: 25)
        let live = runner.published.withLock { $0 }
        let withSnapshot = try ControlSnapshot.recover(AuditLog(disk: disk), disk, "control").state
        disk.failReads(of: "control/snapshot", 0..<1)
        let unreadable = try ControlSnapshot.recover(AuditLog(disk: disk), disk, "control").state
        // Another digit, of what can still be read.
        var bytes = try #require(disk.contents("control/snapshot"))
        let body = try #require(bytes.firstIndex(of: UInt8(ascii: "\n")))
        let digit = try #require(bytes[body...].firstIndex { (0x31...0x38).contains($0) })
        bytes[digit] += 1
        disk.setContents("control/snapshot", bytes)
        let damaged = try ControlSnapshot.recover(AuditLog(disk: disk), disk, "control").state
        disk.setContents("control/snapshot", nil)

        let whole = try ControlSnapshot.recover(AuditLog(disk: disk), disk, "control").state

        #expect(unreadable.loop == whole.loop && damaged.loop == whole.loop)
        #expect(withSnapshot.sequence == whole.sequence)
        #expect(withSnapshot.loop == whole.loop)
        #expect(CanonicalJSON.encode(whole.loop) == CanonicalJSON.encode(withSnapshot.loop))
        // Batches without effects may be behind.
        #expect(live.memory.fleet.replicas == whole.loop.memory.fleet.replicas)
    }

    @Test func `entries are announced once they are durable, each once`() async throws {
        let backend = InMemoryBackend(clock: clock)
        let announced = Mutex<[String]>([])
        let runner = try start(announce: { entry in announced.withLock { $0.append(entry.id) } })
        disk.failCall(1, lasts: true)
        try? await drive(runner, backend, seconds: 3)
        #expect(announced.withLock { $0 }.isEmpty)

        disk.heal()
        try await drive(runner, backend, seconds: 10)

        let ids = try runner.audit.entries(from: 0, count: 1000).map(\.record.entry.id)
        #expect(announced.withLock { $0 } == ids)
        #expect(ids.count > 3)
    }

    @Test func `without a disk no command goes out, and with it again they do`() async throws {
        let backend = InMemoryBackend(clock: clock)
        let runner = try start()
        disk.failCall(1, code: 28, lasts: true)

        try? await drive(runner, backend, seconds: 5)
        #expect(backend.received.isEmpty)
        #expect(runner.statistics.problem != nil)

        disk.heal()
        try await drive(runner, backend, seconds: 40)
        #expect(runner.view.workloads.map(\.ready) == [3])
    }

    @Test func `a command is not sent once the lease is gone`() async throws {
        let runner = try start()
        runner.submit(.observed(InMemoryBackend(clock: clock).inventoryNow))
        runner.lease.withLock { $0 }?.release()

        let commands = try await runner.runBatch(runner.drain(), at: clock.now)

        #expect(commands.isEmpty)
        #expect(runner.drain().contains { if case .outcome(_, .superseded) = $0 { true } else { false } })
    }

    @Test func `a request is answered once it is recorded, the same id with the same answer`() async throws {
        let runner = try start()
        let request = OperatorRequest(
            id: "r1", action: .scale(web.id, to: 5), principal: "ada", reason: "fair")
        let wrong = OperatorRequest(
            id: "r2", action: .scale(WorkloadID("no")!, to: 5), principal: "ada", reason: "fair")

        async let first = runner.perform(request)
        async let second = runner.perform(wrong)
        while runner.view.generation == 0 || runner.published.withLock({ $0.memory.requests.count }) < 2 {
            await Task.yield()
            _ = try await runner.runBatch(runner.drain() + [.tick], at: clock.now)
        }

        let answer = try await first
        #expect(answer.refusal == nil)
        #expect(try runner.audit.entry(answer.entry)?.record.entry.principal == "ada")
        #expect(try await second.refusal == "no workload or node pool is named no")
        #expect(try await runner.perform(request) == answer)
    }

    @Test func `a full queue drops measurements and keeps requests`() async throws {
        var options = ControlRunner.Options()
        options.queueLength = 4
        let runner = try start(options)
        for second in Int64(0)..<9 {
            runner.submit(.observedUnchanged(at: Timestamp(milliseconds: second * 1000)))
        }
        let request = OperatorRequest(
            id: "r", action: .cordon(NodeID("a")!), principal: "ada", reason: "fair")
        #expect(runner.submit(.requested(request)))

        let events = runner.drain()

        #expect(events.count <= 4)
        #expect(events.contains(.requested(request)))
        #expect(events.contains { if case .began = $0 { true } else { false } })
    }

    @Test func `a full queue does not forget the inventory that is observed unchanged since`() async throws {
        var options = ControlRunner.Options()
        options.queueLength = 6
        let runner = try start(options)
        let inventory = InMemoryBackend(clock: clock).inventoryNow
        runner.submit(.observed(inventory))
        for second in Int64(1)..<20 {
            runner.submit(.observedUnchanged(at: inventory.observedAt + .seconds(second)))
        }

        let events = runner.drain()

        #expect(
            events.contains {
                if case .observed(let seen) = $0 { seen.nodes == inventory.nodes } else { false }
            })
    }

    @Test func `as a service it brings a fleet up on its own`() async throws {
        let backend = InMemoryBackend(clock: clock)
        let runner = try start()
        let actuator = Actuator(
            backend: backend, clock: clock,
            objection: { [clock] in runner.objection(to: $0, at: clock.now) },
            report: { _ = runner.submit(.outcome(command: $0.command.id, $0.outcome)) })

        await withTaskGroup { group in
            group.addTask { await actuator.run() }
            group.addTask { [clock] in
                await runner.run(backend: backend, clock: clock) { actuator.submit($0) }
            }
            let end = ContinuousClock.now + .seconds(60)
            while runner.view.workloads.first?.ready != 3 || !runner.view.openCommands.isEmpty, .now < end {
                for _ in 0..<20 { await Task.yield() }
                if let deadline = clock.nextDeadline {
                    clock.advance(by: max(.milliseconds(1), deadline - clock.uptime))
                }
            }
            group.cancelAll()
        }

        #expect(runner.view.workloads.map(\.ready) == [3])
        #expect(runner.view.openCommands.isEmpty)
    }

    @Test func `as a service it notices that the clock was set back`() async throws {
        let backend = InMemoryBackend(clock: clock)
        let entries = Mutex<[AuditEntry]>([])
        let runner = try start { entry in entries.withLock { $0.append(entry) } }
        func isNoticed() -> Bool { entries.withLock { $0.contains { $0.kind == .clock } } }

        await withTaskGroup { group in
            group.addTask { [clock] in
                await runner.run(backend: backend, clock: clock) { _ in .failed("nothing is done") }
            }
            let end = ContinuousClock.now + .seconds(60)
            var steps = 0
            while !isNoticed(), .now < end {
                for _ in 0..<20 { await Task.yield() }
                if let deadline = clock.nextDeadline {
                    clock.advance(by: max(.milliseconds(1), deadline - clock.uptime))
                    steps += 1
                    if steps == 40 { clock.jump(to: clock.now - .seconds(600)) }
                }
            }
            group.cancelAll()
        }

        #expect(isNoticed())
    }

    private func start(
        _ options: ControlRunner.Options = .init(),
        announce: @escaping @Sendable (AuditEntry) -> Void = { _ in }
    ) throws -> ControlRunner {
        let lock = try DirectoryLock(disk, owner: "test")
        let runner = try ControlRunner(
            audit: AuditLog(disk: disk), disk: disk, options: options, announce: announce)
        runner.begin(try LocalLease(disk: disk, lock: lock, above: runner.epoch))
        runner.configure(nodes: nodes, workloads: [web], policies: [])
        return runner
    }

    /// One batch a second; commands are performed at once.
    private func drive(_ runner: ControlRunner, _ backend: InMemoryBackend, seconds: Int) async throws {
        var last: Inventory?
        for _ in 0..<seconds {
            clock.advance(by: .seconds(1))
            let inventory = backend.inventoryNow
            runner.submit(ControlRunner.observation(of: inventory, after: last))
            last = inventory
            for command in try await runner.runBatch(runner.drain() + [.tick], at: clock.now) {
                do {
                    try await backend.perform(command)
                    runner.submit(.outcome(command: command.id, .done))
                } catch {
                    runner.submit(.outcome(command: command.id, .failed("\(error)")))
                }
            }
        }
    }
}

extension InMemoryBackend {
    fileprivate var inventoryNow: Inventory {
        var result: Inventory?
        disturb { fleet, now in result = fleet.inventory(at: now) }
        return result!
    }
}
