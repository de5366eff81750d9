package import TimeSeries

/// Targets from one source, with labels that all of them share.
package struct TargetGroup: Hashable, Sendable {
    /// What names the group among those of its provider: a file and an index, a node.
    package var source: String
    /// Each with at least `__address__`; their labels win over the group's.
    package var targets: [Labels]
    package var labels: Labels

    package init(source: String, targets: [Labels], labels: Labels = .empty) {
        self.source = source
        self.targets = targets
        self.labels = labels
    }

    /// A group of addresses.
    package init(source: String, addresses: [String], labels: Labels = .empty) {
        self.init(
            source: source, targets: addresses.map { Labels(["__address__": $0]) }, labels: labels)
    }
}

/// What of the fleet a scrape configuration wants as targets (`flyball_sd_configs`).
package enum FleetRole: String, Hashable, Sendable, CaseIterable {
    case node, replica
}

/// Targets that the daemon reads off the fleet's state; called whenever targets are refreshed.
package typealias FleetTargets = @Sendable (FleetRole) -> [TargetGroup]
