import PromQL
import Testing

/// Prometheus' own cases.
@Suite(.enabled(if: Conformance.shared != nil)) struct ConformanceTests {
    @Test(arguments: Conformance.names)
    func `every case of Prometheus comes out the same`(name: String) async throws {
        let script = try #require(Conformance.script(name))

        let report = await PromQLScript(script, name: name).run()

        print("\(name): \(report)")
        for failure in report.failures { Issue.record("\(failure)") }
        #expect(report.passed > 0)
    }
}
