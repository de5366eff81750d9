import Synchronization
import TimeSeries

/// Evaluates one group at its times, until it is retired by a reload or cancelled.
final class GroupRunner: Sendable {
    private struct Inner {
        var state: RuleGroupState
        var isEvaluating = false
        var isRetired = false
        /// Retired for good: what it recorded ends here.
        var leavesNothing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let group: RuleGroup
    private let inner: Mutex<Inner>
    /// The runner of the same group before a reload, while it is still evaluating.
    private let predecessor: GroupRunner?
    private let service: RuleService

    init(_ group: RuleGroup, replacing predecessor: GroupRunner?, in service: RuleService) {
        self.group = group
        self.service = service
        var state = RuleGroupState(for: group)
        var pending: GroupRunner?
        if let predecessor {
            if let idle = predecessor.idleState {
                state = RuleGroupState(for: group, inheriting: idle, of: predecessor.group)
            } else {
                pending = predecessor
            }
        }
        self.predecessor = pending
        inner = Mutex(Inner(state: state))
    }

    var status: RuleGroupStatus { inner.withLock { $0.state }.status(of: group) }

    /// The state, unless an evaluation is about to change it.
    private var idleState: RuleGroupState? { inner.withLock { $0.isEvaluating ? nil : $0.state } }

    /// Ends the evaluations. Without a successor, what the group recorded is marked stale.
    func retire(hasSuccessor: Bool) {
        let isIdle = inner.withLock { inner in
            inner.isRetired = true
            inner.leavesNothing = !hasSuccessor
            return !inner.isEvaluating
        }
        if isIdle, !hasSuccessor { markAllStale() }
    }

    private func markAllStale() {
        let environment = service.environment
        let series = inner.withLock { $0.state.allSeries }
        guard !series.isEmpty else { return }
        let marker = Sample(environment.clock.now - group.queryOffset, Marker.stale)
        _ = environment.sink.append(series.map { SeriesSamples(labels: $0, samples: [marker]) })
    }

    func run() async {
        if let predecessor {
            await predecessor.settle()
            if let old = predecessor.idleState {
                let state = RuleGroupState(for: group, inheriting: old, of: predecessor.group)
                inner.withLock { $0.state = state }
            }
        }
        let clock = service.environment.clock
        var schedule = GroupSchedule(group, now: clock.now, uptime: clock.uptime)
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: schedule.wait(now: clock.now))
            } catch {
                return
            }
            guard let turn = schedule.turn(now: clock.now, uptime: clock.uptime) else { continue }
            guard await evaluate(turn) else { return }
        }
    }

    /// Returns false where the runner is retired.
    private func evaluate(_ turn: GroupSchedule.Turn) async -> Bool {
        let taken: RuleGroupState? = inner.withLock { inner in
            if inner.isRetired { return nil }
            inner.isEvaluating = true
            return inner.state
        }
        guard var state = taken else { return false }
        if turn.clockJump != .zero { state.shift(by: turn.clockJump) }
        state.missedIterations += turn.missed
        state.iterations += turn.missed
        let outcome = await group.evaluate(at: turn.moment, in: service.environment, state: &state)
        let (waiters, leavesNothing) = inner.withLock { [state] inner in
            inner.state = state
            inner.isEvaluating = false
            defer { inner.waiters = [] }
            return (inner.waiters, inner.leavesNothing)
        }
        for waiter in waiters { waiter.resume() }
        if leavesNothing { markAllStale() }
        service.publish(outcome, of: group)
        return true
    }

    /// Returns when no evaluation is under way.
    private func settle() async {
        await withCheckedContinuation { continuation in
            let isIdle = inner.withLock { inner in
                if inner.isEvaluating { inner.waiters.append(continuation) }
                return !inner.isEvaluating
            }
            if isIdle { continuation.resume() }
        }
    }
}
