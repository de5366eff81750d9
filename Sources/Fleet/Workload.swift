/// Something that runs in any number of equal replicas: what to start, what it needs and where it may stand.
package struct Workload: Hashable, Sendable, Codable {
    /// How a replica proves that it is alive and ready: `GET path` answers 2xx within `timeout`.
    package struct HealthCheck: Hashable, Sendable, Codable {
        package var path: String
        package var interval: Duration
        package var timeout: Duration
        /// So many failures in a row make a ready replica unready, and twice as many restart it.
        package var failureThreshold: Int
        /// Failures before this age do not count.
        package var startPeriod: Duration

        package init(
            path: String = "/health", interval: Duration = .seconds(1), timeout: Duration = .seconds(1),
            failureThreshold: Int = 3, startPeriod: Duration = .seconds(30)
        ) {
            self.path = path
            self.interval = interval
            self.timeout = timeout
            self.failureThreshold = failureThreshold
            self.startPeriod = startPeriod
        }
    }

    package var id: WorkloadID
    /// The program and its arguments; `{port}`, `{replica}`, `{workload}` and `{node}` are replaced in each.
    /// Never passed through a shell.
    package var command: [String]
    package var environment: [String: String]
    /// What placement reserves for each replica.
    package var request: Resources
    /// What a replica may use at most; nil for no limit.
    package var limit: Resources?
    /// Higher goes first; a lower one may be evicted for a higher one.
    package var priority: Int
    /// At most one replica at any moment: moved by stopping before starting, failed over only once the old one cannot
    /// run any more.
    package var isSingleton: Bool
    package var placement: PlacementRules
    package var health: HealthCheck?
    /// Where replicas show metrics; nil where they do not.
    package var metricsPath: String?
    /// The count before any policy or person says otherwise.
    package var initialReplicas: Int
    /// Between SIGTERM and SIGKILL.
    package var stopGrace: Duration
    package var labels: [String: String]

    package init(
        id: WorkloadID, command: [String], environment: [String: String] = [:],
        request: Resources = Resources(milliCPU: 100, memoryBytes: 64 << 20), limit: Resources? = nil,
        priority: Int = 0, isSingleton: Bool = false, placement: PlacementRules = PlacementRules(),
        health: HealthCheck? = nil,
        metricsPath: String? = "/metrics", initialReplicas: Int = 1, stopGrace: Duration = .seconds(10),
        labels: [String: String] = [:]
    ) {
        self.id = id
        self.command = command
        self.environment = environment
        self.request = request
        self.limit = limit
        self.priority = priority
        self.isSingleton = isSingleton
        self.placement = placement
        self.health = health
        self.metricsPath = metricsPath
        self.initialReplicas = initialReplicas
        self.stopGrace = stopGrace
        self.labels = labels
    }
}

/// Where replicas may and should stand, after Kubernetes' node affinity and pod anti-affinity.
package struct PlacementRules: Hashable, Sendable, Codable {
    package struct Requirement: Hashable, Sendable, Codable {
        package enum Operator: String, Hashable, Sendable, Codable {
            case isIn = "In", notIn = "NotIn", exists = "Exists", doesNotExist = "DoesNotExist", greater =
                "Gt", less = "Lt"
        }

        package var key: String
        package var comparison: Operator
        package var values: [String]

        package init(key: String, comparison: Operator, values: [String] = []) {
            self.key = key
            self.comparison = comparison
            self.values = values
        }
    }

    package struct Preference: Hashable, Sendable, Codable {
        package var requirements: [Requirement]
        /// 1...100.
        package var weight: Int

        package init(requirements: [Requirement], weight: Int) {
            self.requirements = requirements
            self.weight = weight
        }
    }

    /// Towards or away from replicas of a workload that stand in the same domain (nodes with an equal value of
    /// `topologyKey`; the key `node` is the node itself).
    package struct Neighbourhood: Hashable, Sendable, Codable {
        package var workload: WorkloadID
        package var topologyKey: String
        /// Nil: required. Else the weight of the preference, 1...100.
        package var weight: Int?

        package init(workload: WorkloadID, topologyKey: String = "node", weight: Int? = nil) {
            self.workload = workload
            self.topologyKey = topologyKey
            self.weight = weight
        }
    }

    /// Every one must hold.
    package var nodeAffinity: [Requirement]
    package var preferredNodes: [Preference]
    package var affinity: [Neighbourhood]
    package var antiAffinity: [Neighbourhood]

    package init(
        nodeAffinity: [Requirement] = [], preferredNodes: [Preference] = [], affinity: [Neighbourhood] = [],
        antiAffinity: [Neighbourhood] = []
    ) {
        self.nodeAffinity = nodeAffinity
        self.preferredNodes = preferredNodes
        self.affinity = affinity
        self.antiAffinity = antiAffinity
    }
}

extension Workload {
    /// The same workload with another reservation; its limit grows and shrinks with it.
    package func sized(_ size: Resources) -> Workload {
        func scaled(_ limit: Int64, _ old: Int64, _ new: Int64) -> Int64 {
            guard limit > 0, old > 0 else { return limit }
            let (product, overflow) = limit.multipliedReportingOverflow(by: new)
            return overflow ? limit : max(new, product / old)
        }
        var copy = self
        copy.request = size
        if let limit {
            copy.limit = Resources(
                milliCPU: scaled(limit.milliCPU, request.milliCPU, size.milliCPU),
                memoryBytes: scaled(limit.memoryBytes, request.memoryBytes, size.memoryBytes))
        }
        return copy
    }
}
