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

    /// Unique among all policies.
    package var name: String
    package var workload: WorkloadID
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

    package init(
        name: String, workload: WorkloadID, mode: Mode = .active, minReplicas: Int = 1, maxReplicas: Int,
        interval: Duration = .seconds(15), signals: [SignalPolicy], prediction: Prediction? = nil,
        behaviour: ScalingBehaviour = ScalingBehaviour(), staleAfter: Duration? = nil
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
    }

    /// Three intervals, within 10 s and 60 s.
    package static func defaultStaleAfter(interval: Duration) -> Duration {
        min(max(interval * 3, .seconds(10)), .seconds(60))
    }

    /// Whether its decisions are recorded only.
    package var isObserver: Bool { mode != .active }

    package func signal(_ name: String) -> SignalPolicy? { signals.first { $0.name == name } }
}
