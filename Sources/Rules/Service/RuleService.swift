import Synchronization

/// Evaluates rule groups for as long as the service runs, each at its own times.
///
/// `apply` loads and reloads: a group that did not change goes on undisturbed, a changed one keeps the state of the rules
/// it still has, and what a removed one recorded is marked stale.
package final class RuleService: Sendable {
    private struct Inner {
        var environment: RuleEnvironment
        var runners: [GroupRunner] = []
        /// Not started yet.
        var fresh: [GroupRunner] = []
    }

    private let inner: Mutex<Inner>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let notify: @Sendable ([AlertNotification]) -> Void
    private let observe: @Sendable (RuleGroup, GroupOutcome) -> Void

    /// - Parameters:
    ///   - notify: receives what Alertmanager shall hear; must not block.
    ///   - observe: receives every outcome, for the log; must not block.
    package init(
        environment: RuleEnvironment, notify: @escaping @Sendable ([AlertNotification]) -> Void = { _ in },
        observe: @escaping @Sendable (RuleGroup, GroupOutcome) -> Void = { _, _ in }
    ) {
        inner = Mutex(Inner(environment: environment))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.notify = notify
        self.observe = observe
    }

    /// The groups with their rules and alerts, ordered by file and name, as `/api/v1/rules` shows them.
    package var statuses: [RuleGroupStatus] { inner.withLock { $0.runners }.map(\.status) }

    var environment: RuleEnvironment { inner.withLock { $0.environment } }

    /// Replaces the groups, and the environment where one is given. Of groups with the same key the first counts.
    package func apply(_ groups: [RuleGroup], environment: RuleEnvironment? = nil) {
        let old = inner.withLock { inner in
            if let environment { inner.environment = environment }
            return Dictionary(uniqueKeysWithValues: inner.runners.map { ($0.group.key, $0) })
        }
        var runners: [GroupRunner] = []
        var fresh: [GroupRunner] = []
        var kept: Set<RuleGroup.Key> = []
        for group in groups.sorted(by: { $0.key < $1.key }) where kept.insert(group.key).inserted {
            if let known = old[group.key], known.group == group {
                runners.append(known)
                continue
            }
            let predecessor = old[group.key]
            predecessor?.retire(hasSuccessor: true)
            let runner = GroupRunner(group, replacing: predecessor, in: self)
            runners.append(runner)
            fresh.append(runner)
        }
        for key in old.keys.sorted() where !kept.contains(key) { old[key]?.retire(hasSuccessor: false) }
        inner.withLock { [runners, fresh] inner in
            inner.runners = runners
            inner.fresh += fresh
        }
        signal.yield()
    }

    /// Runs until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in signals {
                for runner in takeFresh() { group.addTask { await runner.run() } }
            }
        }
    }

    private func takeFresh() -> [GroupRunner] {
        inner.withLock { inner in
            defer { inner.fresh = [] }
            return inner.fresh
        }
    }

    func publish(_ outcome: GroupOutcome, of group: RuleGroup) {
        if !outcome.notifications.isEmpty { notify(outcome.notifications) }
        observe(group, outcome)
    }
}
