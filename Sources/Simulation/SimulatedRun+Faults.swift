import Actuation
import Control
import Fleet
import Journal
import TimeSeries

extension SimulatedRun {
    /// Lets time pass with a fault every so often, of any kind and at any moment.
    package func run(_ duration: Duration, faultEvery interval: Duration) async throws {
        let end = now + duration
        while now < end {
            let milliseconds = interval.milliseconds
            let pause = Int64(random.unit() * 2 * Double(milliseconds))
            try await run(min(end - now, .milliseconds(max(1, pause))))
            if now < end { disturbSomething() }
        }
    }

    private func disturbSomething() {
        checks.faulted(at: now)
        let nodes = configuration.nodes.map(\.id)
        let node = nodes[random.below(nodes.count)]
        let count = 1 + random.below(4)
        switch random.below(16) {
        case 0, 1: kill(node)
        case 2: cutOff(node)
        case 3, 4: reconnect()
        case 5: plan("\(count) answers get lost") { $0.lostReplies = count }
        case 6: plan("\(count) connections are refused") { $0.refusedConnections = count }
        case 7: plan("\(5 * count) inventories fail") { $0.failedInventories = 5 * count }
        case 8: plan("a command is taken and forgotten") { $0.lies = 1 }
        case 9: interrupt()
        case 10:
            trace.note("fault: the power will be cut after \(count) commands")
            cutPower(afterCommands: count)
            restartsIfCut(after: .seconds(random.below(20)))
        case 11: crashReplica()
        case 12: troubleDisk()
        case 13:
            trace.note("fault: \(10 * count) scrapes time out")
            exporters.plan(timeouts: 10 * count)
        case 14: request(.pause(nil, until: now + .seconds(10 * count)))
        default: request(.resume(nil))
        }
    }

    /// Ends all faults and pauses, and lets a service run.
    package func heal() async throws {
        trace.note("everything is healed")
        backend.plan { $0 = InMemoryBackend.Faults() }
        exporters.plan(timeouts: 0)
        samples.heal()
        control.heal()
        reconnect()
        service?.deliveries.commandsUntilPowerCut = nil
        try await restart()
        request(.resume(nil))
        checks.faulted(at: now)
    }

    private func plan(_ what: String, _ change: (inout InMemoryBackend.Faults) -> Void) {
        trace.note("fault: " + what)
        backend.plan(change)
    }

    private func interrupt() {
        crash()
        restart(after: .seconds(random.below(20)))
    }

    private func crashReplica() {
        let replicas = backend.truth.running
        guard !replicas.isEmpty else { return }
        let replica = replicas[random.below(replicas.count)].id
        disturb("\(replica) crashes") { fleet, now in fleet.crash(replica, at: now) }
    }

    /// One of the disks fails some call soon, or all calls from then on until the power is cut or it is healed.
    private func troubleDisk() {
        let isControl = random.below(2) == 0
        let lasts = random.below(4) == 0
        let call = 1 + random.below(20)
        trace.note(
            "fault: \(isControl ? "control" : "sample") disk fails call \(call)\(lasts ? " and on" : "")")
        // Of samples that do not synchronise, some reach the disk.
        samples.loseOnly(pagesOf: 512) { ($0 + call).isMultiple(of: 2) }
        (isControl ? control : samples).failCall(call, code: random.below(2) == 0 ? 5 : 28, lasts: lasts)
        if lasts { restartsIfCut(after: .seconds(30 + random.below(30))) }
    }

    /// Sees to it that the service lives on whatever happened meanwhile.
    private func restartsIfCut(after delay: Duration) { restart(after: delay) }
}
