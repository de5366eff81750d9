import PromQL
import Testing
import TimeSeries

@testable import HTTPAPI

struct ParsedQueriesTests {
    @Test func `a tree that is kept answers its own text, not one that looks alike`() throws {
        let queries = ParsedQueries(features: [])
        let texts = ["m{l=\"\u{e9}\"}", "m{l=\"e\u{301}\"}"]

        let trees = try texts.map { try queries.parse($0) }

        #expect(trees[0] != trees[1])
        #expect(try texts.map { try queries.parse($0) } == trees)
        #expect(trees[1].selectors.flatMap(\.matchers).first { $0.name == "l" }?.value.utf8.count == 3)
    }
}
