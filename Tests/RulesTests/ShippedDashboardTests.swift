import Documents
import Foundation
import PromQL
import Testing

@testable import Rules

/// The files under dashboards/.
@Suite struct ShippedDashboardTests {
    private static func dashboard() throws -> Node {
        let text = try Fixtures.text(Fixtures.root.appending(path: "dashboards/flyball.json"))
        return try YAMLDocument.parse(text, file: "flyball.json")
    }

    private static func list(_ node: Node?) -> [Node] {
        if case .sequence(let items)? = node?.content { items } else { [] }
    }

    @Test func `every query of the dashboard is PromQL`() throws {
        var count = 0
        for panel in Self.list(try Self.dashboard()["panels"]) {
            for target in Self.list(panel["targets"]) {
                let query = try #require(target["expr"]?.text).replacing("$__rate_interval", with: "1m")
                #expect(throws: Never.self, "\(query)") { try Expression.parse(query) }
                count += 1
            }
        }
        #expect(count > 30)
    }

    @Test func `panels have titles, identities and places that do not overlap`() throws {
        var identities: Set<String> = []
        var taken: Set<[Int]> = []
        for panel in Self.list(try Self.dashboard()["panels"]) {
            let title = try #require(panel["title"]?.text)
            #expect(identities.insert(try #require(panel["id"]?.text)).inserted, "\(title)")
            let place = try #require(panel["gridPos"])
            let numbers = ["x", "y", "w", "h"].compactMap { place[$0]?.text.flatMap { Int($0) } }
            try #require(numbers.count == 4)
            #expect(numbers[0] + numbers[2] <= 24, "\(title)")
            for x in numbers[0]..<numbers[0] + numbers[2] {
                for y in numbers[1]..<numbers[1] + numbers[3] {
                    #expect(taken.insert([x, y]).inserted, "\(title) overlaps at \(x), \(y)")
                }
            }
        }
    }
}
