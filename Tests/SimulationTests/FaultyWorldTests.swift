import Fleet
import Foundation
import Simulation
import Testing
import TimeSeries

/// Long runs under random faults. A failing seed is repeated with FLYBALL_SEED; FLYBALL_SEEDS asks for more of them.
@Suite(.serialized)
struct FaultyWorldTests {
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLYBALL_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return Array(1...(environment["FLYBALL_SEEDS"].flatMap { UInt64($0) } ?? 8))
    }()

    /// A wave every ten minutes, between two and ten replicas.
    private static let waves = LoadProfile(
        (0..<20).map { .init(.seconds(300 * Int64($0)), $0 % 2 == 0 ? 12 : 95) }, noise: 0.05)

    @Test(arguments: seeds)
    func `under random faults the invariants hold, and once they end all is well`(seed: UInt64) async throws {
        let run = try SimulatedRun(try Scenario.configuration(Self.waves), seed: seed)

        try await run.run(.seconds(1500), faultEvery: .seconds(20))
        try await run.heal()
        try await run.run(.seconds(500))

        run.checkConverged()
        #expect(run.trace.violations == [], "seed \(seed)")
        #expect(run.crashes > 0)
    }

    @Test func `a run under faults repeats itself`() async throws {
        func hash() async throws -> String {
            let run = try SimulatedRun(try Scenario.configuration(Self.waves), seed: 11)
            try await run.run(.seconds(400), faultEvery: .seconds(10))
            return run.trace.hash
        }

        let first = try await hash()

        #expect(try await hash() == first)
    }
}
