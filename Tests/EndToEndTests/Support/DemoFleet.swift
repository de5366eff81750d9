import Foundation
import Testing

/// The demo's workload, balancer and load on free ports, around one service.
struct DemoFleet {
    let server: FlyballServer
    let balancerPort: Int
    let loadPort: Int

    /// - Parameter policies: policy files; without one the workload keeps its count.
    static func start(_ sandbox: Sandbox, replicas: Int = 3, policies: Bool = false, load: [String]? = nil)
        async throws -> DemoFleet
    {
        let balancerPort = try Sandbox.freePort()
        let loadPort = try Sandbox.freePort()
        let fleet = try String(contentsOfFile: Sandbox.root + "/fleet/demo.yml", encoding: .utf8)
        _ = try sandbox.write(
            "fleet/demo.yml", fleet.replacingOccurrences(of: "replicas: 2", with: "replicas: \(replicas)"))
        let server = try await FlyballServer(
            sandbox,
            configuration: """
                global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 2s }
                scrape_configs:
                - job_name: balancer
                  static_configs: [ { targets: ['127.0.0.1:\(balancerPort)'] } ]
                - job_name: load
                  static_configs: [ { targets: ['127.0.0.1:\(loadPort)'] } ]
                rule_files: [ \(Sandbox.root)/rules/*.rules.yml ]
                policy_files: [ \(policies ? Sandbox.root + "/rules/*.policies.yml" : "") ]
                fleet:
                  backend:
                    kind: process
                    nodes:
                    - { name: n1, cpu: 1, memory: 512MiB, labels: { zone: a } }
                    - { name: n2, cpu: 1, memory: 512MiB, labels: { zone: b } }
                    - { name: n3, cpu: 1, memory: 512MiB, labels: { zone: c } }
                  files: [ fleet/*.yml ]
                """.replacingOccurrences(of: "policy_files: [  ]", with: "policy_files: []"))
        let demo = DemoFleet(server: server, balancerPort: balancerPort, loadPort: loadPort)
        try await eventually("\(replicas) replicas are ready") { try await demo.ready() >= replicas }
        if let load {
            try sandbox.start(
                Sandbox.binary,
                ["demo", "balancer", "--url", server.url, "--listen", "127.0.0.1:\(balancerPort)"],
                log: "balancer.log")
            try await eventually("the balancer answers") {
                !(try await FlyballServer.get("http://127.0.0.1:\(balancerPort)/metrics")).isEmpty
            }
            try sandbox.start(
                Sandbox.binary,
                [
                    "demo", "load", "--target", "http://127.0.0.1:\(balancerPort)/work", "--listen",
                    "127.0.0.1:\(loadPort)",
                ] + load,
                log: "load.log")
        }
        return demo
    }

    func ready() async throws -> Int { try await server.replicas("web").filter { $0.phase == "ready" }.count }

    /// Where the machine has control groups for CPU and memory, the replica's have the limits of `fleet/demo.yml`.
    func expectLimits(of replica: String) throws {
        let limits = [
            ("/sys/fs/cgroup/cpu/flyball", "cpu.cfs_quota_us", "50000"),
            ("/sys/fs/cgroup/memory/flyball", "memory.limit_in_bytes", "268435456"),
            ("/sys/fs/cgroup/flyball", "cpu.max", "50000 100000"),
            ("/sys/fs/cgroup/flyball", "memory.max", "268435456"),
        ]
        for (root, file, expected) in limits {
            for node in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
                let path = "\(root)/\(node)/\(replica)"
                let owners = (try? String(contentsOfFile: path + "/cgroup.procs", encoding: .utf8)) ?? ""
                guard owners.split(separator: "\n").contains(where: { isOurs(String($0)) }),
                    let found = try? String(contentsOfFile: path + "/" + file, encoding: .utf8)
                else { continue }
                #expect(found.trimmingCharacters(in: .whitespacesAndNewlines) == expected, "\(path)/\(file)")
            }
        }
    }

    private func isOurs(_ id: String) -> Bool {
        let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")
        return place?.hasPrefix(server.sandbox.folder) ?? false
    }

    func health(of node: String) async throws -> String {
        let fleet = try await server.data("/api/v1/fleet") as? [String: Any]
        let nodes = fleet?["nodes"] as? [[String: Any]] ?? []
        return nodes.first { $0["name"] as? String == node }?["health"] as? String ?? ""
    }

    /// Process ids of the `flyball node` process of a node.
    func nodeProcesses(_ node: String) -> [Int32] {
        server.sandbox.processes().filter {
            $0.command.contains(" node ") && ($0.command + " ").contains(" \(node) ")
        }.map(\.id)
    }

    /// Process ids of replicas.
    func replicaProcesses() -> Set<Int32> {
        Set(server.sandbox.allDescendants().filter { $0.command.contains("demo workload") }.map(\.id))
    }
}

extension Sandbox {
    /// Living processes whose command line or working folder is below the sandbox.
    func allDescendants() -> [(id: Int32, command: String)] {
        let ids =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return ids.sorted().compactMap { id in
            guard let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline"), !data.isEmpty else {
                return nil
            }
            let command = String(decoding: data.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            let place = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")) ?? ""
            return command.contains(folder) || place.hasPrefix(folder) ? (id, command) : nil
        }
    }
}
