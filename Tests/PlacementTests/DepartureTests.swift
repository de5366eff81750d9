import Fleet
import Testing
import TimeSeries

@testable import Placement

struct DepartureTests {
    @Test func `useless replicas leave first, then those on leaving nodes, then crowded and young ones`() {
        var draining = node("b")
        draining.isDraining = true
        let nodes = [NodeID("a")!: node("a"), NodeID("b")!: draining, NodeID("c")!: node("c")]
        let replicas = [
            replica("r1", "a", .ready, 1), replica("r2", "a", .ready, 2), replica("r3", "b", .ready, 0),
            replica("r4", "c", .crashed, 0), replica("r5", "c", .ready, 9),
        ]

        #expect(Departure.order(replicas, nodes: nodes).map(\.id.name) == ["r4", "r3", "r2", "r5", "r1"])
    }

    @Test func `of nodes that are equally empty one becomes empty before the next`() {
        let nodes = [NodeID("a")!: node("a"), NodeID("b")!: node("b")]
        let replicas = (1...6).map { replica("r\($0)", $0.isMultiple(of: 2) ? "b" : "a", .ready, 0) }
        let preference = Departure.Preference(
            .emptiestNode, occupants: [NodeID("a")!: 3, NodeID("b")!: 3])

        let order = Departure.order(replicas, nodes: nodes, by: preference)

        #expect(order.map(\.id.name) == ["r6", "r4", "r2", "r5", "r3", "r1"])
    }

    private func replica(_ id: String, _ node: String, _ phase: Replica.Phase, _ since: Int64) -> Replica {
        Replica(
            id: ReplicaID(id)!, workload: WorkloadID("web")!, node: NodeID(node)!, phase: phase,
            since: Timestamp(milliseconds: since), request: .zero)
    }
}
