import Documents
import Foundation
import PromQL
import Testing

@testable import Rules

/// promtool's own rule unit tests, with promtool's verdicts.
@Suite(.enabled(if: Fixtures.hasShared)) struct RuleUnitTestConformanceTests {
    private func run(
        _ name: String, ignoresUnknownKeys: Bool = false, features: QueryFeatures = []
    ) async throws -> TestReport {
        let test = try RuleUnitTest(
            Fixtures.conformance("promtool/\(name)"), file: name, features: features,
            ignoresUnknownKeys: ignoresUnknownKeys
        ) { pattern in
            [NamedFile(path: pattern, text: try Fixtures.conformance("promtool/\(pattern)"))]
        }
        return await test.run()
    }

    @Test(arguments: [
        ("unittest.yml", 5), ("long-period.yml", 1), ("start-time-test.yml", 4),
        ("no-test-group-interval.yml", 1),
        ("at-modifier-test.yml", 1), ("negative-offset-test.yml", 1), ("rules_run_no_fuzzy.yml", 0),
    ]) func `a file passes`(_ name: String, _ passed: Int) async throws {
        let report = try await run(name)

        if passed > 0 { #expect(report.failures.map(\.description) == []) }
        #expect(report.passed.count == passed)
    }

    @Test func `wrong expectations fail where they stand`() async throws {
        let report = try await run("failing.yml")

        #expect(report.passed == [])
        #expect(report.failures.map { $0.position?.line } == [20, 13, 33, 36])
    }

    @Test func `of two tests the wrong one fails`() async throws {
        let report = try await run("rules_run.yml")

        #expect(report.passed == ["correct test"])
        #expect(
            report.failures.map(\.description) == [
                "rules_run.yml:26:9: wrong test: expr: \"test\", time: 0s,\n    exp: test 1\n    got: test 0"
            ])
    }

    @Test func `values that differ in the last two bits are equal where asked`() async throws {
        #expect(try await run("rules_run_fuzzy.yml").passed == ["correct fuzzy match"])
        #expect(try await run("rules_run_fuzzy.yml").failures.count == 2)
        #expect(try await run("rules_run_no_fuzzy.yml").failures.count == 2)
    }

    @Test func `a failing rule or query fails its test`() async throws {
        #expect(try await run("bad-rules-error-test.yml").failures.count == 1)
        #expect(try await run("bad-promql.yml").failures.count == 1)
    }

    @Test(arguments: ["bad-rules-syntax-test.yml", "bad-input-series.yml", "rules_run_extrafields.yml"])
    func `a file that cannot be read is refused`(_ name: String) async throws {
        await #expect(throws: DocumentError.self) { try await run(name) }
    }

    @Test func `unknown keys of rule files are taken where asked`() async throws {
        #expect(try await run("rules_run_extrafields.yml", ignoresUnknownKeys: true).failures.isEmpty)
    }
}

/// The tests that are shipped beside the shipped rules.
@Suite struct ShippedRuleUnitTests {
    @Test(arguments: ["flyball.test.yml", "node.test.yml", "service.test.yml"])
    func `they pass here as in promtool`(_ name: String) async throws {
        let folder = Fixtures.root.appending(path: "rules/tests")
        let test = try RuleUnitTest(Fixtures.text(folder.appending(path: name)), file: name) { pattern in
            [NamedFile(path: pattern, text: try Fixtures.text(folder.appending(path: pattern)))]
        }
        let report = await test.run()

        #expect(report.failures.map(\.description) == [])
        #expect(!report.passed.isEmpty)
    }
}
