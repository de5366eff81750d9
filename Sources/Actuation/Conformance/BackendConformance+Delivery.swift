import Control
import Fleet

extension BackendConformance {
    static let idempotencyCases = [
        Case(name: "a repeated start has one effect") { session in
            let node = try await session.startNode()
            let command = try await session.send(session.start("web-1", on: node))
            let before = try await session.readyReplica("web-1")

            try await session.subject.backend.perform(command)

            try await session.always("web-1 untouched") { $0.replicas == [before] }
        },
        Case(name: "a start of a running replica under another id has no effect") { session in
            let node = try await session.startNode()
            let before = try await session.runReplica("web-1", on: node)

            try await session.send(session.start("web-1", on: node))

            try await session.always("web-1 untouched") { $0.replicas == [before] }
        },
        Case(name: "repeats at the same moment have one effect") { session in
            let node = try await session.startNode()
            let command = await session.command(session.start("web-1", on: node))
            let backend = await session.subject.backend

            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { try await backend.perform(command) } }
                try await group.waitForAll()
            }

            let replica = try await session.readyReplica("web-1")
            try await session.always("one replica") { $0.replicas == [replica] }
        },
        Case(name: "a start that is repeated after its stop does not bring the replica back") { session in
            let node = try await session.startNode()
            let start = try await session.send(session.start("web-1", on: node))
            try await session.readyReplica("web-1")
            try await session.send(session.stop("web-1", on: node))
            try await session.eventually("no replica") { $0.replicas.isEmpty }

            try await session.subject.backend.perform(start)

            try await session.always("no replica") { $0.replicas.isEmpty }
        },
        Case(name: "a start that its stop overtook is refused") { session in
            let node = try await session.startNode()
            let start = await session.command(session.start("web-1", on: node), age: .seconds(1))
            try await session.send(session.stop("web-1", on: node))

            _ = try await session.refusal(of: start)

            try await session.always("no replica") { $0.replicas.isEmpty }
        },
        Case(name: "a stopped replica may be started again by a later command") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)
            try await session.send(session.stop("web-1", on: node))
            try await session.eventually("no replica") { $0.replicas.isEmpty }

            try await session.subject.pause()
            try await session.runReplica("web-1", on: node)
        },
        Case(name: "a command past its deadline is refused and has no effect") { session in
            let node = try await session.startNode()
            let late = await session.command(
                session.start("web-1", on: node), age: .seconds(20), lifetime: .seconds(10))

            guard case .refused = try await session.refusal(of: late) else {
                throw ConformanceFailure("not refused")
            }
            try await session.always("no replica") { $0.replicas.isEmpty }
        },
    ]

    static let fencingCases = [
        Case(name: "a lower epoch than seen is fenced and has no effect") { session in
            let node = try await session.startNode()
            let stale = await session.command(session.start("web-1", on: node))
            await session.raiseEpoch(to: 7)
            try await session.runReplica("web-2", on: node)

            let error = try await session.refusal(of: stale)

            try expect(error == .fenced(seen: 7), "fenced by epoch 7, but \(error)")
            try await session.always("only web-2") { $0.replicas.map(\.id.name) == ["web-2"] }
        },
        Case(name: "the inventory shows the highest epoch") { session in
            await session.raiseEpoch(to: 9)
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)

            try expect(try await session.subject.backend.inventory().epoch == 9, "epoch 9")
        },
        Case(name: "a restart of the service keeps the fence") { session in
            await session.raiseEpoch(to: 3)
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)
            await session.raiseEpoch(to: 2)
            try await session.subject.reopen()

            let error = try await session.refusal(of: session.command(session.stop("web-1", on: node)))

            try expect(error == .fenced(seen: 3), "fenced by epoch 3, but \(error)")
        },
    ]

    static let failureCases = [
        Case(name: "a restarted service finds every replica untouched") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)
            try await session.runReplica("web-2", on: node)
            let before = try await session.subject.backend.inventory()

            try await session.subject.reopen()

            try await session.always("the same nodes and replicas") { inventory in
                inventory.nodes == before.nodes && inventory.replicas == before.replicas
            }
        },
        Case(name: "a command is known after the service was restarted") { session in
            let node = try await session.startNode()
            let command = try await session.send(session.start("web-1", on: node))
            let before = try await session.readyReplica("web-1")
            try await session.subject.reopen()

            try await session.subject.backend.perform(command)

            try await session.always("web-1 untouched") { $0.replicas == [before] }
        },
        Case(name: "a lost answer is ambiguous, and the repeat has no second effect") { session in
            let node = try await session.startNode()
            guard await session.subject.loseNextReply() else { return }
            let command = await session.command(session.start("web-1", on: node))

            guard case .ambiguous = try await session.refusal(of: command) else {
                throw ConformanceFailure("a lost answer must be ambiguous")
            }
            let before = try await session.readyReplica("web-1")
            try await session.subject.backend.perform(command)
            try await session.always("web-1 untouched") { $0.replicas == [before] }
        },
        Case(name: "a crashed replica is started again and the restart is counted") { session in
            let node = try await session.startNode()
            let replica = try await session.runReplica("web-1", on: node)
            guard await session.subject.crash(replica.id) else { return }

            try await session.eventually("web-1 is ready again") { inventory in
                inventory.replicas.contains { $0.phase == .ready && $0.restarts == 1 }
            }
        },
        Case(name: "a killed node is reported as silent and refuses nothing that it cannot hear") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)
            guard await session.subject.kill(node) else { return }

            try await session.eventually("node \(node) is silent, with a reason") { inventory in
                inventory.replicas.isEmpty
                    && inventory.nodes.contains { $0.id == node && !$0.isReachable && $0.message != nil }
            }
            let error = try await session.refusal(
                of: session.command(session.start("web-2", on: node)))
            guard case .unavailable = error else {
                throw ConformanceFailure("a dead node must be unavailable, but \(error)")
            }
        },
        Case(name: "a killed node can be started again, as another incarnation and empty") { session in
            let node = try await session.startNode()
            try await session.runReplica("web-1", on: node)
            let before = try await session.subject.backend.inventory().nodes.first?.incarnation
            guard await session.subject.kill(node) else { return }

            try await session.eventually("silence") { $0.nodes.allSatisfy { !$0.isReachable } }
            try await session.startNode()

            let inventory = try await session.subject.backend.inventory()
            try expect(inventory.nodes.first?.incarnation != before, "another incarnation")
            try expect(inventory.replicas.isEmpty, "no replica")
        },
    ]
}
