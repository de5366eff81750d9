import Fleet
import Testing
import TimeSeries

@testable import Placement

let now = Timestamp(milliseconds: 1000)

func node(_ name: String, cpu: Int64 = 1000, memory: Int64 = 1000, labels: [String: String] = [:]) -> Node {
    Node(
        id: NodeID(name)!, capacity: Resources(milliCPU: cpu, memoryBytes: memory), labels: labels,
        health: .ready)
}

func workload(
    _ name: String, cpu: Int64 = 100, memory: Int64 = 100, priority: Int = 0,
    placement: PlacementRules = PlacementRules()
) -> Workload {
    Workload(
        id: WorkloadID(name)!, command: ["run"], request: Resources(milliCPU: cpu, memoryBytes: memory),
        priority: priority, placement: placement)
}

func fleet(_ nodes: [Node], _ workloads: [Workload], _ placed: [(String, String)] = []) -> WhatIf {
    let known = Dictionary(uniqueKeysWithValues: workloads.map { ($0.id, $0) })
    var counts: [String: Int] = [:]
    return WhatIf(
        nodes: nodes, workloads: known,
        occupants: placed.map { workload, node in
            counts[workload, default: 0] += 1
            let id = WorkloadID(workload)!
            return (
                NodeID(node)!,
                WhatIf.Occupant(
                    replica: ReplicaID("\(workload)-\(counts[workload]!)")!, workload: id,
                    request: known[id]!.request, since: Timestamp(milliseconds: Int64(counts[workload]!)))
            )
        })
}

struct WhatIfTests {
    @Test func `the fullest node that has room is taken`() {
        let web = workload("web")
        let other = workload("other", cpu: 500, memory: 500)
        let whatIf = fleet([node("a"), node("b")], [web, other], [("other", "b")])

        #expect(whatIf.choose(for: web).node?.name == "b")
    }

    @Test func `equal nodes are taken in the order of their ids, fewest of a kind first`() {
        let web = workload("web")
        let filler = workload("filler")
        let whatIf = fleet(
            [node("b"), node("a"), node("c")], [web, filler],
            [("web", "a"), ("filler", "b"), ("filler", "c")])

        #expect(whatIf.choose(for: web).node?.name == "b")
    }

    @Test func `every node says why it refuses`() {
        let web = workload("web", cpu: 500)
        let other = workload("other", cpu: 800)
        var cordoned = node("b")
        cordoned.isCordoned = true
        var lost = node("c", cpu: 200)
        lost.health = .lost(since: now)
        let whatIf = fleet([node("a"), cordoned, lost], [web, other], [("other", "a")])

        #expect(
            whatIf.choose(for: web).refusals == [
                "a: cpu 200m free, needs 500m", "b: cordoned", "c: lost; cpu 200m free, needs 500m",
            ])
        #expect(fleet([], [web]).choose(for: web).refusals == ["the fleet has no nodes"])
    }

    @Test func `preferred anti-affinity spreads where best fit would pack`() {
        let spread = PlacementRules(antiAffinity: [.init(workload: WorkloadID("web")!, weight: 10)])
        let web = workload("web", placement: spread)
        var whatIf = fleet([node("a"), node("b"), node("c")], [web])

        let nodes = (1...4).map { whatIf.place(ReplicaID("web-\($0)")!, of: web, at: now).node?.name }

        #expect(nodes == ["a", "b", "c", "a"])
    }

    @Test func `required anti-affinity holds for a whole zone and in both directions`() {
        let away = PlacementRules(antiAffinity: [.init(workload: WorkloadID("db")!, topologyKey: "zone")])
        let web = workload("web", placement: away)
        let db = workload("db")
        let nodes = [
            node("a", labels: ["zone": "x"]), node("b", labels: ["zone": "x"]),
            node("c", labels: ["zone": "y"]),
        ]

        #expect(fleet(nodes, [web, db], [("db", "a")]).choose(for: web).node?.name == "c")
        #expect(fleet(nodes, [web, db], [("web", "a")]).choose(for: db).node?.name == "c")
    }

    @Test func `required affinity lets the first of its own kind stand anywhere`() {
        let together = PlacementRules(affinity: [.init(workload: WorkloadID("web")!, topologyKey: "zone")])
        let web = workload("web", placement: together)
        let nodes = [node("a", labels: ["zone": "x"]), node("b", labels: ["zone": "y"]), node("c")]

        #expect(fleet(nodes, [web]).choose(for: web).node?.name == "a")
        #expect(fleet(nodes, [web], [("web", "b")]).choose(for: web).node?.name == "b")
    }

    @Test(arguments: [
        ("zone", PlacementRules.Requirement.Operator.isIn, ["x", "z"], "ad"),
        ("zone", .notIn, ["x"], "bcd"),
        ("zone", .exists, [], "abd"),
        ("zone", .doesNotExist, [], "c"),
        ("disk", .greater, ["10"], "b"),
        ("disk", .less, ["10"], "a"),
        ("node", .isIn, ["c"], "c"),
    ])
    func `node affinity knows every operator of Kubernetes`(
        key: String, comparison: PlacementRules.Requirement.Operator, values: [String], matching: String
    ) {
        let nodes = [
            node("a", labels: ["zone": "x", "disk": "9"]), node("b", labels: ["zone": "y", "disk": "11"]),
            node("c"),
            node("d", labels: ["zone": "z", "disk": "many"]),
        ]
        let requirement = PlacementRules.Requirement(key: key, comparison: comparison, values: values)

        #expect(nodes.filter(requirement.matches).map(\.id.name).joined() == matching)
    }

    @Test func `preemption evicts the lowest priorities and no more than needed`() {
        let high = workload("high", cpu: 400, priority: 10)
        let low = workload("low", cpu: 300, priority: 1)
        let mid = workload("mid", cpu: 300, priority: 5)
        let whatIf = fleet(
            [node("a"), node("b")], [high, low, mid],
            [("mid", "a"), ("mid", "a"), ("mid", "a"), ("low", "b"), ("low", "b"), ("mid", "b")])

        let preemption = whatIf.preempt(for: high)

        #expect(preemption?.node.name == "b")
        #expect(preemption?.victims.map(\.name) == ["low-2"])
        #expect(whatIf.preempt(for: low) == nil)
    }

    @Test func `an evacuation names what has no other place`() {
        let web = workload("web", cpu: 600)
        let whatIf = fleet(
            [node("a"), node("b")], [web, workload("small")], [("web", "a"), ("small", "a"), ("web", "b")])

        let evacuation = whatIf.evacuation(of: NodeID("a")!, at: now)

        #expect(evacuation.moves.map { $0.key.name } == ["small-1"])
        #expect(evacuation.stuck.keys.map(\.name) == ["web-1"])
    }
}
