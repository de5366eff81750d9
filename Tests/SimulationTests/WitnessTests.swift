import Actuation
import Control
import Fleet
import Journal
import Testing
import TimeSeries

@testable import Simulation

/// What must never happen is noticed when it does.
struct WitnessTests {
    private static let calm = LoadProfile([.init(.zero, 18)])

    private func run() async throws -> SimulatedRun {
        let run = try SimulatedRun(try Scenario.configuration(Self.calm), seed: 5)
        try await run.run(.seconds(30))
        #expect(run.trace.violations == [])
        return run
    }

    @Test func `a command that is not on the disk is noticed`() async throws {
        let run = try await run()

        try await run.witness.perform(start("e1-900", "web-9-1", Scenario.web, at: run.now))

        #expect(run.trace.hasViolation("before its record was durable"))
    }

    @Test func `a replica that is started again is noticed`() async throws {
        let run = try await run()

        try await run.witness.perform(start("e1-900", "web-9-1", Scenario.web, at: run.now))
        run.disturb("it ends") { fleet, now in
            for id in fleet.nodeIDs { fleet.kill(id) }
            for spec in run.configuration.nodes {
                try? fleet.perform(command("n-\(spec.id)", .startNode(spec), at: now), at: now)
            }
        }
        run.clock.advance(by: .seconds(2))
        try await run.witness.perform(start("e1-901", "web-9-1", Scenario.web, at: run.now))

        #expect(run.trace.hasViolation("starts a replica that ran before"))
    }

    @Test func `a command during a pause is noticed, and one of an old epoch`() async throws {
        let run = try await run()
        let pause = Pause(
            workload: Scenario.web, since: run.now, until: run.now + .seconds(60), owner: "ada",
            reason: "told to")
        run.witness.confirm([pause])

        try await run.witness.perform(start("e1-900", "web-9-1", Scenario.web, at: run.now + .seconds(1)))
        var old = start("e0-1", "store-9-1", Scenario.store, at: run.now)
        old.epoch = 0
        try? await run.witness.perform(old)

        #expect(run.trace.hasViolation("during a pause by ada"))
        #expect(run.trace.hasViolation("after epoch 1 began"))
    }

    @Test func `acknowledged samples that are gone are noticed`() async throws {
        let run = try await run()

        run.crash()
        for path in run.samples.paths { run.samples.setContents(path, nil) }
        try await run.restart()

        #expect(run.trace.hasViolation("acknowledged samples are gone"))
    }

    @Test func `a second copy of a singleton is noticed`() async throws {
        let run = try await run()

        run.disturb("somebody else starts one") { fleet, now in
            try? fleet.perform(start("x", "store-9-1", Scenario.store, at: now), at: now)
        }
        try await run.run(.milliseconds(100))

        #expect(run.trace.hasViolation("2 copies of the singleton store"))
    }

    @Test func `a fleet that is not what is desired is noticed`() async throws {
        let run = try await run()

        let victim = try #require(run.running(Scenario.web).first?.id)
        run.disturb("a replica crashes") { fleet, now in fleet.crash(victim, at: now)
        }
        run.checkConverged()

        #expect(run.trace.hasViolation("2 run, 1 are ready"))
    }

    private func command(_ id: String, _ action: Command.Action, at now: Timestamp) -> Command {
        Command(
            id: id, action: action, epoch: 1, issuedAt: now, deadline: now + .seconds(30), reason: "a test")
    }

    private func start(
        _ id: String, _ replica: String, _ workload: WorkloadID, at now: Timestamp
    ) -> Command {
        command(
            id,
            .start(
                replica: ReplicaID(replica)!, workload: Workload(id: workload, command: ["run"]),
                node: Scenario.nodes[0]), at: now)
    }
}

extension Trace {
    fileprivate func hasViolation(_ text: String) -> Bool { violations.contains { $0.contains(text) } }
}
