import HTTPTypes
import Testing

@testable import Web

struct AuthorizationTests {
    @Test(arguments: [Role.open, .query]) func `reading needs no token`(_ role: Role) async throws {
        #expect(try await server().answer(.get, "/api/\(role.rawValue)").status == 200)
    }

    @Test(arguments: [Role.ingest, .operate, .admin]) func `changing anything needs the token`(_ role: Role)
        async throws
    {
        let uri = "/api/\(role.rawValue)"

        let without = try await server().answer(.post, uri)
        let wrong = try await server().answer(.post, uri, headers: ["Authorization": "Bearer secreT"])
        let right = try await server().answer(.post, uri, headers: ["Authorization": "Bearer secret"])

        #expect(without.status == 401)
        #expect(without.headers[.wwwAuthenticate] == "Bearer realm=\"flyball\"")
        #expect(without.body.hasPrefix(#"{"status":"error","errorType":"unauthorized","#))
        #expect(wrong.status == 401)
        #expect(right.status == 200)
    }

    @Test func `a server without a token changes nothing`() async throws {
        let answer = try await server(token: nil).answer(
            .post, "/api/operate", headers: ["Authorization": "Bearer "])

        #expect(answer.status == 403)
    }

    @Test(
        arguments: [
            ("http://localhost", 200), ("HTTP://LOCALHOST", 200), ("https://localhost", 200),
            ("http://localhost:81", 403), ("http://localhost.evil.example", 403), ("null", 403), ("", 403),
            ("http://evil.example", 403),
        ])
    func `only a page of the same host may change anything`(_ origin: String, _ status: Int) async throws {
        let headers = ["Authorization": "Bearer secret", "Origin": origin]

        #expect(try await server().answer(.post, "/api/operate", headers: headers).status == status)
        #expect(try await server().answer(.post, "/api/query", headers: headers).status == 200)
    }

    @Test(arguments: [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)])
    func `a browser that says the request is foreign is believed`(_ site: String, _ status: Int) async throws
    {
        let headers = ["Authorization": "Bearer secret", "Sec-Fetch-Site": site]

        #expect(try await server().answer(.post, "/api/admin", headers: headers).status == status)
    }

    @Test func `samples come without a token where that is said, but never from a page`() async throws {
        let open = Authorization(token: "secret", protecting: Role.changing.subtracting([.ingest]))
        let local = server(authorization: open)

        #expect(try await local.answer(.post, "/api/ingest").status == 200)
        #expect(try await local.answer(.post, "/api/operate").status == 401)
        for headers in [["Origin": "http://localhost"], ["Sec-Fetch-Site": "none"]] {
            #expect(try await local.answer(.post, "/api/ingest", headers: headers).status == 403)
        }
    }

    @Test(arguments: ["", "s", "secre", "secret1", "secretsecret", "Secret"])
    func `no other text equals the token`(_ text: String) {
        #expect(!Authorization.equal(Array(text.utf8), Array("secret".utf8)))
        #expect(Authorization.equal(Array("secret".utf8), Array("secret".utf8)))
        #expect(!Authorization.equal([], []))
    }
}
