import Actuation
import Audit
import Backends
import Control
import Coordination
import Curl
import Fleet
import Foundation
import Journal
import Logging
import TimeSeries

/// The control loop with its log, its lease, the backend and the actuator between them.
final class ControlPlane: Sendable {
    let runner: ControlRunner
    let audit: AuditLog
    private let backend: any NodeBackend
    private let processes: ProcessBackend?
    private let actuator: Actuator
    private let lease: LocalLease
    private let clock: any Clock
    private let logger = Logger(label: "control")

    /// Recovers the loop from its journal and takes the next epoch.
    init(
        _ configuration: Configuration, disk: any Disk, lock: DirectoryLock, reserve: DiskReserve,
        folder: String,
        transport: any Transport,
        clock: any Clock
    ) throws {
        self.clock = clock
        let signer = try AuditKey.load(folder: folder, origin: configuration.auditOrigin)
        audit = try AuditLog(disk: disk, origin: configuration.auditOrigin, signer: signer, reserve: reserve)
        let runner = try ControlRunner(
            audit: audit, disk: disk, announce: { [logger] in DecisionLog.write($0, to: logger) })
        self.runner = runner
        lease = try Self.lease(disk, lock, reserve, above: runner.epoch)
        let launcher = NodeLauncher(
            executable: ProcessInfo.processInfo.executablePath, lease: configuration.fleet.lease,
            environment: ProcessInfo.processInfo.environment)
        let local = try ProcessBackend(
            folder: folder + "/nodes", launcher: launcher, transport: transport, clock: clock)
        switch configuration.fleet.backend {
        case .process:
            processes = local
            backend = local
        case .dryRun:
            // What runs in this folder is shown and left alone.
            processes = nil
            backend = DryRunBackend(observing: local, clock: clock)
        }
        actuator = Actuator(
            backend: backend, clock: clock,
            objection: { command in runner.objection(to: command, at: clock.now) },
            report: { report in _ = runner.submit(.outcome(command: report.command.id, report.outcome)) })
    }

    /// The next epoch; on a full disk in the space of the reserve, so that the service can start there.
    private static func lease(
        _ disk: any Disk, _ lock: DirectoryLock, _ reserve: DiskReserve, above floor: UInt64
    ) throws -> LocalLease {
        do {
            return try LocalLease(disk: disk, lock: lock, above: floor)
        } catch LocalLease.Failure.disk(let error) {
            guard error.isDiskFull, reserve.release() else { throw LocalLease.Failure.disk(error) }
            return try LocalLease(disk: disk, lock: lock, above: floor)
        }
    }

    var view: @Sendable () -> ControlView { { [runner] in runner.view } }

    func submit(_ event: Event) { runner.submit(event) }

    func configure(_ generation: Generation) {
        runner.configure(
            nodes: generation.configuration.fleet.nodes + generation.fleet.nodes,
            workloads: generation.fleet.workloads,
            policies: generation.policies, limits: generation.configuration.fleet.guards,
            nodePools: generation.fleet.nodePools)
    }

    /// Leads until cancelled.
    func run() async {
        let capabilities = await backend.capabilities()
        let limits = capabilities.limits.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        logger.notice(
            "the control loop begins",
            metadata: [
                "epoch": "\(lease.epoch)", "backend": "\(backend.kind)",
                "limits": "\(limits.joined(separator: ", "))",
            ])
        for loss in audit.losses { logger.error("the journal is damaged", metadata: ["loss": "\(loss)"]) }
        runner.begin(lease)
        await withDiscardingTaskGroup { group in
            group.addTask { [actuator] in await actuator.run() }
            group.addTask { [runner, backend, clock, actuator] in
                await runner.run(backend: backend, clock: clock, execute: { actuator.submit($0) })
            }
        }
    }

    /// Stops every node and replica, for the end of the service by a person's hand, and closes the log.
    func stop() async {
        if let processes {
            let left = await processes.stopAllNodes(within: .seconds(25))
            for node in left { logger.error("a node did not stop", metadata: ["node": "\(node)"]) }
            // Recorded, so that the next start does not take its nodes for lost.
            if left.isEmpty { _ = try? await runner.runBatch(runner.drain() + [.ended], at: clock.now) }
        }
        do {
            try runner.close()
        } catch {
            logger.error("the journal cannot be closed", metadata: ["reason": "\(error)"])
        }
        lease.release()
    }
}

extension ProcessInfo {
    /// The file of this program.
    var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
    }
}
