import ArgumentParser
import Foundation
import Testing

@testable import flyball

/// What commands refuse before they do anything, and after they found nothing to do.
struct ArgumentTests {
    private let tests = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../rules/tests").standardizedFileURL.path

    @Test(arguments: ["policies", "rules"])
    func `a run in which no test has the name fails`(kind: String) async throws {
        let file = tests + (kind == "policies" ? "/demo.policies.test.yml" : "/service.test.yml")
        let arguments = ["--run", "of no such name", file]

        await #expect(throws: Failure.self) {
            if kind == "policies" {
                try await TestCommand.PolicyTests.parse(arguments).run()
            } else {
                try await TestCommand.RuleTests.parse(arguments).run()
            }
        }
    }

    @Test func `a pause that is no time is refused by the name of the option`() {
        let error = #expect(throws: (any Error).self) {
            try Pause.parse(["web", "--reason", "release", "--for", "long"])
        }

        #expect(error.map { Pause.message(for: $0) }?.contains("--for must be a duration") == true)
    }
}
