import Actuation
import Control
import Fleet
import Scaling
import Testing
import TimeSeries

/// Guards over the whole fleet, pauses of one direction, and who leaves first.
struct FleetGuardTests {
    private let clockStart = Timestamp(milliseconds: 0)

    private func world(
        _ workloads: [String], nodes: [NodeSpec]? = nil, change: (inout ScalingPolicy) -> Void = { _ in }
    ) -> FleetWorld {
        var world = FleetWorld()
        world.configuration.nodes =
            nodes
            ?? ["a", "b", "c"].map {
                NodeSpec(
                    id: NodeID($0)!, capacity: Resources(milliCPU: 64_000, memoryBytes: 64 << 30), labels: [:]
                )
            }
        for name in workloads {
            let id = WorkloadID(name)!
            world.configuration.workloads.append(
                Workload(
                    id: id, command: ["run"], request: Resources(milliCPU: 100, memoryBytes: 1 << 20),
                    initialReplicas: 1, stopGrace: .seconds(2)))
            var policy = ScalingPolicy(
                name: name, workload: id, maxReplicas: 50, interval: .seconds(5),
                signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
                behaviour: ScalingBehaviour(
                    up: .init(window: .zero, limit: .none), down: .init(window: .zero, limit: .none)))
            change(&policy)
            world.configuration.policies.append(policy)
        }
        world.configuration.limits.removalsPerMinute = 50
        world.begin()
        return world
    }

    private func desired(_ world: FleetWorld, _ name: String = "web") -> Int? {
        world.loop.memory.fleet.desired[WorkloadID(name)!]
    }

    @Test
    func `a pause downwards lets the count rise and not fall, until it ends`() {
        var world = world(["web"])
        world.loads["web"] = 60
        world.run(.seconds(30))
        world.request(.pause(WorkloadID("web")!, until: world.now + .seconds(60), direction: .down))

        world.loads["web"] = 10
        world.run(.seconds(20))
        #expect(desired(world) == 6)
        world.loads["web"] = 80
        world.run(.seconds(10))
        #expect(desired(world) == 8)
        world.loads["web"] = 10
        world.run(.seconds(40))
        #expect(desired(world) == 1)
    }

    @Test
    func `a steady load at its target is recorded once a minute, whether just tolerated or not`() {
        var world = world(["web"])
        world.loads["web"] = 60
        world.run(.seconds(60))
        let before = world.batches.count

        for turn in 0..<24 {
            world.loads["web"] = turn.isMultiple(of: 2) ? 60.3 : 60
            world.run(.seconds(5))
        }

        let entries = world.batches.dropFirst(before).flatMap(\.effects).count { effect in
            if case .record(let entry) = effect { entry.kind == .scaling } else { false }
        }
        #expect((1...3).contains(entries), "\(entries)")
    }

    @Test
    func `a count that a pause delays is told with the request`() {
        func notes(_ direction: PauseDirection?, _ count: Int) -> [String] {
            var world = world(["web"])
            world.loads["web"] = 60
            world.run(.seconds(30))
            let web = WorkloadID("web")!
            if let direction {
                world.request(.pause(web, until: world.now + .seconds(60), direction: direction))
            }
            world.request(.scale(web, to: count))
            world.run(.seconds(1))
            let entries = world.batches.flatMap(\.effects).compactMap { effect -> AuditEntry? in
                if case .record(let entry) = effect, entry.kind == .request { entry } else { nil }
            }
            return entries.last.map { Array($0.reasons.dropFirst(2)) } ?? ["no entry"]
        }

        #expect(notes(.down, 3).map { $0.contains("paused downwards by ") } == [true])
        #expect(notes(.down, 9) == [])
        #expect(notes(.up, 3) == [])
        #expect(notes(nil, 3) == [])
    }

    @Test
    func `a pause upwards lets the count fall and not rise`() {
        var world = world(["web"])
        world.loads["web"] = 60
        world.run(.seconds(30))
        world.request(.pause(nil, until: world.now + .seconds(600), direction: .up))

        world.loads["web"] = 90
        world.run(.seconds(20))
        #expect(desired(world) == 6)
        world.loads["web"] = 20
        world.run(.seconds(20))
        #expect(desired(world) == 2)
        world.request(.resume(nil))
        world.loads["web"] = 90
        world.run(.seconds(20))
        #expect(desired(world) == 9)
    }

