package import Control
package import Discovery
import Fleet
import TimeSeries

/// The fleet as scrape targets: nodes and replicas that show metrics, read off what the control loop believes.
package enum FleetTargetProvider {
    /// The scrape configurations that the service adds itself: itself, nodes, replicas.
    package static func jobs(own address: String, defaults: ScrapeDefaults) -> [ScrapeConfiguration] {
        var own = ScrapeConfiguration(jobName: "flyball", defaults: defaults)
        own.staticGroups = [TargetGroup(source: "flyball", addresses: [address])]
        var nodes = ScrapeConfiguration(jobName: "flyball-node", defaults: defaults)
        nodes.fleetRoles = [.node]
        // A replica's series and the node's series about it bear the same labels: the node's word on them counts.
        nodes.honorsLabels = true
        var replicas = ScrapeConfiguration(jobName: "flyball-replica", defaults: defaults)
        replicas.fleetRoles = [.replica]
        return [own, nodes, replicas]
    }

    package static func groups(_ role: FleetRole, _ view: ControlView) -> [TargetGroup] {
        switch role {
        case .node: view.nodes.compactMap { group($0.node) }
        case .replica:
            view.workloads.compactMap { entry in
                guard let path = entry.workload.metricsPath else { return nil }
                let replicas = view.replicas.filter { $0.workload == entry.workload.id && isScraped($0) }
                return replicas.isEmpty ? nil : group(entry.workload, path, replicas)
            }
        }
    }

    private static func isScraped(_ replica: Replica) -> Bool {
        replica.address != nil
            && (replica.phase == .ready || replica.phase == .unready || replica.phase == .stopping)
    }

    private static func group(_ node: Node) -> TargetGroup? {
        guard let address = node.metricsAddress, node.health == .ready else { return nil }
        var labels = Labels(["node": node.id.name])
        for (name, value) in node.labels.sorted(by: { $0.key < $1.key }) {
            labels = labels.setting("__meta_flyball_node_label_" + name, to: value)
            if name == "zone" { labels = labels.setting("zone", to: value) }
        }
        return TargetGroup(source: "node/" + node.id.name, addresses: [address], labels: labels)
    }

    private static func group(_ workload: Workload, _ path: String, _ replicas: [Replica]) -> TargetGroup {
        let targets = replicas.map { replica in
            Labels([
                "__address__": replica.address ?? "", "replica": replica.id.name, "node": replica.node.name,
                "__meta_flyball_replica_phase": replica.phase.rawValue,
            ])
        }
        let labels = Labels([
            "job": workload.id.name, "workload": workload.id.name, "__metrics_path__": path,
        ])
        return TargetGroup(source: "workload/" + workload.id.name, targets: targets, labels: labels)
    }
}
