import Actuation
import Control
import Fleet
import Simulation
import Storage
import Testing
import TimeSeries

/// Scrape, store, rules, decisions, commands, a crash in their middle and the restart, in virtual time.
struct WholeLoopTests {
    /// Quiet, then a rush, then quiet again.
    private static let rush = LoadProfile([
        .init(.seconds(60), 18), .init(.seconds(90), 75), .init(.seconds(240), 75), .init(.seconds(270), 18),
    ])

    @Test func `the whole loop runs twice with the same trace, and with another seed still keeps its word`()
        async throws
    {
        let first = try await day(seed: 1)
        let second = try await day(seed: 1)
        let other = try await day(seed: 2)

        #expect(first.hash == second.hash, "\(Self.difference(first, second))")
        #expect(first.hash != other.hash)
    }

    /// The first line in which two traces differ.
    private static func difference(_ a: Trace, _ b: Trace) -> String {
        zip(a.lines, b.lines).first { $0 != $1 }.map { "\($0)\n\($1)" }
            ?? "\(a.lines.count) and \(b.lines.count) lines"
    }

    private func day(seed: UInt64) async throws -> Trace {
        let run = try SimulatedRun(try Scenario.configuration(Self.rush), seed: seed)

        try await run.run(.seconds(60))
        #expect(run.running(Scenario.web).count == 2)
        let samples = try await run.samplesBefore(.seconds(60))
        #expect(samples > 100)

        // The rush begins; while the service scales out the power goes in the middle of its commands.
        run.cutPower(afterCommands: 2)
        let isCut = try await run.run(atMost: .seconds(60)) { $0.service == nil }
        #expect(isCut)
        let commanded = run.backend.received.count
        let before = Set(run.running(Scenario.web).map(\.id))
        try await run.run(.seconds(7))
        #expect(run.backend.received.count == commanded, "nobody commands while no service runs")

        try await run.restart()
        #expect(try await run.samplesBefore(.seconds(60)) == samples, "what was durable is there")
        let isScaled = try await run.run(atMost: .seconds(60)) { $0.ready(Scenario.web) >= 7 }
        #expect(isScaled)
        #expect(before.isSubset(of: run.running(Scenario.web).map(\.id)), "adopted, not started again")

        // A node dies under load.
        let victim = try #require(run.running(Scenario.web).first?.node)
        run.kill(victim)
        #expect(run.ready(Scenario.web) < 7)
        let isFailedOver = try await run.run(atMost: .seconds(40)) { $0.ready(Scenario.web) >= 7 }
        #expect(isFailedOver)

        // The rush ends.
        _ = try await run.run(atMost: .seconds(400)) {
            $0.ready(Scenario.web) == 2 && $0.running(Scenario.web).count == 2
        }
        try await run.run(.seconds(60))
        run.checkConverged()
        #expect(run.running(Scenario.web).count == 2)
        #expect(run.trace.contains("pending -> firing"))
        #expect(run.trace.contains("firing -> inactive"))
        #expect(run.trace.violations == [])
        return run.trace
    }
}

extension SimulatedRun {
    func ready(_ workload: WorkloadID) -> Int { running(workload).count { $0.phase == .ready } }

    /// How many samples the store holds of the first part of the run.
    func samplesBefore(_ end: Duration) async throws -> Int {
        guard let service else { return 0 }
        let any = try Matcher("__name__", .regex, ".+")
        let start = Timestamp(milliseconds: 0)
        let found = try await service.store.select([Selection([any], in: start...(begin + end))])
        return found.joined().reduce(0) { $0 + $1.values.count }
    }
}

extension Trace {
    func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
}
