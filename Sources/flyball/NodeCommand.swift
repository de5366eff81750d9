import ArgumentParser
import Backends
import Daemon
import Fleet
import Foundation
import Logging
import TimeSeries

/// `flyball node`: one local node. Started by the service; seldom by hand.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Be a local node: run replicas, limit them, watch them, show what they use.",
        discussion: """
            The service starts its nodes itself. A node outlives a silent service by its lease and then stops its replicas;
            when it ends, however it ends, no replica is left.
            """)

    @Option(help: "The node's name.") var name: String
    @Option(help: "How much CPU it offers, such as 500m or 2.") var cpu: String
    @Option(help: "How much memory it offers, such as 512MiB.") var memory: String
    @Option(help: "The folder of its state, logs and control socket.") var folder: String
    @Option(help: "How long it outlives a silent service.") var lease = "30s"
    @Option(help: "A label of the node, as name=value; may be given several times.") var label: [String] = []
    @Option(help: "The loopback port of its /metrics; any free one without it.") var metricsPort = 0

    func run() async throws {
        guard let id = NodeID(name) else {
            throw ValidationError("--name: letters a-z, digits, dots and dashes only")
        }
        guard let milliCPU = Quantity.milliCPU(cpu) else {
            throw ValidationError("--cpu must be \(Quantity.cpuExpected)")
        }
        guard let bytes = Quantity.bytes(memory) else {
            throw ValidationError("--memory must be \(Quantity.memoryExpected)")
        }
        guard let lease = Duration(prometheus: lease) else {
            throw ValidationError("--lease must be such as 30s")
        }
        var labels: [String: String] = [:]
        for label in label {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard parts.count == 2 else {
                throw ValidationError("--label must be name=value, found \"\(label)\"")
            }
            labels[parts[0]] = parts[1]
        }
        LineLogHandler.bootstrap(level: .info, format: .logfmt)
        let spec = NodeSpec(
            id: id, capacity: Resources(milliCPU: milliCPU, memoryBytes: bytes), labels: labels)
        do {
            try await NodeProcess.run(
                NodeOptions(spec: spec, folder: NodeFolder(folder), lease: lease, metricsPort: metricsPort),
                environment: ProcessInfo.processInfo.environment, logger: Logger(label: "node"))
        } catch {
            Terminal.error("flyball node: \(error)")
            throw ExitCode(1)
        }
    }
}