    /// DE2: a source that says 0 for everything.
    @Test
    func `demand that falls everywhere at once is not believed for ten minutes`() {
        let names = ["one", "two", "three"]
        var world = world(names)
        for name in names { world.loads[name] = 60 }
        world.run(.seconds(60))

        for name in names { world.loads[name] = 0 }
        world.run(.seconds(599))
        #expect(names.map { desired(world, $0) } == [6, 6, 6])
        #expect(world.loop.view.freeze?.reason.contains("fell by half or more at once") == true)
        world.run(.seconds(30))
        #expect(names.map { desired(world, $0) } == [1, 1, 1])
    }

    @Test
    func `demand that falls for one of three workloads is believed`() {
        let names = ["one", "two", "three"]
        var world = world(names)
        for name in names { world.loads[name] = 60 }
        world.run(.seconds(60))

        world.loads["one"] = 10
        world.run(.seconds(10))

        #expect(desired(world, "one") == 1)
    }

    @Test(
        arguments: [nil, .init(share: 0, count: 3), .init(share: 0.5, count: 1)] as [GuardLimits.MinuteLimit?]
    )
    func `no more than the fleet's limit is stopped in a minute, whosever it is`(
        limit: GuardLimits.MinuteLimit?
    ) {
        let names = (0..<8).map { "w\($0)" }
        var world = world(names)
        world.configuration.limits.startsPerMinute = 50
        world.configuration.limits.fleetRemovals = limit
        world.reconfigure()
        for name in names { world.loads[name] = 50 }
        world.run(.seconds(90))
        let before = world.performed.count { if case .stop = $0.action { true } else { false } }
        let size = world.loop.memory.fleet.replicas.count

        for name in names {
            world.loads[name] = nil
            world.request(.scale(WorkloadID(name)!, to: 0))
        }
        world.run(.seconds(50))

        let stops = world.performed.count { if case .stop = $0.action { true } else { false } } - before
        let share = Int(Double(size) * (limit?.share ?? 0.25))
        let most = max(share, limit?.count ?? 20)
        #expect(stops == most, "\(stops) of \(size)")
    }

    @Test(arguments: [
        (VictimChoice.newest, ["web-1-3", "web-1-4"]), (.oldest, ["web-1-1", "web-1-2"]),
        (.least, ["web-1-2", "web-1-3"]), (.costliestNode, ["web-1-2", "web-1-4"]),
    ])
    func `the policy says who leaves first`(choice: VictimChoice, expected: [String]) {
        // Two nodes that take turns: odd replicas on a, even ones on the dearer b.
        let nodes = [("a", "1"), ("b", "2.5")].map {
            NodeSpec(
                id: NodeID($0.0)!, capacity: Resources(milliCPU: 64_000, memoryBytes: 64 << 30),
                labels: ["cost": $0.1])
        }
        var world = world(["web"], nodes: nodes) { $0.victims = choice }
        world.configuration.workloads[0].placement.antiAffinity = [
            .init(workload: WorkloadID("web")!, weight: 100)
        ]
        world.reconfigure()
        for load in [10.0, 20, 30, 40] {
            world.loads["web"] = load
            world.run(.seconds(15))
        }
        world.replicaLoads = ["web-1-1": 9, "web-1-2": 1, "web-1-3": 2, "web-1-4": 8]

        world.loads["web"] = 20
        world.run(.seconds(10))

        let stopped = world.performed.compactMap { command -> String? in
            if case .stop(let replica, _, _, _) = command.action { replica.name } else { nil }
        }
        #expect(stopped.sorted() == expected)
    }

    @Test
    func `after a clean stop the next start finds nothing lost`() throws {
        var world = world(["web"])
        world.loads["web"] = 30
        world.run(.seconds(30))
        world.stopCleanly()
        let stopped = world.batches.count

        try world.restart()
        world.run(.seconds(15))

        let entries = world.batches[stopped...].flatMap(\.effects).compactMap { effect -> AuditEntry? in
            if case .record(let entry) = effect { entry } else { nil }
        }
        #expect(!entries.contains { $0.kind == .failover })
        #expect(world.loop.memory.fleet.replicas.values.count { $0.phase == .ready } == 3)
    }

