import Control
import Fleet
import Scaling
import Testing
import TimeSeries

@testable import Actuation

/// A wall clock that is set changes nothing of what is decided.
struct ClockStepTests {
    private let names = ["one", "two", "three", "four"]

    private func world() -> FleetWorld {
        var world = FleetWorld()
        world.configuration.nodes = ["a", "b", "c"].map {
            NodeSpec(id: NodeID($0)!, capacity: Resources(milliCPU: 64_000, memoryBytes: 64 << 30))
        }
        let down: [ScalingBehaviour.Direction] = [
            .init(window: .seconds(60), limit: .largest([.init(.replicas(2), per: .seconds(60))])),
            .init(window: .zero, limit: .none, cooldown: .seconds(90)),
            .init(window: .seconds(120), limit: .none), .init(window: .zero, limit: .none),
        ]
        for (name, down) in zip(names, down) {
            let id = WorkloadID(name)!
            world.configuration.workloads.append(
                Workload(
                    id: id, command: ["run"], request: Resources(milliCPU: 100, memoryBytes: 1 << 20),
                    initialReplicas: 1, stopGrace: .seconds(2)))
            var policy = ScalingPolicy(
                name: name, workload: id, minReplicas: name == "four" ? 0 : 1, maxReplicas: 50,
                interval: .seconds(5),
                signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
                behaviour: ScalingBehaviour(
                    up: .init(
                        window: .zero, limit: .largest([.init(.replicas(4), per: .seconds(30))])), down: down,
                    flapBudget: name == "one" ? .init(changes: 3, period: .seconds(120)) : nil))
            if name == "four" { policy.idleAfter = .seconds(60) }
            world.configuration.policies.append(policy)
        }
        world.configuration.workloads.append(
            Workload(
                id: WorkloadID("db")!, command: ["run"], isSingleton: true, initialReplicas: 1,
                stopGrace: .seconds(2)))
        world.begin()
        return world
    }

    /// What goes out, by second, without times.
    private func commands(_ world: FleetWorld, since start: Int) -> [String] {
        var texts: [String] = []
        for (second, batch) in world.batches.dropFirst(start).enumerated() {
            for case .execute(let command) in batch.effects { texts.append("\(second) \(command.text)") }
            for case .record(let entry) in batch.effects {
                guard let decision = entry.decision, decision.from != decision.desired else { continue }
                texts.append("\(second) \(decision.policy) \(decision.from) -> \(decision.desired)")
            }
        }
        return texts
    }

    /// Five minutes of loads, refusals, a lost node and a lost signal from a seed, with the clock set at random moments.
    private func run(seed: UInt64, steps: [Duration]) -> [String] {
        var random = SplitMix(state: seed)
        var world = world()
        for name in names { world.loads[name] = 60 }
        world.run(.seconds(60))
        let start = world.batches.count
        for second in 0..<300 {
            if random.below(40) == 0 {
                world.loads[names[random.below(names.count)]] = Double(random.below(20) * 10)
            }
            if random.below(150) == 0 { world.loads[names[random.below(names.count)]] = nil }
            if random.below(100) == 0 { world.refusals = 2 }
            if random.below(200) == 0 { world.fleet.kill(NodeID("a")!) }
            if random.below(150) == 0 { for name in names { world.loads[name] = 10 } }
            let chosen = random.below(50)
            if chosen == 0, !steps.isEmpty { world.setClock(by: steps[second % steps.count]) }
            world.run(.seconds(1))
        }
        return commands(world, since: start)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `commands are the same whether or not the clock is set meanwhile`(seed: UInt64) {
        let expected = run(seed: seed, steps: [])
        #expect(expected.count > 30)
        for hours in [1, -30] {
            #expect(run(seed: seed, steps: [.seconds(3600 * hours)]) == expected, "\(hours) h")
        }
        #expect(run(seed: seed, steps: [.seconds(300), .seconds(-7200), .seconds(45)]) == expected)
    }

    @Test(arguments: [true, false])
    func `after the clock was set back the fleet is seen, and what starts is known to run`(isSeen: Bool) {
        var world = world()
        for name in names { world.loads[name] = 60 }
        world.run(.seconds(60))

        world.setClock(by: .seconds(-3600), isSeen: isSeen)
        world.run(.seconds(5))
        world.loads["two"] = 90
        world.run(.seconds(40))

        let view = world.loop.view
        #expect(view.workloads.first { $0.workload.id.name == "two" }?.ready == 9)
        #expect(view.openCommands.isEmpty)
        world.fleet.kill(NodeID("a")!)
        world.run(.seconds(20))
        #expect(world.loop.view.workloads.allSatisfy { $0.ready == $0.desired })
    }

    @Test(arguments: [3600, -3600, 86_400])
    func `a start during which the clock was set tells nothing of how long one takes`(seconds: Int) {
        var world = world()
        for name in names { world.loads[name] = 30 }
        world.run(.seconds(60))
        world.loads["two"] = 60
        world.run(.seconds(6))
        world.setClock(by: .seconds(seconds))

        world.run(.seconds(30))

        let longest = world.loop.memory.learned.startUps.values.max() ?? .zero
        #expect(longest > .zero && longest < .seconds(10))
    }

    @Test
    func `it is recorded by how much the clock was set`() {
        var world = world()
        world.run(.seconds(10))
        world.setClock(by: .seconds(-90))
        world.run(.seconds(1))

        let entries = world.batches.flatMap(\.effects).compactMap { effect -> AuditEntry? in
            if case .record(let entry) = effect, entry.kind == .clock { entry } else { nil }
        }
        #expect(entries.map { $0.reasons[0] } == ["the clock was set back by 1m30s"])
    }
}
