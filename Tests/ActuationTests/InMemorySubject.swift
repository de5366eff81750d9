import Actuation
import Fleet
import TimeSeries

/// The backend in memory on a clock that each pause advances.
final class InMemorySubject: ConformanceSubject {
    let manual = ManualClock(now: begin)
    let memory: InMemoryBackend
    let nodes = ["n1", "n2"].map {
        NodeSpec(
            id: NodeID($0)!, capacity: Resources(milliCPU: 2000, memoryBytes: 1 << 30), labels: ["zone": "a"])
    }
    let workload = web
    let patience = 100

    init() { memory = InMemoryBackend(clock: manual) }

    var clock: any Clock { manual }
    var backend: any NodeBackend { memory }
    func pause() async throws { manual.advance(by: .milliseconds(250)) }
    func reopen() async throws {}
    func loseNextReply() async -> Bool {
        memory.plan { $0.lostReplies = 1 }
        return true
    }
    func crash(_ replica: ReplicaID) async -> Bool {
        memory.disturb { fleet, now in fleet.crash(replica, at: now) }
        return true
    }
    func kill(_ node: NodeID) async -> Bool {
        memory.disturb { fleet, _ in fleet.kill(node) }
        return true
    }
    func tearDown() async {}
}
