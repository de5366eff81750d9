package import Fleet
package import TimeSeries

/// How many replicas a workload should have, and every reason in the order in which it took effect.
package struct ScaleDecision: Hashable, Sendable, Codable {
    /// One step from measurement to count. `count` is what a signal or forecast asks for, and else what the
    /// count was after the step.
    package struct Reason: Hashable, Sendable, Codable {
        package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
            /// A signal asks for a count.
            case signal
            /// Several signals together, other than by the largest.
            case combined
            /// A signal of which only a share of the sources reports.
            case partial
            /// How large replicas should be.
            case sizing
            /// A signal without data asks for a fixed count.
            case fallback
            /// Nothing is to be done, or has been for too short a time to keep nothing.
            case idle
            /// A forecast asks for more than the signals.
            case forecast
            /// A forecast that is shown and not used: it does not beat persistence, or asks for no more.
            case forecastIdle
            /// More than is measured, since no forecast is used.
            case headroom
            /// Demand outruns what was foreseen of it.
            case surge
            /// Nearer to what a reactive autoscaler would hold, since the policy has lately been worse than that.
            case reference
            /// A signal that is missing, stale, failed or not finite.
            case untrusted
            /// The count stays because of `untrusted` signals.
            case held
            /// The deviation is too small to act on.
            case tolerance
            /// A stabilisation window does not agree yet.
            case stabilised
            /// A velocity limit allows only so much for now.
            case rateLimited
            case minimum, maximum
            /// The count has changed too often lately to be lowered.
            case flapBudget
            /// Less would not have saved yet what a change costs.
            case changeCost
            case paused, operatorRequest, schedule
            /// The policy decides without effect.
            case shadow
        }

        package var kind: Kind
        /// The signal, window or limit that this step is about.
        package var subject: String
        package var count: Int
        /// For a person: numbers with units.
        package var text: String
        /// When a holding constraint lifts, where that is known.
        package var until: Timestamp?

        package init(kind: Kind, subject: String, count: Int, text: String, until: Timestamp? = nil) {
            self.kind = kind
            self.subject = subject
            self.count = count
            self.text = text
            self.until = until
        }
    }

    package var policy: String
    package var workload: WorkloadID
    package var at: Timestamp
    /// What was desired before.
    package var from: Int
    package var desired: Int
    package var reasons: [Reason]
    /// What one replica should have, where that is to change (or is recommended to).
    package var size: ReplicaSize?

    package init(
        policy: String, workload: WorkloadID, at: Timestamp, from: Int, desired: Int, reasons: [Reason],
        size: ReplicaSize? = nil
    ) {
        self.size = size
        self.policy = policy
        self.workload = workload
        self.at = at
        self.from = from
        self.desired = desired
        self.reasons = reasons
    }
}

/// What `decide` knows of the workload besides its signals.
package struct ReplicaCounts: Hashable, Sendable, Codable {
    /// What was last decided.
    package var desired: Int
    package var ready: Int
    package var starting: Int
    /// What one replica has, where that is known.
    package var size: ReplicaSize?

    package init(desired: Int, ready: Int, starting: Int, size: ReplicaSize? = nil) {
        self.size = size
        self.desired = desired
        self.ready = ready
        self.starting = starting
    }
}
