import Testing

@testable import Web

struct RouteTableTests {
    private let table = RouteTable([
        Route([.get, .post], "/api/v1/query", role: .query, "q") { _ in .text("query") },
        Route([.get], "/api/v1/label/:name/values", role: .query, "v") {
            .text($0.pathParameters["name"] ?? "")
        },
    ])

    @Test func `a named segment takes one decoded segment of the path`() throws {
        guard case .found(_, let parameters) = table.match("GET", "/api/v1/label/a%20b/values") else {
            Issue.record("no match")
            return
        }
        #expect(parameters == ["name": "a b"])
    }

    @Test func `another method is told from an unknown path`() {
        guard case .wrongMethod(let allowed) = table.match("DELETE", "/api/v1/query") else {
            Issue.record("no match")
            return
        }
        #expect(allowed == ["GET", "HEAD", "POST"])
        guard case .unknown = table.match("GET", "/api/v1/query/") else {
            Issue.record("matched")
            return
        }
    }

    @Test func `the documentation lists every route with its role`() {
        #expect(table.markdown.contains("| GET, POST | `/api/v1/query` | query | q |"))
    }
}
