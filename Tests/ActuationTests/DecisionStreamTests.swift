import Audit
import Control
import Documents
import Fleet
import Journal
import Scaling
import Testing
import TimeSeries

@testable import Actuation

/// What policies remember (windows, cooldowns, budgets, learned curves) survives restarts, crashes and a change of the
/// leader: the same events give the same decisions, byte for byte, and every decision can be computed again.
struct DecisionStreamTests {
    private typealias Batch = (events: [Event], at: Timestamp)

    private let web = WorkloadID("web")!
    private let start = Timestamp(milliseconds: 1_000_000)

    /// - Parameter seesReplicas: whether decisions depend on what replicas do, too.
    private func policies(seesReplicas: Bool = true) -> [ScalingPolicy] {
        let behaviour = ScalingBehaviour(
            up: .init(
                window: .seconds(20), limit: .largest([.init(.share(1), per: .seconds(60))]),
                cooldown: .seconds(10)),
            down: .init(
                window: .seconds(60), limit: .largest([.init(.replicas(2), per: .seconds(30))]),
                cooldown: .seconds(45)),
            flapBudget: .init(changes: 6, period: .seconds(300)))
        var signals = [SignalPolicy(name: "load", query: "load", target: .perReplica(10))]
        if seesReplicas {
            signals[0].learnsFrom = "latency"
            signals.append(SignalPolicy(name: "latency", query: "latency", target: .objective(0.25)))
        }
        var active = ScalingPolicy(
            name: "active", workload: web, minReplicas: 0, maxReplicas: 20, interval: .seconds(5),
            signals: signals,
            behaviour: behaviour)
        active.idleAfter = .seconds(40)
        var shadow = active
        shadow.name = "shadow"
        shadow.mode = .shadow
        shadow.behaviour.down.window = .seconds(90)
        shadow.suspectsZeroFor = .seconds(120)
        shadow.fallback = ScalingPolicy.Fallback(replicas: 5, after: .seconds(20))
        return [active, shadow]
    }

    private func configuration(_ policies: [ScalingPolicy]) -> ControlConfiguration {
        ControlConfiguration(
            generation: 1,
            nodes: ["a", "b"].map {
                NodeSpec(id: NodeID($0)!, capacity: Resources(milliCPU: 8000, memoryBytes: 8 << 30))
            },
            workloads: [
                Workload(id: web, command: ["run"], request: Resources(milliCPU: 100, memoryBytes: 1 << 20))
            ],
            policies: policies)
    }

    private func measured(_ load: Double?, _ latency: Double, at now: Timestamp) -> [Event] {
        policies().map { policy in
            .measured(
                Measurement(
                    policy: policy.name, workload: web, at: now,
                    signals: [
                        Signal(name: "load", reading: load.map { .value($0, measuredAt: now) } ?? .missing),
                        Signal(name: "latency", reading: .value(latency, measuredAt: now)),
                    ]))
        }
    }

    /// Twenty minutes of a fleet: load that rises, falls, stops, fails and comes back.
    private func stream(_ policies: [ScalingPolicy]? = nil) -> [Batch] {
        let policies = policies ?? self.policies()
        var loop = ControlLoop()
        var fleet = VirtualFleet()
        var batches: [Batch] = []
        var replies: [Event] = []
        var noise: UInt64 = 7
        for second in 0..<1200 {
            let now = start + .seconds(second)
            fleet.advance(to: now)
            var events = second == 0 ? [.began(epoch: 1), .configured(configuration(policies))] : replies
            replies = []
            events.append(.observed(fleet.inventory(at: now)))
            if second % 5 == 0 {
                noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let wave = Double((noise >> 33) % 60)
                let load: Double? =
                    switch second / 150 {
                    case 1: 120 + wave
                    case 3: nil
                    case 5: 0
                    default: 20 + wave
                    }
                events += measured(load, 0.05 + wave / 200, at: now)
            }
            events.append(.tick)
            batches.append((events, now))
            for case .execute(let command) in loop.step(events, at: now) {
                try? fleet.perform(command, at: now)
                replies.append(.outcome(command: command.id, .done))
            }
        }
        return batches
    }

