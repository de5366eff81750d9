import Exposition
import Fleet

extension NodeRuntime {
    package static let metricsContentType = ExpositionWriter.contentType

    /// What the node shows at /metrics: its own room, and per replica cAdvisor's names.
    package func metrics() -> [UInt8] {
        let agent = snapshot.agent
        var writer = ExpositionWriter(reserving: 4 << 10)
        writeRoom(agent, to: &writer)
        writeReplicas(agent, to: &writer)
        return writer.bytes
    }

    private func writeRoom(_ agent: NodeAgent, to writer: inout ExpositionWriter) {
        let node = [(name: "node", value: spec.id.name)]
        func resources(_ name: String, _ help: String, _ amount: Resources) {
            let cpu = (node + [(name: "resource", value: "cpu"), (name: "unit", value: "core")])
            let memory = (node + [(name: "resource", value: "memory"), (name: "unit", value: "byte")])
            writer.gauge(
                name, help: help,
                [(cpu, Double(amount.milliCPU) / 1000), (memory, Double(amount.memoryBytes))])
        }
        resources("flyball_node_capacity", "What the node was declared to have.", spec.capacity)
        resources("flyball_node_allocatable", "What replicas may reserve.", spec.capacity)
        resources("flyball_node_allocated", "What replicas have reserved.", agent.allocated)
        writer.gauge(
            "flyball_node_replicas", help: "Replicas on the node by phase.",
            Replica.Phase.allCases.map { phase in
                (
                    node + [(name: "phase", value: phase.rawValue)],
                    Double(agent.replicas.count { $0.phase == phase })
                )
            })
        writer.gauge(
            "flyball_node_stopping", help: "Whether the node is stopping its replicas to end.",
            [(node, agent.isStopping ? 1 : 0)])
    }

    private func writeReplicas(_ agent: NodeAgent, to writer: inout ExpositionWriter) {
        let rows = agent.replicas.map { replica in
            (
                labels: [
                    (name: "name", value: replica.id.name), (name: "workload", value: replica.workload.name),
                    (name: "replica", value: replica.id.name), (name: "node", value: spec.id.name),
                ],
                replica: replica, usage: supervisor.usage(of: replica.id)
            )
        }
        writer.counter(
            "container_cpu_usage_seconds_total", help: "CPU time that the replica has used.",
            rows.compactMap { row in row.usage.cpuSeconds.map { (row.labels, $0) } })
        writer.gauge(
            "container_memory_working_set_bytes",
            help: "Memory of the replica that cannot be dropped at once.",
            rows.compactMap { row in row.usage.workingSetBytes.map { (row.labels, $0) } })
        writer.gauge(
            "container_spec_cpu_request_cores", help: "CPU that is reserved for the replica.",
            rows.map { ($0.labels, Double($0.replica.request.milliCPU) / 1000) })
        writer.gauge(
            "container_spec_memory_request_bytes", help: "Memory that is reserved for the replica.",
            rows.map { ($0.labels, Double($0.replica.request.memoryBytes)) })
        writer.counter(
            "flyball_replica_restarts_total", help: "How often the node has started the replica anew.",
            rows.map { ($0.labels, Double($0.replica.restarts)) })
        writer.gauge(
            "flyball_replica_ready", help: "Whether the replica passes its health check.",
            rows.map { ($0.labels, $0.replica.phase == .ready ? 1 : 0) })
    }
}
