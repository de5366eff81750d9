package import Fleet
package import TimeSeries

/// A measured number with its time and its trust. Absence is a case, not a zero.
package struct Signal: Hashable, Sendable, Codable {
    package enum Reading: Hashable, Sendable, Codable {
        /// Measured over the newest sample at `measuredAt`.
        case value(Double, measuredAt: Timestamp)
        /// The newest sample is older than the policy allows.
        case stale(Double, measuredAt: Timestamp)
        /// The query yielded nothing.
        case missing
        /// The query yielded NaN or an infinity.
        case notFinite
        /// The query failed, or yielded more than one element.
        case failed(String)
    }

    /// What the signal is foreseen to reach: the maximum over the lead time, at the policy's quantile.
    package struct Outlook: Hashable, Sendable, Codable {
        package var expectedPeak: Double
        package var peak: Double
        package var quantile: Double
        package var horizon: Duration
        package var model: String
        /// Whether the model beats persistence on this series; a forecast that does not is shown, not used.
        package var isTrusted: Bool
        /// What may still be needed before the policy's `hold` is over: the count is not lowered below it. Nil in
        /// journals of before, and where that cannot be foreseen.
        package var keep: Double?
        /// How far ahead `keep` looks, where a short season bounds the policy's `hold`; else nil.
        package var held: Duration?
        /// How long a replica that is started now takes to be ready. Nil in journals of before.
        package var leadTime: Duration?
        /// From 0 to 1: how much of what a model has to have seen it has. Nil in journals of before.
        package var experience: Double?
        /// Whether the newest measurement may be wrong: as hardly any before, and not borne out yet. Nil in journals of
        /// before, and where it is as others.
        package var isDoubted: Bool?

        package init(
            expectedPeak: Double, peak: Double, quantile: Double, horizon: Duration, model: String,
            isTrusted: Bool, keep: Double? = nil, held: Duration? = nil, leadTime: Duration? = nil,
            experience: Double? = nil, isDoubted: Bool? = nil
        ) {
            self.expectedPeak = expectedPeak
            self.peak = peak
            self.quantile = quantile
            self.horizon = horizon
            self.model = model
            self.isTrusted = isTrusted
            self.keep = keep
            self.held = held
            self.leadTime = leadTime
            self.experience = experience
            self.isDoubted = isDoubted
        }
    }

    /// How many of the values that a model sees are known.
    package struct History: Hashable, Sendable, Codable {
        package var known: Int
        package var count: Int

        package init(known: Int, count: Int) {
            self.known = known
            self.count = count
        }
    }

    package var name: String
    package var reading: Reading
    package var outlook: Outlook?
    /// What is known of its past, where that is too little to foresee anything. Nil in journals of before.
    package var history: History?
    /// The share of its sources that report, where that is known and not all do.
    package var coverage: Double?
    /// The share of what its series told that is left, where some ended lately though their sources report.
    package var kept: Double?

    package init(
        name: String, reading: Reading, outlook: Outlook? = nil, coverage: Double? = nil,
        kept: Double? = nil, history: History? = nil
    ) {
        self.name = name
        self.reading = reading
        self.outlook = outlook
        self.coverage = coverage
        self.kept = kept
        self.history = history
    }

    /// Whether nothing is known to be missing behind the reading.
    var isWhole: Bool { (coverage ?? 1) >= 1 && (kept ?? 1) >= 1 }
}

/// All signals of one policy, measured together.
package struct Measurement: Hashable, Sendable, Codable {
    package var policy: String
    package var workload: WorkloadID
    package var at: Timestamp
    package var signals: [Signal]
    /// The schedules of the policy that hold at this moment.
    package var schedules: [ActiveSchedule]?
    /// What the policy's query about victims yields, by replica.
    package var loads: [ReplicaLoad]?
    /// What replicas use, where the policy sizes them.
    package var usage: [ResourceUsage]?

    package init(
        policy: String, workload: WorkloadID, at: Timestamp, signals: [Signal],
        schedules: [ActiveSchedule]? = nil, loads: [ReplicaLoad]? = nil, usage: [ResourceUsage]? = nil
    ) {
        self.usage = usage
        self.policy = policy
        self.workload = workload
        self.at = at
        self.signals = signals
        self.schedules = schedules
        self.loads = loads
    }
}

/// What a replica uses of one resource, in cores or bytes.
package struct ResourceUsage: Hashable, Sendable, Codable {
    package enum Resource: String, Hashable, Sendable, Codable { case cpu, memory }

    package var resource: Resource
    package var value: Double

    package init(_ resource: Resource, _ value: Double) {
        self.resource = resource
        self.value = value
    }
}

/// What one replica carries, or what losing it costs.
package struct ReplicaLoad: Hashable, Sendable, Codable {
    package var replica: String
    package var value: Double

    package init(replica: String, value: Double) {
        self.replica = replica
        self.value = value
    }
}
