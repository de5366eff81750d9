package import Fleet
import TimeSeries

/// What the control loop has learned and measuring needs. A part of its memory, so that it survives restarts.
package struct Learned: Hashable, Sendable {
    /// How long replicas of a workload take to become ready, where that was measured (`StartUpTimes`).
    package var startUps: [WorkloadID: Duration]
    /// What one replica serves, by policy, where it was learned (`CapacityCurve`).
    package var shares: [String: Double]

    package init(startUps: [WorkloadID: Duration] = [:], shares: [String: Double] = [:]) {
        self.startUps = startUps
        self.shares = shares
    }
}
