package import Fleet
import TimeSeries

/// How one workload's replica count follows its signals. A value: what a policy file says, checked and
/// complete. It is journaled with each configuration, so that decisions can be replayed.
package struct ScalingPolicy: Hashable, Sendable, Codable {
    package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        /// Decides the count.
        case active
        /// Decides from the real count, is recorded, changes nothing.
        case dryRun = "dry-run"
        /// As `dryRun`, but follows its own earlier decisions, as if it had been active all along.
        case shadow
    }

    /// What a signal may still do when its reading is not to be trusted.
    package enum Distrust: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing is removed while the signal is in this state.
        case hold
        /// The other signals decide alone.
        case ignore
    }

    /// How the counts that several signals ask for become one.
    package enum Combination: String, Hashable, Sendable, Codable, CaseIterable {
        /// The largest, so that removal needs all signals to agree.
        case max
        /// The smallest: every signal can object to more.
        case min
        /// The sum of what signals of demand ask for: loads that do not know of one another.
        case sum
        /// Their mean, by `SignalPolicy.weight`.
        case mean
    }

    /// What a signal may do of which only a share of the sources reports.
    package struct PartialRule: Hashable, Sendable, Codable {
        /// With a smaller share nothing is removed.
        package var above: Double
        /// The most that may be removed in one decision, of the present count.
        package var scaleDown: Double

        package init(above: Double, scaleDown: Double) {
            self.above = above
            self.scaleDown = scaleDown
        }
    }

    /// What a signal asks for that could not be trusted for some time.
    package struct Fallback: Hashable, Sendable, Codable {
        package var replicas: Int
        package var after: Duration

        package init(replicas: Int, after: Duration) {
            self.replicas = replicas
            self.after = after
        }
    }

    /// Unique among all policies.
    package var name: String
    /// Whose count it is. Of a policy for a pool of nodes, the pool's name.
    package var workload: WorkloadID
    /// The pool of nodes whose size it decides; nil for a workload.
    package var nodePool: NodePoolID?
    package var mode: Mode
    package var minReplicas: Int
    package var maxReplicas: Int
    /// The longest time between two measurements; a fresh sample may bring one earlier.
    package var interval: Duration
    /// Never empty, names unique.
    package var signals: [SignalPolicy]
    package var prediction: Prediction?
    package var behaviour: ScalingBehaviour
    /// The age at which a sample is stale.
    package var staleAfter: Duration
    /// The largest where nil.
    package var combination: Combination?
    /// Where nil, a partial reading counts as a whole one.
    package var partial: PartialRule?
    /// A signal that falls to exactly zero at once, from what needed two replicas or more, is not believed for so long:
    /// sources that fail often say 0. Where nil it is believed.
    package var suspectsZeroFor: Duration?
    /// A forecast stands in for a signal without data for so long; without end where nil.
    package var bridge: Duration?
    /// Raises the count where a signal is missing for long; never lowers it. None where nil.
    package var fallback: Fallback?
    /// Without a signal above its activation for so long, nothing is kept. Where nil, zero is a count like any other.
    package var idleAfter: Duration?
    /// None where nil; never empty, names unique.
    package var schedules: [ScalingSchedule]?
    /// None where nil; never empty.
    package var pauses: [ScalingPause]?
    /// How large replicas are; as the workload says where nil.
    package var sizing: Sizing?
    /// Which replicas leave first; `crowded` where nil.
    package var victims: VictimChoice?
    /// PromQL that yields a number by the label `replica`, for `VictimChoice.least`.
    package var victimQuery: String?

    package init(
        name: String, workload: WorkloadID, mode: Mode = .active, minReplicas: Int = 1, maxReplicas: Int,
        interval: Duration = .seconds(15), signals: [SignalPolicy], prediction: Prediction? = nil,
        behaviour: ScalingBehaviour = ScalingBehaviour(), staleAfter: Duration? = nil,
        schedules: [ScalingSchedule]? = nil
    ) {
        self.name = name
        self.workload = workload
        self.mode = mode
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.interval = interval
        self.signals = signals
        self.prediction = prediction
        self.behaviour = behaviour
        self.staleAfter = staleAfter ?? Self.defaultStaleAfter(interval: interval)
        self.schedules = schedules
    }

    /// Three intervals, within 10 s and 60 s.
    package static func defaultStaleAfter(interval: Duration) -> Duration {
        min(max(interval * 3, .seconds(10)), .seconds(60))
    }

    /// Whether its decisions are recorded only.
    package var isObserver: Bool { mode != .active }

    /// The schedules that hold at a measurement.
    func active(_ measurement: Measurement) -> [(schedule: ScalingSchedule, until: Timestamp)] {
        guard let schedules, let active = measurement.schedules else { return [] }
        return active.compactMap { active in
            schedules.first { $0.name == active.name }.map { (schedule: $0, until: active.until) }
        }
    }

    package func signal(_ name: String) -> SignalPolicy? { signals.first { $0.name == name } }
}
