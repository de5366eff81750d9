import Actuation
import Control
import Fleet
import Testing
import TimeSeries

@Suite struct InMemoryBackendTests {
    @Test(arguments: BackendConformance.cases)
    func `the backend in memory keeps the contract`(_ contract: BackendConformance.Case) async throws {
        try await contract.run(InMemorySubject())
    }

    @Test func `a replica that always crashes is retried ever more slowly`() throws {
        var fleet = VirtualFleet()
        try fleet.perform(startNode(), at: begin)
        try fleet.perform(start("web-1", lifetime: .seconds(60)), at: begin + .seconds(2))
        fleet.crash(ReplicaID("web-1")!, at: begin + .seconds(2), always: true)

        let inventory = fleet.inventory(at: begin + .seconds(3600))

        let restarts = try #require(inventory.replicas.first?.restarts)
        #expect((50...70).contains(restarts))
    }

    @Test func `a node that is cut off keeps its replicas until its lease ends`() throws {
        var fleet = VirtualFleet()
        try fleet.perform(startNode(), at: begin)
        try fleet.perform(start("web-1"), at: begin + .seconds(2))
        fleet.cutOff(n1, at: begin + .seconds(10))
        #expect(fleet.inventory(at: begin + .seconds(20)).replicas.isEmpty)

        var soon = fleet
        soon.reconnect(n1, at: begin + .seconds(39))
        fleet.reconnect(n1, at: begin + .seconds(41))

        #expect(soon.inventory(at: begin + .seconds(41)).replicas.map(\.phase) == [.ready])
        #expect(fleet.inventory(at: begin + .seconds(41)).replicas.isEmpty)
    }

    @Test func `a backend that lies shows it in its inventory`() async throws {
        let subject = InMemorySubject()
        try await subject.memory.perform(startNode())
        subject.manual.advance(by: .seconds(2))
        subject.memory.plan { $0.lies = 1 }

        try await subject.memory.perform(start("web-1"))
        subject.manual.advance(by: .seconds(5))

        #expect(try await subject.memory.inventory().replicas.isEmpty)
    }

    private func startNode() -> Command {
        Command(
            id: "e1-0", action: .startNode(NodeSpec(id: n1, capacity: Resources(milliCPU: 1000))), epoch: 1,
            issuedAt: begin, deadline: begin + .seconds(10), reason: "test")
    }
}
