import Fleet
import TimeSeries

extension NodeAgent {
    /// One replica and where its process stands.
    struct Entry: Sendable {
        enum State: Sendable {
            /// Commanded; the answer of the launch is due.
            case launching
            case running(pid: Int32, since: Duration, nextProbe: Duration?)
            /// Ended by itself; launched again at a time.
            case waiting(until: Duration)
            /// Asked to end. `restarts`: because it was unhealthy, to be launched again.
            case ending(pid: Int32, killAt: Duration, isKilled: Bool, restarts: Bool)
            /// To end as soon as its launch is answered.
            case abandoned(grace: Duration)
        }

        var replica: Replica
        var workload: Workload
        var state: State = .launching
        var launch = 1
        /// Failed health checks in a row.
        var failures = 0
        var crashesInARow = 0
        var port: Int?

        /// Whether it is to disappear.
        var isStopping: Bool {
            switch state {
            case .abandoned: true
            case .ending(_, _, _, let restarts): !restarts
            case .launching, .running, .waiting: false
            }
        }

        var launchID: LaunchID { LaunchID(replica: replica.id, number: launch) }

        mutating func show(_ phase: Replica.Phase, _ message: String? = nil, at now: Timestamp) {
            if replica.phase != phase { replica.since = now }
            replica.phase = phase
            if let message { replica.message = message }
        }
    }

    mutating func start(_ id: ReplicaID, _ workload: Workload, now: Timestamp) -> [Action] {
        guard entries[id] == nil, !isStopping else { return [] }
        let replica = Replica(
            id: id, workload: workload.id, node: options.spec.id, phase: .starting, since: now,
            request: workload.request)
        let entry = Entry(replica: replica, workload: workload)
        entries[id] = entry
        return [.launch(entry.launchID, workload, port: nil)]
    }

    /// The reservation at once, the limit on what runs; a process launched later gets it from its workload.
    mutating func resize(_ id: ReplicaID, _ request: Resources, _ limit: Resources?) -> [Action] {
        guard var entry = entries[id], !entry.isStopping else { return [] }
        entry.replica.request = request
        entry.workload.request = request
        entry.workload.limit = limit
        entries[id] = entry
        return [.limit(id, limit)]
    }

    mutating func stop(_ id: ReplicaID, grace: Duration, now: Timestamp, uptime: Duration) -> [Action] {
        guard var entry = entries[id], !entry.isStopping else { return [] }
        entry.show(.stopping, at: now)
        switch entry.state {
        case .waiting:
            entries[id] = nil
            return [.forget(id)]
        case .launching, .abandoned:
            entry.state = .abandoned(grace: grace)
            entries[id] = entry
            return []
        case .running(let pid, _, _):
            entry.state = .ending(pid: pid, killAt: uptime + grace, isKilled: false, restarts: false)
            entries[id] = entry
            return [.terminate(entry.launchID, pid: pid)]
        case .ending(let pid, let killAt, let isKilled, _):
            entry.state = .ending(pid: pid, killAt: killAt, isKilled: isKilled, restarts: false)
            entries[id] = entry
            return []
        }
    }

    mutating func launched(
        _ launch: LaunchID, pid: Int32, port: Int, now: Timestamp, uptime: Duration
    ) -> [Action] {
        guard var entry = entries[launch.replica], entry.launchID == launch else {
            return [.kill(launch, pid: pid)]
        }
        entry.port = port
        entry.replica.address = "127.0.0.1:\(port)"
        defer { entries[launch.replica] = entry }
        if case .abandoned(let grace) = entry.state {
            entry.state = .ending(pid: pid, killAt: uptime + grace, isKilled: false, restarts: false)
            return [.terminate(launch, pid: pid)]
        }
        let check = entry.workload.health
        entry.state = .running(pid: pid, since: uptime, nextProbe: check.map { _ in uptime })
        entry.failures = 0
        entry.show(check == nil ? .ready : .starting, at: now)
        return []
    }

    /// A process is gone, or never came to be.
    mutating func ended(
        _ launch: LaunchID, _ how: String, now: Timestamp, uptime: Duration
    ) -> [Action] {
        guard var entry = entries[launch.replica], entry.launchID == launch else { return [] }
        if entry.isStopping {
            entries[launch.replica] = nil
            return [.forget(launch.replica)]
        }
        var message = how
        if case .ending = entry.state { message = entry.replica.message ?? how }
        if case .running(_, let since, _) = entry.state, uptime - since >= options.stableAfter {
            entry.crashesInARow = 0
        }
        // A port that the replica never got may be another's by now.
        if entry.replica.phase == .starting { entry.port = nil }
        entry.replica.restarts += 1
        entry.show(.crashed, message, at: now)
        let delay = options.restartDelay * (1 << min(entry.crashesInARow, 16))
        entry.crashesInARow += 1
        entry.state = .waiting(until: uptime + min(delay, options.maxRestartDelay))
        entries[launch.replica] = entry
        return []
    }

    mutating func probed(
        _ launch: LaunchID, _ failure: String?, now: Timestamp, uptime: Duration
    ) -> [Action] {
        guard var entry = entries[launch.replica], entry.launchID == launch,
            let check = entry.workload.health, case .running(let pid, let since, _) = entry.state
        else { return [] }
        defer { entries[launch.replica] = entry }
        // While it starts it is asked often, so that it serves as soon as it can.
        let isStarting = entry.replica.phase == .starting
        let pause = failure != nil && isStarting ? min(check.interval, .milliseconds(250)) : check.interval
        entry.state = .running(pid: pid, since: since, nextProbe: uptime + pause)
        guard let failure else {
            entry.failures = 0
            entry.show(.ready, at: now)
            if uptime - since >= options.stableAfter { entry.crashesInARow = 0 }
            return []
        }
        if isStarting, uptime - since < check.startPeriod { return [] }
        entry.failures += 1
        if entry.failures >= check.failureThreshold, !isStarting {
            entry.show(.unready, "health check: \(failure)", at: now)
        }
        guard entry.failures >= 2 * check.failureThreshold else { return [] }
        entry.replica.message = "restarted, health check: \(failure)"
        entry.state = .ending(
            pid: pid, killAt: uptime + entry.workload.stopGrace, isKilled: false, restarts: true)
        return [.terminate(launch, pid: pid)]
    }

    mutating func tick(_ id: ReplicaID, now: Timestamp, uptime: Duration) -> [Action] {
        guard var entry = entries[id] else { return [] }
        defer { entries[id] = entry }
        switch entry.state {
        case .waiting(let until) where until <= uptime:
            entry.launch += 1
            entry.state = .launching
            entry.show(.starting, at: now)
            return [.launch(entry.launchID, entry.workload, port: entry.port)]
        case .running(let pid, let since, let nextProbe?) where nextProbe <= uptime:
            guard let check = entry.workload.health, let port = entry.port else { return [] }
            // The next one is set by the answer; until then none is due.
            entry.state = .running(pid: pid, since: since, nextProbe: nil)
            return [.probe(entry.launchID, port: port, check)]
        case .ending(let pid, let killAt, false, let restarts) where killAt <= uptime:
            entry.state = .ending(pid: pid, killAt: killAt, isKilled: true, restarts: restarts)
            return [.kill(entry.launchID, pid: pid)]
        default:
            return []
        }
    }
}