    @Test
    func `a size that a policy decides is given to running replicas in place, where there is room`() {
        var world = world(["web"]) { policy in
            policy.sizing = Sizing(
                cpu: Sizing.Resource(query: "u", least: 0.05, most: 8), mode: .resize, settle: .seconds(30))
        }
        world.loads["web"] = 30
        world.usage = [ResourceUsage(.cpu, 0.4)]
        world.run(.seconds(420))

        let sizes = Set(world.fleet.inventory(at: world.now).replicas.map(\.request.milliCPU))
        #expect(sizes.count == 1)
        #expect((460...500).contains(sizes.first ?? 0), "\(sizes)")
        let resizes = world.performed.count { if case .resize = $0.action { true } else { false } }
        #expect(resizes == 3)
        #expect(world.performed.count { if case .stop = $0.action { true } else { false } } == 0)

        world.configuration.policies[0].sizing = nil
        world.reconfigure()
        #expect(world.loop.memory.fleet.workloads[WorkloadID("web")!]?.request.milliCPU == 100)
    }

    private func poolWorld() -> FleetWorld {
        var world = world(["web"])
        world.configuration.nodePools = [
            NodePool(
                id: NodePoolID("spot")!, capacity: Resources(milliCPU: 64_000, memoryBytes: 64 << 30),
                initialNodes: 1)
        ]
        var policy = ScalingPolicy(
            name: "nodes", workload: WorkloadID("spot")!, maxReplicas: 10, interval: .seconds(5),
            signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
            behaviour: ScalingBehaviour(
                up: .init(window: .zero, limit: .none), down: .init(window: .zero, limit: .none)))
        policy.nodePool = NodePoolID("spot")
        world.configuration.policies.append(policy)
        world.reconfigure()
        return world
    }

    private func members(_ world: FleetWorld) -> [String] {
        world.loop.memory.fleet.specs.keys.map(\.name).filter { $0.hasPrefix("spot") }.sorted()
    }

    @Test
    func `a pool of nodes can be paused and scaled by hand, as a workload can`() throws {
        var world = poolWorld()
        let spot = WorkloadID("spot")!
        world.run(.seconds(20))

        world.request(.pause(spot, until: world.now + .seconds(60), direction: .up), id: "p1")
        world.loads["spot"] = 30
        world.run(.seconds(30))
        #expect(members(world).count == 1)
        #expect(world.loop.memory.requests["p1"]?.refusal == nil)
        world.request(.resume(spot), id: "p2")
        world.request(.pause(spot, until: world.now + .seconds(60)), id: "p3")
        world.run(.seconds(30))
        #expect(members(world).count == 1)

        world.request(.scale(spot, to: 2), id: "s1")
        world.run(.seconds(10))
        #expect(members(world).count == 2)
        world.run(.seconds(60))
        #expect(members(world).count == 3)
        world.request(.scale(WorkloadID("gone")!, to: 2), id: "s2")
        #expect(
            world.loop.memory.requests["s2"]?.refusal == "no workload or node pool is named gone")
    }

    @Test
    func `a pool of nodes grows and shrinks by its policy, the emptiest nodes first`() {
        var world = poolWorld()
        func members() -> [String] { self.members(world) }
        func up() -> Int {
            world.loop.memory.fleet.nodes.values.count { $0.id.name.hasPrefix("spot") && $0.health == .ready }
        }
        world.run(.seconds(20))
        #expect(members() == ["spot-1"])

        world.loads["spot"] = 30
        world.run(.seconds(30))
        #expect(members() == ["spot-1", "spot-2", "spot-3"])
        #expect(up() == 3)

        world.loads["spot"] = 10
        world.run(.seconds(40))
        #expect(members() == ["spot-1"])
        #expect(up() == 1)
        #expect(world.performed.contains { $0.action == .stopNode(NodeID("spot-3")!) })
    }
}
