import Control
import Fleet
import Testing
import TimeSeries

@testable import Actuation

/// The limits of stops and starts in any minute, by a reckoning of their own, whatever happens meanwhile: counts that go
/// down and up again, commands that are refused, lost or not carried out, replicas and nodes that die, replicas that make
/// room for others, restarts. A failing seed is repeated with FLYBALL_SEED.
struct GuardShareTests {
    @Test(arguments: RandomFaultTests.seeds)
    func `no minute has more stops or starts than their share of what ran`(seed: UInt64) throws {
        var run = ShareRun(seed: seed)
        for _ in 0..<200 {
            try run.disturb()
            run.second()
        }
        #expect(run.violations.isEmpty, "seed \(seed): \(run.violations.prefix(3).joined(separator: "\n"))")
        #expect(run.stopCount > 5)
    }
}

private struct ShareRun {
    /// What was stopped and started, and how much ran, of one workload or of all.
    private struct Record {
        var stops: [Timestamp] = []
        var starts: [Timestamp] = []
        var sizes: [(at: Timestamp, count: Int)] = []

        func stopped(since moment: Timestamp) -> Int { stops.count { $0 > moment } }

        /// The largest size since a moment, which may be one from before.
        func peak(since moment: Timestamp) -> Int {
            let before = sizes.last { $0.at <= moment }?.count ?? 0
            return sizes.reduce(before) { $1.at > moment ? max($0, $1.count) : $0 }
        }
    }

    private(set) var violations: [String] = []
    var stopCount: Int { total.stops.count }
    private var world = FleetWorld()
    private var random: SplitMix
    private var checked = 0
    private var records: [WorkloadID: Record] = [:]
    private var total = Record()
    private let limits: GuardLimits
    /// Whether nothing is lost, so that each start is growth.
    private let isCalm: Bool

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        isCalm = random.below(2) == 0
        var limits = GuardLimits()
        limits.removals = .init(share: Double(1 + random.below(10)) / 10, count: 1 + random.below(4))
        limits.starts = .init(share: Double(random.below(20)) / 10, count: 1 + random.below(12))
        limits.fleetRemovals = .init(share: Double(1 + random.below(8)) / 20, count: 1 + random.below(20))
        self.limits = limits
        world.configuration.limits = limits
        // Little room, so that some have to leave for others.
        world.configuration.nodes = ["a", "b", "c", "d"].map {
            NodeSpec(id: NodeID($0)!, capacity: Resources(milliCPU: 2400, memoryBytes: 8 << 30))
        }
        world.configuration.workloads = (0..<12).map {
            Workload(
                id: WorkloadID("w\($0)")!, command: ["run"],
                request: Resources(milliCPU: 100, memoryBytes: 1 << 20),
                priority: isCalm ? 0 : $0 % 3, initialReplicas: 6, stopGrace: .seconds(2))
        }
        world.begin()
    }

    mutating func disturb() throws {
        guard random.below(4) == 0 else { return }
        let workloads = world.configuration.workloads.map(\.id)
        let workload = workloads[random.below(workloads.count)]
        let node = world.configuration.nodes[random.below(4)].id
        switch random.below(isCalm ? 10 : 14) {
        case 0, 1, 2: scale(workload, to: random.below(16))
        case 3: for workload in workloads { scale(workload, to: random.below(3)) }
        case 4: for workload in workloads { scale(workload, to: 4 + random.below(6)) }
        case 5: world.refusals = 1 + random.below(12)
        case 6: world.lostReplies = 1 + random.below(5)
        case 7: world.dropped = 1 + random.below(5)
        case 8: try world.restart()
        case 9: world.isObserverDown.toggle()
        case 10: world.fleet.kill(node)
        case 11: world.request(random.below(2) == 0 ? .drain(node) : .resumeNode(node))
        case 12: world.hidden = (1 + random.below(10), 0, world.now + .seconds(1 + random.below(20)))
        default:
            if let replica = world.fleet.replicas.keys.sorted().first(where: { _ in random.below(9) == 0 }) {
                world.fleet.crash(replica, at: world.now)
            }
        }
        check()
    }

    private mutating func scale(_ workload: WorkloadID, to count: Int) {
        world.request(.scale(workload, to: count))
        check()
    }

    mutating func second() {
        world.run(.seconds(1))
        check()
    }

    /// Called after each batch.
    private mutating func check() {
        for batch in world.batches.dropFirst(checked) { check(batch) }
        checked = world.batches.count
    }

    private mutating func check(_ batch: FleetWorld.Batch) {
        var stopped: [WorkloadID: Int] = [:]
        var started: [WorkloadID: Int] = [:]
        for case .execute(let command) in batch.effects {
            switch command.action {
            case .stop(_, let workload, _, _): stopped[workload, default: 0] += 1
            case .start(_, let workload, _): started[workload.id, default: 0] += 1
            case .resize, .startNode, .stopNode: break
            }
        }
        let sizes = sizes(stopped)
        for workload in world.configuration.workloads.map(\.id) {
            var record = records[workload] ?? Record()
            note(&record, stopped[workload] ?? 0, started[workload] ?? 0, sizes[workload] ?? 0, batch.at)
            judge(record, "\(workload)", stopped[workload] ?? 0, limits.removals, batch.at)
            if started[workload] != nil { judgeStarts(record, workload, batch.at) }
            records[workload] = record
        }
        let all = stopped.values.reduce(0, +)
        note(&total, all, 0, sizes.values.reduce(0, +), batch.at)
        judge(total, "all", all, limits.fleetRemovals ?? limits.removals, batch.at)
    }

    private func note(_ record: inout Record, _ stops: Int, _ starts: Int, _ size: Int, _ at: Timestamp) {
        record.stops += Array(repeating: at, count: stops)
        record.starts += Array(repeating: at, count: starts)
        record.sizes.append((at, size))
    }

    /// What ran, by the loop's belief, before the stops of this batch.
    private func sizes(_ stopped: [WorkloadID: Int]) -> [WorkloadID: Int] {
        let memory = world.loop.memory
        let stopping = Set(
            memory.ledger.open.values.compactMap { intent in
                if case .stop(let replica, _, _) = intent.subject { replica } else { nil }
            })
        var sizes = stopped
        for replica in memory.fleet.replicas.values
        where replica.phase != .stopping && !stopping.contains(replica.id) {
            sizes[replica.workload, default: 0] += 1
        }
        return sizes
    }

    private mutating func judge(
        _ record: Record, _ name: String, _ new: Int, _ limit: GuardLimits.MinuteLimit, _ at: Timestamp
    ) {
        guard new > 0 else { return }
        let stops = record.stopped(since: at - .seconds(60))
        // What died within the minute is no longer there to be a share of.
        let here = (record.sizes.last?.count ?? 0) + stops - new
        let size = min(record.peak(since: at - .seconds(60)), here)
        let most = max(limit.count, Int(Double(size) * limit.share))
        if stops > most {
            violations.append(
                "\(at.milliseconds / 1000)s: \(stops) stops of \(name), \(most) of \(size) are allowed")
        }
    }

    private mutating func judgeStarts(_ record: Record, _ workload: WorkloadID, _ at: Timestamp) {
        guard isCalm else { return }
        let starts = record.starts.count { $0 > at - .seconds(60) }
        let base = record.sizes.last { $0.at <= at - .seconds(60) }?.count ?? 0
        let most = max(limits.starts.count, Int(Double(base) * limits.starts.share))
        if starts > most {
            violations.append(
                "\(at.milliseconds / 1000)s: \(starts) starts of \(workload), \(most) of \(base) are allowed")
        }
    }
}
