package import Fleet
package import Scaling
package import TimeSeries

/// One leaf of the audit log: what was decided, why, and what was commanded. At most 16 KiB encoded.
package struct AuditEntry: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case configuration, scaling, placement, migration, failover, request, freeze, outcome, leadership,
            clock
    }

    /// `d<epoch>-<number>`: what `flyball explain` takes.
    package var id: String
    package var kind: Kind
    package var at: Timestamp
    package var epoch: UInt64
    package var generation: UInt64
    package var workload: WorkloadID?
    package var node: NodeID?
    package var decision: ScaleDecision?
    /// In order, for a person.
    package var reasons: [String]
    package var commands: [Command]
    package var principal: String?

    package init(
        id: String, kind: Kind, at: Timestamp, epoch: UInt64, generation: UInt64, workload: WorkloadID? = nil,
        node: NodeID? = nil, decision: ScaleDecision? = nil, reasons: [String] = [], commands: [Command] = [],
        principal: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.at = at
        self.epoch = epoch
        self.generation = generation
        self.workload = workload
        self.node = node
        self.decision = decision
        self.reasons = reasons
        self.commands = commands
        self.principal = principal
    }
}
