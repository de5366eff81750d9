import Actuation
import Control
import Fleet
import Testing
import TimeSeries

@testable import Backends

@Suite struct BackendContractTests {
    @Test(.timeLimit(.minutes(5)), arguments: BackendConformance.cases)
    func `the process backend keeps the contract`(_ contract: BackendConformance.Case) async throws {
        try await contract.run(ProcessSubject())
    }

    @Test func `a dry run records each command once and shows what it observes`() async throws {
        let clock = ManualClock(now: Timestamp(milliseconds: 1_700_000_000_000))
        let observed = InMemoryBackend(clock: clock)
        let backend = DryRunBackend(observing: observed, clock: clock)
        let command = Command(
            id: "e1-1", action: .startNode(NodeSpec(id: NodeID("n1")!, capacity: Resources(milliCPU: 1000))),
            epoch: 1, issuedAt: clock.now, deadline: clock.now + .seconds(10), reason: "test")

        try await backend.perform(command)
        try await backend.perform(command)

        #expect(backend.recorded == [command])
        #expect(observed.received == [])
        #expect(try await backend.inventory().nodes == [])
    }

    @Test func `a dry run is fenced`() async throws {
        let clock = ManualClock(now: Timestamp(milliseconds: 1_700_000_000_000))
        let backend = DryRunBackend(observing: nil, clock: clock)
        func command(epoch: UInt64) -> Command {
            Command(
                id: "e\(epoch)-1", action: .stopNode(NodeID("n1")!), epoch: epoch, issuedAt: clock.now,
                deadline: clock.now + .seconds(10), reason: "test")
        }
        try await backend.perform(command(epoch: 2))

        await #expect(throws: BackendError.fenced(seen: 2)) { try await backend.perform(command(epoch: 1)) }
    }
}
