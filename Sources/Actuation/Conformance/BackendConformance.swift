import Control
import Fleet

/// What every backend must do, as cases that run against any of them: a repeat has one effect, a lower epoch none,
/// absence is what a stop asked for, a lost answer loses nothing, a restarted service finds what it left.
package enum BackendConformance {
    /// One sentence of the contract and how to check it.
    package struct Case: Sendable, CustomStringConvertible {
        package var name: String
        let body: @Sendable (ConformanceSession) async throws -> Void

        package var description: String { name }

        /// Runs the case and tears the subject down.
        /// - Throws: `ConformanceFailure`, or the error with which the backend answered where it must not.
        package func run(_ subject: any ConformanceSubject) async throws {
            do {
                try await body(ConformanceSession(subject))
            } catch {
                await subject.tearDown()
                throw error
            }
            await subject.tearDown()
        }
    }

    package static let cases: [Case] =
        nodeCases + replicaCases + idempotencyCases + fencingCases + failureCases
}

extension BackendConformance {
    static let nodeCases = [
        Case(name: "a started node is reported with its capacity and labels") { session in
            let spec = session.subject.nodes[0]
            let node = try await session.startNode()

            let report = try await session.subject.backend.inventory().nodes.first { $0.id == node }
            try expect(report?.capacity == spec.capacity, "capacity as specified")
            try expect(report?.labels == spec.labels, "labels as specified")
            try expect(report?.incarnation != nil, "an incarnation")
        },
        Case(name: "starting a node that runs changes nothing") { session in
            let node = try await session.startNode()
            let before = try await session.subject.backend.inventory().nodes

            try await session.send(.startNode(session.subject.nodes[0]))

            try await session.always("node \(node) is the same one") { $0.nodes == before }
        },
        Case(name: "a stopped node is gone with its replicas") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)

            try await session.send(.stopNode(node))

            try await session.eventually("no node and no replica") { inventory in
                inventory.nodes.isEmpty && inventory.replicas.isEmpty
            }
        },
        Case(name: "stopping a node that is not there is done at once") { session in
            try await session.send(.stopNode(session.subject.nodes[1].id))
        },
        Case(name: "nodes and replicas are listed in the order of their ids") { session in
            let first = try await session.startNode(0)
            let second = try await session.startNode(1)
            try await session.runReplica("web-2", on: first)
            try await session.runReplica("web-1", on: second)

            let inventory = try await session.subject.backend.inventory()
            try expect(inventory.nodes.map(\.id) == inventory.nodes.map(\.id).sorted(), "sorted nodes")
            try expect(inventory.replicas.map(\.id.name) == ["web-1", "web-2"], "sorted replicas")
            try expect(inventory.isComplete, "a complete inventory")
        },
    ]

    static let replicaCases = [
        Case(name: "a started replica becomes ready on the node that was named") { session in
            let node = try await session.startNode()

            let replica = try await session.runReplica("web-1", on: node)

            let workload = session.subject.workload
            try expect(replica.node == node, "on \(node)")
            try expect(replica.workload == workload.id, "of \(workload.id)")
            try expect(replica.request == workload.request, "with its request")
            try expect(replica.address != nil, "with an address")
            try expect(replica.restarts == 0, "without a restart")
        },
        Case(name: "a stopped replica is gone and its node stays") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)

            try await session.send(session.stop("web-1", on: node))

            try await session.eventually("no replica") { $0.replicas.isEmpty && $0.nodes.count == 1 }
        },
        Case(name: "stopping a replica that is not there is done at once") { session in
            let node = try await session.startNode()

            try await session.send(session.stop("web-9", on: node))
        },
        Case(name: "stopping a replica on another node leaves it running") { session in
            let first = try await session.startNode(0)
            let second = try await session.startNode(1)
            try await session.runReplica("web-1", on: first)

            try await session.send(session.stop("web-1", on: second))

            try await session.always("web-1 is ready on \(first)") { inventory in
                inventory.replicas.map(\.phase) == [.ready] && inventory.replicas[0].node == first
            }
        },
        Case(name: "a start on an unknown node is refused") { session in
            let command = await session.command(
                session.start("web-1", on: session.subject.nodes[1].id))
            guard case .refused = try await session.refusal(of: command) else {
                throw ConformanceFailure("not refused")
            }
        },
        Case(name: "a workload without a command is refused") { session in
            let node = try await session.startNode()
            var workload = session.subject.workload
            workload.command = []
            let command = await session.command(
                .start(replica: ReplicaID("web-1")!, workload: workload, node: node))

            guard case .refused = try await session.refusal(of: command) else {
                throw ConformanceFailure("not refused")
            }
            try await session.always("no replica") { $0.replicas.isEmpty }
        },
        Case(name: "changes are announced") { session in
            let node = try await session.startNode()
            let changes = await session.subject.backend.changes()

            try await session.send(session.start("web-1", on: node))

            var iterator = changes.makeAsyncIterator()
            try expect(await iterator.next() != nil, "an announcement")
        },
    ]
}
