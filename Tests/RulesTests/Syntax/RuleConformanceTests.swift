import Documents
import PromQL
import Testing

@testable import Rules

/// The rule files that come with Prometheus: the same ones are accepted and refused.
@Suite(.enabled(if: Fixtures.hasShared)) struct RuleConformanceTests {
    private func verdict(_ path: String, _ options: RuleFile.Options = .init()) throws -> DocumentError? {
        let text = try Fixtures.conformance(path)
        do {
            _ = try RuleFile.parse(text, file: path, options: options)
            return nil
        } catch let error {
            return error
        }
    }

    @Test(arguments: [
        "rulefmt/test.yaml", "rulefmt/test_aliases.yaml", "rulefmt/legacy_validation_annotation.good.yaml",
        "promtool/rules.yml", "promtool/rules_duplicates.yml", "promtool/bad-rules-error.yml",
        "promtool/at-modifier.yml", "promtool/negative-offset.yml", "promtool/prometheus-rules.lint.yml",
        "promtool/prometheus-config.rules.good.yml",
    ]) func `a good file is accepted`(_ path: String) throws {
        #expect(try verdict(path) == nil)
    }

    @Test(arguments: [
        ("rulefmt/bad_expr.bad.yaml", "5:20: could not parse expression: "),
        ("rulefmt/invalid_label_name.bad.yaml", "7:11: invalid label name \"__name__\""),
        (
            "rulefmt/invalid_record_name.bad.yaml",
            "4:17: invalid name of a recording rule: strawberry{flavor=\"sweet\"}"
        ),
        ("rulefmt/no_rec_alert.bad.yaml", "4:9: a rule needs \"record\" or \"alert\""),
        ("rulefmt/noexpr.bad.yaml", "4:9: a rule needs \"expr\", a PromQL expression"),
        ("rulefmt/record_and_alert.bad.yaml", "5:16: a rule is either \"record\" or \"alert\", not both"),
        ("rulefmt/record_and_for.bad.yaml", "6:14: a recording rule has no \"for\""),
        ("rulefmt/record_and_keep_firing_for.bad.yaml", "6:26: a recording rule has no \"keep_firing_for\""),
        ("promtool/rules-bad.yml", "12:33: template of summary: undefined variable \"$label\""),
        ("promtool/bad-rules-syntax.yml", "7:22: could not parse expression: "),
        ("promtool/rules_extrafields.yml", "7:5: unknown key \"namespace\" in a rule group"),
    ]) func `a bad file is refused with its place`(_ path: String, _ message: String) throws {
        let error = try #require(try verdict(path))

        #expect(error.problems[0].description.hasPrefix("\(path):\(message)"), "\(error)")
    }

    @Test func `unknown keys are taken where asked`() throws {
        #expect(try verdict("promtool/rules_extrafields.yml", .init(ignoresUnknownKeys: true)) == nil)
    }

    @Test func `experimental syntax needs its features`() throws {
        #expect(try verdict("promtool/features.yml") != nil)
        #expect(try verdict("promtool/features.yml", .init(features: .all)) == nil)
    }

    @Test func `rules that write the same series are a warning`() throws {
        let text = try Fixtures.conformance("promtool/rules_duplicates.yml")
        let file = try RuleFile.parse(text, file: "d")

        #expect(
            file.warnings.map(\.description) == [
                "d:18:9: record job:test:count_over_time1m{} stands at line 6 already; give it other labels or delete it",
                "d:23:9: record job:test:count_over_time1m{} stands at line 6 already; give it other labels or delete it",
            ])
    }
}
