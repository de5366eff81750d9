import PromQL
import TimeSeries

/// What ALERTS_FOR_STATE says of the alerts that were active before a restart.
///
/// An alert that shows up again soon after the start takes its old time: exactly, where it fired already or the outage
/// was shorter than the rule's `for`; else moved by the outage, as Prometheus does, since nobody knows what happened
/// in between. (Prometheus moves it in shorter outages too and grants ten more minutes.)
struct AlertRestoration: Sendable {
    struct Memory: Sendable {
        var activeAt: Timestamp
        var lastSeen: Timestamp
    }

    /// Alerts are matched for this long after the first evaluation, and for two evaluations at least: targets
    /// must have been scraped again before a condition can hold.
    static let window = Duration.seconds(300)

    /// Nil until it was read.
    private(set) var startedAt: Timestamp?
    private var memories: [Labels: Memory] = [:]
    private var evaluations = 0

    var isNeeded: Bool { startedAt == nil }

    /// Nothing to restore: for tests of rules and groups that came with a reload.
    mutating func skip(at moment: Timestamp) { startedAt = moment }

    /// Reads the series back. An error means that nothing is restored.
    mutating func load(_ group: RuleGroup, at moment: Timestamp, in environment: RuleEnvironment) async {
        startedAt = moment
        for rule in group.rules {
            guard case .alerting(let alerting) = rule.kind, alerting.holdDuration > .zero else { continue }
            let selector = "ALERTS_FOR_STATE{alertname=\(Labels.quoted(rule.name))}"
            let values = await answer(selector, at: moment, in: environment)
            let times = await answer("timestamp(\(selector))", at: moment, in: environment)
            for (labels, value) in values {
                guard let activeAt = Timestamp(seconds: value),
                    let time = times[labels], let lastSeen = Timestamp(seconds: time)
                else { continue }
                memories[labels] = Memory(activeAt: activeAt, lastSeen: lastSeen)
            }
        }
    }

    private func answer(
        _ query: String, at moment: Timestamp, in environment: RuleEnvironment
    ) async -> [Labels: Double] {
        var limits = environment.limits
        limits.lookback = environment.outageTolerance
        do {
            let expression = try Expression.parse(query)
            let result = try await environment.engine.evaluate(expression, at: moment, limits: limits)
            guard case .vector(let elements) = result.value else { return [:] }
            let pairs = elements.compactMap { element in
                element.value.map { (element.labels.removing(["__name__"]), $0) }
            }
            return Dictionary(pairs) { first, _ in first }
        } catch {
            return [:]
        }
    }

    /// To be called before each evaluation; forgets when the window is over.
    mutating func begin(at moment: Timestamp) {
        evaluations += 1
        guard let startedAt, evaluations > 2, moment - startedAt > Self.window else { return }
        memories = [:]
    }

    /// Since when an alert that shows up now has been active.
    mutating func activeAt(of labels: Labels, at moment: Timestamp, holdDuration: Duration) -> Timestamp {
        guard let memory = memories.removeValue(forKey: labels), memory.activeAt <= moment,
            memory.lastSeen <= moment
        else { return moment }
        let outage = moment - memory.lastSeen
        let wasFiring = memory.lastSeen - memory.activeAt >= holdDuration
        return wasFiring || outage < holdDuration ? memory.activeAt : memory.activeAt + outage
    }
}
