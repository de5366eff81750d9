import Discovery
package import Fleet
import Rules
import Scaling
import TimeSeries

/// What a simulated service is configured with, from the files that a real one reads.
package struct SimulatedConfiguration: Sendable {
    package var nodes: [NodeSpec]
    package var workloads: [Workload]
    let policies: [ScalingPolicy]
    let groups: [RuleGroup]
    let scrape: ScrapeDefaults
    /// The demand for each workload that has one.
    package var loads: [WorkloadID: LoadProfile]

    /// - Throws: what is wrong with a file, with its place.
    package init(
        fleet: String, policies: String, rules: String, scrapeInterval: Duration,
        loads: [WorkloadID: LoadProfile]
    ) throws {
        let parsed = try FleetFile.parse(text: fleet, file: "fleet.yml")
        nodes = parsed.nodes
        workloads = parsed.workloads
        self.policies = try PolicyFile.load(
            [(name: "policies.yml", text: policies)], workloads: Set(workloads.map(\.id)))
        groups = try RuleFile.parse(
            rules, file: "rules.yml", options: RuleFile.Options(interval: scrapeInterval)
        ).groups
        scrape = ScrapeDefaults(interval: scrapeInterval, timeout: scrapeInterval)
        self.loads = loads
    }

    func policy(of workload: WorkloadID) -> ScalingPolicy? {
        policies.first { $0.workload == workload && !$0.isObserver }
    }
}