    /// Runs a stream over a disk, ending with a power cut and beginning anew before every `period`-th batch.
    /// - Parameter policies: of a new leader at each beginning; nil where the same one goes on.
    private func entries(
        _ stream: [Batch], crashEvery period: Int?, leading policies: [ScalingPolicy]? = nil,
        disk: SimulatedDisk = SimulatedDisk()
    ) async throws -> [AuditRecord] {
        // Snapshots are what keeps many beginnings quick.
        var options = ControlRunner.Options()
        options.snapshotInterval = 20
        var runner = try ControlRunner(audit: AuditLog(disk: disk), disk: disk, options: options)
        var epoch: UInt64 = 1
        for (index, batch) in stream.enumerated() {
            if let period, index > 0, index % period == 0 {
                disk.crash()
                runner = try ControlRunner(audit: AuditLog(disk: disk), disk: disk, options: options)
                if let policies {
                    epoch += 1
                    var next = configuration(policies)
                    next.generation = epoch
                    _ = try await runner.runBatch([.began(epoch: epoch), .configured(next)], at: batch.at)
                }
            }
            _ = try await runner.runBatch(batch.events, at: batch.at)
        }
        try runner.close()
        return try runner.audit.entries(from: 0, count: 100_000).map(\.record)
    }

    @Test(arguments: [1, 5, 35, 200])
    func `a crash before every Nth batch changes no byte of what is recorded`(period: Int) async throws {
        // Batches in which nothing is measured are not made durable one by one.
        let stream = stream().filter { batch in
            batch.events.contains { if case .measured = $0 { true } else { false } }
        }

        let whole = try await entries(stream, crashEvery: nil)
        let crashed = try await entries(stream, crashEvery: period)

        #expect(whole.count > 50)
        #expect(crashed.map { CanonicalJSON.encode($0) } == whole.map { CanonicalJSON.encode($0) })
    }

    @Test(arguments: [3, 41, 300])
    func `a change of the leader changes no decision`(period: Int) async throws {
        // A new leader names its own replicas, which a recorded stream cannot show.
        let policies = policies(seesReplicas: false)
        let stream = stream(policies)

        let whole = try await entries(stream, crashEvery: nil).compactMap(\.entry.decision)
        let changed = try await entries(stream, crashEvery: period, leading: policies)
            .compactMap(\.entry.decision)

        #expect(whole.count > 50)
        #expect(changed.map { CanonicalJSON.encode($0) } == whole.map { CanonicalJSON.encode($0) })
    }

    @Test func `every entry is computed again to the same bytes`() async throws {
        let disk = SimulatedDisk()
        let records = try await entries(stream(), crashEvery: 111, disk: disk)

        let replay = try AuditLog.replay(disk: disk)
        let one = try AuditLog.replay(disk: disk, until: records[20].entry.id)

        #expect(replay.isIdentical, "\(replay.differing)")
        #expect(replay.entries == records.count)
        #expect(one.entries == 21)
        #expect(one.logged == one.computed)
        #expect(one.logged != nil)
    }

    @Test func `every decision is decided again from what is recorded, and explained`() async throws {
        let disk = SimulatedDisk()
        _ = try await entries(stream(), crashEvery: nil, disk: disk)
        let log = try AuditLog(disk: disk)
        var binding = 0

        for leaf in try log.entries(from: 0, count: 100_000) {
            guard let decision = leaf.record.entry.decision else { continue }
            let given = try #require(try log.inputs(of: leaf))
            #expect(given.decided() == decision)
            #expect(Counterfactual.all(given, of: decision).count >= 3)
            if decision.binding != nil { binding += 1 }
        }

        #expect(binding > 20)
    }

    @Test func `a journal that was changed does not replay`() async throws {
        let disk = SimulatedDisk()
        let records = try await entries(stream(), crashEvery: nil, disk: disk)
        let other = SimulatedDisk()
        // The same entries over other events: whoever forges the journal has to forge every entry after it.
        let log = try AuditLog(disk: other)
        try log.append([.tick], at: start, effects: records.prefix(3).map { .record($0.entry) })
        try log.commit()

        #expect(try AuditLog.replay(disk: other).isIdentical == false)
    }
}
