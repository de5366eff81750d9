package import Documents
package import PromQL
import TimeSeries

/// Rule unit tests as promtool runs them: series in, alerts and query results out.
package struct RuleUnitTest {
    private let file: UnitTestFile
    private let path: String
    private let groups: [RuleGroup]
    private let features: QueryFeatures

    /// - Parameter load: the files that a pattern of `rule_files` stands for; the pattern is relative to the test file.
    /// - Throws: what is wrong with the test file or with a rule file.
    package init(
        _ text: String, file path: String, features: QueryFeatures = [], ignoresUnknownKeys: Bool = false,
        load: (_ pattern: String) throws -> [NamedFile]
    ) throws {
        let document = DocumentReader(file: path)
        let root = try YAMLDocument.parse(text, file: path)
        let file = try document.finish(UnitTestFileReader(document: document).file(root))
        var groups: [RuleGroup] = []
        let options = RuleFile.Options(
            interval: file.evaluationInterval, features: features, ignoresUnknownKeys: ignoresUnknownKeys)
        for pattern in file.ruleFiles {
            for source in try load(pattern) {
                groups += try RuleFile.parse(source.text, file: source.path, options: options).groups
            }
        }
        self.file = file
        self.path = path
        self.features = features
        self.groups = groups.enumerated().sorted { a, b in
            func order(_ group: RuleGroup) -> Int { file.groupOrder.firstIndex(of: group.name) ?? 0 }
            return (order(a.element), a.offset) < (order(b.element), b.offset)
        }.map(\.element)
    }

    /// - Parameter isWanted: which tests run, by their names.
    package func run(_ isWanted: (_ name: String) -> Bool = { _ in true }) async -> TestReport {
        var report = TestReport()
        for test in file.tests where isWanted(test.name) {
            var run = UnitTestRun(
                test: test, groups: groups, evaluationInterval: file.evaluationInterval, features: features,
                isFuzzy: file.isFuzzy)
            await run.run()
            report.add(
                test.name,
                run.failures.map { failure in
                    Problem(
                        file: path, position: failure.position, message: "\(test.name): \(failure.message)")
                })
        }
        return report
    }
}
