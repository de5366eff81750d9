import Fleet
import Testing

@testable import Backends

@Suite struct LaunchTests {
    private func launch(_ command: [String], _ environment: [String: String] = [:]) -> Launch {
        Launch(
            Workload(id: WorkloadID("web")!, command: command, environment: environment),
            replica: ReplicaID("web-1")!, node: NodeID("n1")!, port: 4000, inheriting: ["PATH": "/bin"])
    }

    @Test func `placeholders are filled in arguments and environment`() {
        let launch = launch(["serve", "--port={port}", "{replica}@{node}", "{workload}"], ["PORT": "{port}"])

        #expect(launch.arguments == ["serve", "--port=4000", "web-1@n1", "web"])
        #expect(launch.environment == ["PATH": "/bin", "PORT": "4000"])
    }

    @Test func `other braces stay`() {
        #expect(
            launch(["{", "{}", "{other}", "a{port", "{{port}}"]).arguments
                == ["{", "{}", "{other}", "a{port", "{4000}"])
    }
}
