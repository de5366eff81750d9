import PromQL
import Testing

/// Cases of ours.
@Suite struct ScriptTests {
    @Test(arguments: ["forecast.test", "findings.test"])
    func `every case of our own comes out as written`(name: String) async throws {
        let script = try #require(Conformance.repositoryFile("Tests/PromQLTests/Scripts/" + name))

        let report = await PromQLScript(script, name: name).run()

        for failure in report.failures { Issue.record("\(failure)") }
        #expect(report.passed > 5)
    }

    @Test func `every worked example of the documentation comes out as written`() async throws {
        let page = try #require(Conformance.repositoryFile("docs/promql.md"))
        let blocks = page.split(separator: "```promqltest\n", omittingEmptySubsequences: false).dropFirst()
            .compactMap { $0.split(separator: "```", omittingEmptySubsequences: false).first }
        var passed = 0

        for block in blocks {
            let report = await PromQLScript(String(block), name: "docs/promql.md").run()
            for failure in report.failures { Issue.record("\(failure)") }
            passed += report.passed
        }

        #expect(passed >= 8)
    }
}

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
