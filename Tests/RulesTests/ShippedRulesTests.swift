import Foundation
import Testing
import TimeSeries

@testable import Rules

private let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}

/// The files under rules/.
@Suite struct ShippedRulesTests {
    private static let folder = Fixtures.root.appending(path: "rules")

    private static var ruleFiles: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".rules.yml") }.sorted()
    }

    @Test func `three files are shipped`() {
        #expect(Self.ruleFiles == ["flyball.rules.yml", "node.rules.yml", "service.rules.yml"])
    }

    @Test(arguments: ruleFiles) func `our own reader takes a shipped file without a warning`(_ name: String)
        throws
    {
        let text = try Fixtures.text(Self.folder.appending(path: name))
        let file = try RuleFile.parse(text, file: name)

        #expect(file.warnings == [])
        #expect(file.groups.count == 2)
        for rule in file.groups.flatMap(\.rules) where rule.isAlerting {
            #expect(rule.labelTexts["severity"] != nil, "\(rule.name)")
            guard case .alerting(let alerting) = rule.kind else { continue }
            #expect(alerting.annotations.contains { $0.name == "summary" }, "\(rule.name)")
        }
    }

    @Test(.enabled(if: promtool != nil), arguments: ["check", "test"])
    func `promtool accepts them and their tests`(_ command: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(promtool))
        let isCheck = command == "check"
        let tests = Self.folder.appending(path: "tests")
        let names =
            isCheck
            ? Self.ruleFiles
            : try FileManager.default.contentsOfDirectory(atPath: tests.path).sorted()
                .filter { !$0.hasSuffix(".policies.test.yml") }
        #expect(!names.isEmpty)
        process.arguments = [command, "rules"] + names
        process.currentDirectoryURL = isCheck ? Self.folder : tests
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()

        #expect(process.terminationStatus == 0, "\(text)")
    }
}
