import Documents
import Testing
import TimeSeries

@testable import Fleet

struct FleetFileTests {
    @Test func `a workload is read with everything it can say`() throws {
        let file = try FleetFile.parse(
            text: """
                nodes:
                - { name: n1, cpu: 2, memory: 2GiB, labels: { zone: a } }
                workloads:
                - name: web
                  command: [serve, --port, "{port}"]
                  environment: { MODE: fast }
                  request: { cpu: 500m, memory: 64MiB }
                  limit: { cpu: 1 }
                  priority: 10
                  replicas: 3
                  health: { path: /ready, interval: 500ms, failure_threshold: 2 }
                  metrics_path: /m
                  stop_grace: 5s
                  labels: { team: a }
                  placement:
                    nodes: [ { key: zone, operator: In, values: [a, b] } ]
                    preferred_nodes: [ { weight: 50, match: [ { key: disk } ] } ]
                    anti_affinity: [ { workload: web, weight: 100 } ]
                """, file: "web.yml")

        #expect(file.nodes.map(\.id.name) == ["n1"])
        #expect(file.nodes[0].capacity == Resources(milliCPU: 2000, memoryBytes: 2 << 30))
        let web = try #require(file.workloads.first)
        #expect(web.command == ["serve", "--port", "{port}"])
        #expect(web.request == Resources(milliCPU: 500, memoryBytes: 64 << 20))
        #expect(web.limit == Resources(milliCPU: 1000, memoryBytes: 64 << 20))
        #expect(web.initialReplicas == 3)
        #expect(web.stopGrace == .seconds(5))
        #expect(web.health?.interval == .milliseconds(500))
        #expect(web.metricsPath == "/m")
        #expect(web.placement.nodeAffinity[0].comparison == .isIn)
        #expect(web.placement.preferredNodes[0].requirements[0].comparison == .exists)
        #expect(web.placement.antiAffinity[0].weight == 100)
    }

    @Test func `a command line is split into words and never goes through a shell`() throws {
        #expect(
            CommandLine.words(#"run --name 'a b' "c\"d" e\ f ''"#) == [
                "run", "--name", "a b", "c\"d", "e f", "",
            ])
        #expect(CommandLine.words("run 'a") == nil)
    }

    @Test(arguments: [
        ("workloads: [ { name: Web, command: run } ]", "f.yml:1:22: name must be a name"),
        ("workloads: [ { name: web } ]", "f.yml:1:14: a workload needs \"command\""),
        ("nodes: [ { name: a, cpu: 2x, memory: 1GiB } ]", "f.yml:1:26: cpu must be a CPU amount"),
        (
            "nodes:\n- { name: a, cpu: 1, memory: 1 }\n- { name: a, cpu: 1, memory: 1 }",
            "f.yml:3:3: node \"a\" is defined twice"
        ),
        (
            "nodes: [ { name: a, cpu: 0, memory: 1 } ]",
            "f.yml:1:10: node \"a\" needs a cpu and a memory above 0"
        ),
        ("workload: []", "f.yml:1:1: unknown key \"workload\""),
        (
            "workloads: [ { name: a, command: r, request: { cpu: 2 }, limit: { cpu: 1 } } ]",
            "f.yml:1:65: limit (cpu 1, memory 64MiB) is below request"
        ),
        (
            "workloads: [ { name: a, command: r, placement: { nodes: [ { key: k, operator: Gt, values: [x] } ] } } ]",
            "f.yml:1:91: Gt needs one whole number"
        ),
    ])
    func `an error names its place and the remedy`(text: String, message: String) {
        let error = #expect(throws: DocumentError.self) { try FleetFile.parse(text: text, file: "f.yml") }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func `a workload that two files define is refused`() throws {
        let a = try FleetFile.parse(text: "workloads: [ { name: web, command: run } ]", file: "a.yml")

        let error = #expect(throws: DocumentError.self) { try FleetFile.merge([("a.yml", a), ("b.yml", a)]) }

        #expect(error?.description == "b.yml: workload \"web\" is already defined in a.yml")
    }
}
