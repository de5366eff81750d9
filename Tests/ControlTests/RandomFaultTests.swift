import Control
import Documents
import Fleet
import Foundation
import Testing
import TimeSeries

@testable import Actuation

/// Random faults from a seed, against what really runs. A failing seed is repeated with FLYBALL_SEED; FLYBALL_SEEDS asks
/// for more of them.
struct RandomFaultTests {
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLYBALL_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return Array(1...(environment["FLYBALL_SEEDS"].flatMap { UInt64($0) } ?? 12))
    }()

    @Test(arguments: seeds)
    func `invariants hold under random faults, and all is well once they end`(seed: UInt64) throws {
        var run = FaultRun(seed: seed)
        for _ in 0..<240 {
            try run.disturb()
            run.second()
        }
        run.heal()
        for _ in 0..<240 { run.second() }
        run.checkRecovered()
        #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(3).joined(separator: "\n"))")
    }
}

/// One run: a world, its faults, and what must never happen in it.
struct FaultRun {
    private var world = FleetWorld()
    private var random: SplitMix
    private(set) var violations: [String] = []
    private var checked = 0
    private var seenIDs: Set<String> = []
    private var stops: [(at: Timestamp, workload: WorkloadID)] = []
    /// Until when the belief may differ from the truth.
    private var uncertainUntil = Timestamp(milliseconds: 0)
    private let web = WorkloadID("web")!
    private let db = WorkloadID("db")!
    private let nodes = ["a", "b", "c", "d"].map { NodeID($0)! }

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        world.configuration.nodes = nodes.map {
            NodeSpec(id: $0, capacity: Resources(milliCPU: 8000, memoryBytes: 8 << 30))
        }
        world.configuration.workloads = [
            Workload(
                id: web, command: ["run"],
                placement: PlacementRules(antiAffinity: [.init(workload: web, weight: 10)]),
                initialReplicas: 6,
                stopGrace: .seconds(2)),
            Workload(id: db, command: ["run"], isSingleton: true, initialReplicas: 1, stopGrace: .seconds(2)),
        ]
        world.begin()
    }

    mutating func disturb() throws {
        guard random.below(8) == 0 else { return }
        let node = nodes[random.below(nodes.count)]
        let now = world.now
        switch random.below(16) {
        case 0: world.fleet.kill(node)
        case 1: world.fleet.cutOff(node, at: now)
        case 2, 3: for node in nodes { world.fleet.reconnect(node, at: now) }
        case 4: world.lostReplies = 1 + random.below(3)
        case 5: world.refusals = 1 + random.below(3)
        case 6: world.lies = 1
        case 7: world.dropped = 1 + random.below(2)
        case 8:
            world.hidden = (1 + random.below(6), 0, now + .seconds(1 + random.below(20)))
            doubt(for: .seconds(100))
        case 9:
            world.isObserverDown.toggle()
            doubt(for: .seconds(20))
        case 10: try world.restart()
        case 11: world.request(.scale(web, to: random.below(12)))
        case 12: world.request(.drain(node))
        case 13:
            for node in nodes {
                world.request(.resumeNode(node))
                check()
            }
        case 14:
            world.request(
                .pause(random.below(2) == 0 ? nil : web, until: now + .seconds(5 + random.below(30))))
        default:
            if let replica = world.fleet.replicas.keys.sorted().first(where: { _ in random.below(3) == 0 }) {
                world.fleet.crash(replica, at: now)
            }
        }
        check()
    }

    private mutating func doubt(for duration: Duration) {
        uncertainUntil = max(uncertainUntil, world.now + duration)
    }

    mutating func second() {
        if world.isObserverDown { doubt(for: .seconds(20)) }
        world.run(.seconds(1))
        check()
    }

    mutating func heal() {
        world.isObserverDown = false
        world.hidden = nil
        world.lostReplies = 0
        world.refusals = 0
        world.lies = 0
        world.dropped = 0
        for node in nodes { world.fleet.reconnect(node, at: world.now) }
        for action in nodes.map(OperatorRequest.Action.resumeNode) + [.scale(web, to: 5)] {
            world.request(action)
            check()
        }
    }

    private mutating func fail(_ text: String) {
        violations.append("\(world.now.milliseconds / 1000)s: \(text)")
    }

    private mutating func check() {
        for batch in world.batches.dropFirst(checked) { check(batch) }
        checked = world.batches.count
        // I1: a singleton runs at most once, on any node, seen or unseen.
        let copies = world.fleet.replicas.values.count { $0.replica.workload == db }
        if copies > 1 { fail("\(copies) copies of a singleton") }
    }

    private mutating func check(_ batch: FleetWorld.Batch) {
        let memory = world.loop.memory
        var stopped: [WorkloadID: Int] = [:]
        var started: [WorkloadID: Int] = [:]
        var recorded: Set<String> = []
        for effect in batch.effects {
            switch effect {
            case .record(let entry): recorded.formUnion(entry.commands.map(\.id))
            case .execute(let command):
                // I5, I6: recorded before, and never twice.
                if !recorded.contains(command.id) { fail("\(command.id) was not recorded") }
                if !seenIDs.insert(command.id).inserted { fail("\(command.id) twice") }
                switch command.action {
                case .start(let replica, let workload, _):
                    if !seenIDs.insert("r:\(replica)").inserted { fail("\(replica) started twice") }
                    started[workload.id, default: 0] += 1
                case .stop(_, let workload, _, _):
                    stopped[workload, default: 0] += 1
                    stops.append((batch.at, workload))
                case .resize, .startNode, .stopNode: break
                }
            case .evidence: break
            }
        }
        for (workload, count) in stopped { checkStops(workload, count, memory, batch.at) }
        for workload in started.keys { checkStarts(workload, memory) }
        checkPauses(Set(started.keys).union(stopped.keys), memory)
    }

    /// I8: removals stay within the fleet's limit, and there are none while the observer is in doubt.
    private mutating func checkStops(_ id: WorkloadID, _ count: Int, _ memory: ControlMemory, _ at: Timestamp)
    {
        let recent = stops.count { $0.workload == id && at - $0.at < .seconds(60) }
        let size = world.fleet.replicas.values.count { $0.replica.workload == id } + recent
        if recent > max(4, size / 2 + 1) { fail("\(recent) removals of \(id) within a minute") }
        if memory.freeze != nil { fail("removal while frozen") }
        let known = memory.fleet.nodes.values.filter { $0.health != .expected }
        let silent = known.count { $0.health != .ready }
        if silent * 100 >= known.count * 55 { fail("removal with \(silent) of \(known.count) nodes silent") }
        // I2: what is left ready covers what is desired, or what was ready before. The commands took effect already.
        guard world.now >= uncertainUntil, id != db else { return }
        let left = live(id).count { $0.phase == .ready }
        let before = left + live(id, .stopping).count
        if left < min(memory.fleet.desired[id] ?? 0, before - count) { fail("\(left) ready left of \(id)") }
    }

    /// I3: starts never lead beyond what is desired, drains apart.
    private mutating func checkStarts(_ id: WorkloadID, _ memory: ControlMemory) {
        guard world.now >= uncertainUntil else { return }
        let draining = Set(memory.fleet.nodes.values.filter(\.isDraining).map(\.id))
        let ready = Set(memory.fleet.nodes.values.filter { $0.health == .ready }.map(\.id))
        let staying = live(id).count { !draining.contains($0.node) && ready.contains($0.node) }
        let desired = memory.fleet.desired[id] ?? 0
        if staying > desired { fail("\(staying) of \(id) run after a start, \(desired) are desired") }
    }

    private mutating func checkPauses(_ commanded: Set<WorkloadID>, _ memory: ControlMemory) {
        for id in commanded where memory.fleet.pause(of: id) != nil {
            fail("a command for \(id), which is paused")
        }
    }

    private func live(_ id: WorkloadID, _ phase: Replica.Phase? = nil) -> [Replica] {
        world.fleet.replicas.values.map(\.replica).filter { replica in
            replica.workload == id && (phase.map { replica.phase == $0 } ?? (replica.phase != .stopping))
        }
    }

    /// L2, I14: what is desired runs, nothing else does, and no command is left in the air.
    mutating func checkRecovered() {
        let view = world.loop.view
        for workload in view.workloads where workload.ready != workload.desired {
            fail(
                "\(workload.workload.id): \(workload.ready) of \(workload.desired) ready at the end; \(workload.deferred)"
            )
        }
        let truth = world.fleet.replicas.count
        if truth != 6 { fail("\(truth) replicas run at the end, 6 should") }
        if !view.openCommands.isEmpty { fail("open at the end: \(view.openCommands.map(\.text))") }
        var loop = ControlLoop()
        for batch in world.batches where loop.step(batch.events, at: batch.at) != batch.effects {
            fail("the replay differs at \(batch.at.milliseconds)")
            break
        }
        if CanonicalJSON.encode(loop) != CanonicalJSON.encode(world.loop) {
            fail("the replayed memory differs")
        }
    }
}

/// Numbers from a seed, the same on every machine.
struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
