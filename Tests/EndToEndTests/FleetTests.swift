import Foundation
import Testing

extension EndToEnd {
    /// Real nodes, real replicas: what happens when something dies.
    struct FleetTests {
        @Test func `a killed node's replicas run on the others`() async throws {
            try await withSandbox { sandbox in
                let demo = try await DemoFleet.start(sandbox, replicas: 3)
                let replicas = try await demo.server.replicas("web")
                let victim = try #require(replicas.first?.node)
                let lost = Set(replicas.filter { $0.node == victim }.map(\.id))

                try demo.expectLimits(of: try #require(replicas.first?.id))
                let processes = demo.nodeProcesses(victim)
                #expect(!processes.isEmpty)
                for id in processes { kill(id, SIGKILL) }

                try await eventually("three replicas are ready, none of them a lost one") {
                    let now = try await demo.server.replicas("web").filter { $0.phase == "ready" }
                    return now.count == 3 && now.allSatisfy { !lost.contains($0.id) }
                }
                let decisions = String(
                    decoding: try await demo.server.body("/api/v1/audit?limit=200"), as: UTF8.self)
                #expect(decisions.contains("failover"))
                try await eventually("the node is started again") {
                    try await demo.health(of: victim) == "ready"
                }
                try await demo.server.interrupt()
                try await eventually("nothing is left") { sandbox.allDescendants().isEmpty }
            }
        }

        @Test func `a service killed hard finds its samples, replicas and log again`() async throws {
            try await withSandbox { sandbox in
                let demo = try await DemoFleet.start(sandbox, replicas: 3)
                let server = demo.server
                let before = try await server.replicas("web").map(\.id).sorted()
                let processes = demo.replicaProcesses()
                #expect(processes.count >= 3)
                try await eventually("samples are durable") {
                    try await server.value("flyball_storage_durable_timestamp_seconds") ?? 0 > 0
                }
                try await Task.sleep(for: .seconds(3))
                let durable = try #require(
                    try await server.value("flyball_storage_durable_timestamp_seconds"))
                let acknowledged = try await server.vector("up", time: durable)
                #expect(acknowledged.count >= 4)

                try await server.killHard()
                #expect(demo.replicaProcesses() == processes)
                try await server.restart()

                let found = try await server.vector("up", time: durable)
                let missing = Set(acknowledged.map { $0.metric }).subtracting(found.map { $0.metric })
                #expect(missing.isEmpty)
                try await eventually("the same replicas are ready") {
                    let now = try await server.replicas("web")
                    return now.map(\.id).sorted() == before
                        && now.allSatisfy { $0.phase == "ready" && $0.restarts == 0 }
                }
                try await Task.sleep(for: .seconds(3))
                #expect(demo.replicaProcesses() == processes)
                #expect(try await server.replicas("web").map(\.id).sorted() == before)
                let verified = try await server.command("audit", "verify")
                #expect(verified.status == 0, "\(verified.output)")
                try await server.interrupt()
                try await eventually("nothing is left") { sandbox.allDescendants().isEmpty }
            }
        }

        @Test func `a drain moves every replica and fails no request`() async throws {
            try await withSandbox { sandbox in
                let demo = try await DemoFleet.start(
                    sandbox, replicas: 3, load: ["--base", "10", "--peak", "20", "--day", "60s"])
                let server = demo.server
                try await eventually("requests are answered") {
                    try await server.value("sum(load_requests_total{outcome=\"ok\"})") ?? 0 > 50
                }
                let failed =
                    try await server.value("sum(load_requests_total{outcome=\"failed\"}) or vector(0)")
                    ?? 0
                let node = try #require(try await server.replicas("web").first?.node)

                let drained = try await server.command("fleet", "drain", node, "--reason", "test", "--wait")

                #expect(drained.status == 0, "\(drained.output)")
                #expect(try await server.replicas("web").allSatisfy { $0.node != node })
                try await eventually("three replicas are ready") { try await demo.ready() == 3 }
                try await Task.sleep(for: .seconds(3))
                let after =
                    try await server.value("sum(load_requests_total{outcome=\"failed\"}) or vector(0)")
                    ?? 0
                #expect(after == failed)
                try await server.interrupt()
            }
        }

        @Test func `the workload scales out and in on its own, and each decision explains itself`()
            async throws
        {
            try await withSandbox { sandbox in
                let demo = try await DemoFleet.start(
                    sandbox, replicas: 2, policies: true,
                    load: ["--base", "10", "--peak", "90", "--day", "90s"])
                let server = demo.server

                try await eventually("more replicas are ready", within: .seconds(180)) {
                    try await demo.ready() > 3
                }
                var most = 0
                try await eventually("fewer replicas again", within: .seconds(300)) {
                    let now = try await demo.ready()
                    most = max(most, now)
                    return now < most - 1
                }

                let explained = try await server.command("explain", "last")
                #expect(explained.status == 0, "\(explained.output)")
                #expect(explained.output.contains("web"))
                let listed = try await server.command("audit", "list")
                #expect(listed.output.contains("scaling") && listed.output.contains("POLICY"))
                let paused = try await server.command(
                    "pause", "web", "--reason", "test", "--for", "10m", "--owner", "ada")
                #expect(paused.status == 0, "\(paused.output)")
                let scaling = String(decoding: try await server.body("/api/v1/scaling"), as: UTF8.self)
                #expect(scaling.contains("\"test\"") && scaling.contains("\"principal\":\"ada\""))
                let delayed = try await server.command("scale", "web", "9")
                #expect(delayed.output.contains("paused by ada: test"), "\(delayed.output)")
                try await server.interrupt()
                try await eventually("no node or replica is left") {
                    sandbox.allDescendants().allSatisfy {
                        $0.command.contains("balancer") || $0.command.contains("demo load")
                    }
                }
            }
        }
    }
}
