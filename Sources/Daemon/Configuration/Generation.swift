package import Control
import Documents
package import Fleet
package import Rules
package import Scaling

/// One generation of everything that a person wrote: read, checked and complete, or not at all.
package struct Generation: Sendable {
    package var configuration: Configuration
    package var groups: [RuleGroup]
    package var fleet: FleetFile
    package var policies: [ScalingPolicy]

    /// What the control loop is told.
    package func control(generation: UInt64) -> ControlConfiguration {
        ControlConfiguration(
            generation: generation, nodes: configuration.fleet.nodes + fleet.nodes,
            workloads: fleet.workloads,
            policies: policies, nodePools: fleet.nodePools.isEmpty ? nil : fleet.nodePools)
    }
}
