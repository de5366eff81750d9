import Documents
import Testing
import TimeSeries

@testable import Fleet

struct FleetStateTests {
    let n1 = NodeSpec(id: NodeID("n1")!, capacity: Resources(milliCPU: 1000, memoryBytes: 1 << 30))
    let web = Workload(id: WorkloadID("web")!, command: ["run"], initialReplicas: 2)

    @Test func `a lost node takes its replicas with it`() {
        var state = FleetState()
        state.apply(.configured(nodes: [n1], workloads: [web]))
        state.apply(.replicaSeen(replica("web-1", on: "n1")))

        state.apply(.nodeLost(n1.id, since: Timestamp(milliseconds: 5)))

        #expect(state.replicas.isEmpty)
        #expect(state.nodes[n1.id]?.health == .lost(since: Timestamp(milliseconds: 5)))
    }

    @Test func `a configured workload keeps the count that was decided for it`() {
        var state = FleetState()
        state.apply(.configured(nodes: [], workloads: [web]))
        #expect(state.desired[web.id] == 2)
        state.apply(.desired(web.id, 7))

        state.apply(.configured(nodes: [], workloads: [web]))

        #expect(state.desired[web.id] == 7)
    }

    @Test func `the pause of the whole fleet holds for every workload`() {
        var state = FleetState()
        let pause = Pause(
            workload: nil, since: Timestamp(milliseconds: 0), until: Timestamp(milliseconds: 9), owner: "ada",
            reason: "upgrade")
        state.apply(.paused(pause))

        #expect(state.pause(of: web.id) == pause)
        state.apply(.resumed(nil))
        #expect(state.pause(of: web.id) == nil)
    }

    @Test func `a state decodes to itself`() throws {
        var state = FleetState()
        state.apply(.configured(nodes: [n1], workloads: [web]))
        state.apply(.replicaSeen(replica("web-1", on: "n1")))

        let bytes = CanonicalJSON.encode(state)

        #expect(try CanonicalJSON.decode(FleetState.self, from: bytes) == state)
    }

    private func replica(_ id: String, on node: String) -> Replica {
        Replica(
            id: ReplicaID(id)!, workload: web.id, node: NodeID(node)!, phase: .ready,
            since: Timestamp(milliseconds: 0), request: web.request)
    }
}
