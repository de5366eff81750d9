/// How large one replica should be, from quantiles of what replicas use.
package struct Sizing: Hashable, Sendable, Codable {
    package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        /// Recorded in the decision; a person changes the workload.
        case recommend
        /// New replicas get the size, and running ones are resized in place where the backend can.
        case resize
    }

    /// One resource; numbers in cores or bytes.
    package struct Resource: Hashable, Sendable, Codable {
        /// PromQL that yields what a replica uses, such as the largest of all.
        package var query: String
        /// Of the usage, weighted by age.
        package var quantile: Double
        /// On top of the quantile.
        package var margin: Double
        package var least: Double
        package var most: Double
        /// After which time a usage weighs half.
        package var halfLife: Duration

        package init(
            query: String, quantile: Double = 0.9, margin: Double = 0.15, least: Double, most: Double,
            halfLife: Duration = .seconds(86_400)
        ) {
            self.query = query
            self.quantile = quantile
            self.margin = margin
            self.least = least
            self.most = most
            self.halfLife = halfLife
        }
    }

    package var cpu: Resource?
    package var memory: Resource?
    package var mode: Mode
    /// Between a change of the count and one of the size, in either order, so that the one is seen in the signals
    /// before the other is decided.
    package var settle: Duration

    package init(
        cpu: Resource? = nil, memory: Resource? = nil, mode: Mode = .recommend,
        settle: Duration = .seconds(300)
    ) {
        self.cpu = cpu
        self.memory = memory
        self.mode = mode
        self.settle = settle
    }
}
