import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

/// Requests that are answered without the server's own handling, among those that are not.
struct DirectAnswersTests {
    private func echo(_ method: Web.Method, _ path: String, neverBlocks: Bool) -> Route {
        Route([method], path, role: .open, "echo", neverBlocks: neverBlocks) { request in
            // Whatever comes behind it has to wait.
            if request["wait"] != nil { try await Task.sleep(for: .milliseconds(20)) }
            return .text(
                "<\(request.path) \(request["n"] ?? "") \(String(decoding: request.body, as: UTF8.self))>")
        }
    }

    private var routes: [Route] {
        [
            echo(.get, "/direct", neverBlocks: true), echo(.get, "/other", neverBlocks: false),
            echo(.post, "/body", neverBlocks: true),
        ]
    }

    private func ask(_ text: String, routes: [Route]? = nil) async throws -> String {
        try await server(routes: routes ?? self.routes).application().test(.live) { client in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(
                separator: "\r\n")
            return try await exchange(lines, port: try #require(client.port))
        }
    }

    @Test(arguments: ["", "&wait=1"])
    func `requests of one connection are answered in their order, whoever answers`(_ wait: String)
        async throws
    {
        var text = ""
        for n in 0..<8 { text += "GET /direct?n=\(n)\(wait) HTTP/1.1\nHost: a\n\n" }
        text += "GET /other?n=8\(wait) HTTP/1.1\nHost: a\n\n"
        text += "GET /direct?n=9 HTTP/1.1\nHost: a\n\n"
        text += "POST /body?n=10 HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello"
        text += "GET /direct?n=11\(wait) HTTP/1.1\nHost: a\n\n"
        text += "GET /direct?n=12 HTTP/1.1\nHost: a\nConnection: close\n\n"

        let answer = try await ask(text)

        var wanted = (0..<8).map { "/direct \($0) " } + ["/other 8 ", "/direct 9 ", "/body 10 hello"]
        wanted += ["/direct 11 ", "/direct 12 "]
        #expect(answer.ranges(of: "HTTP/1.1 200 OK").count == wanted.count)
        var rest = answer[...]
        for body in wanted {
            let place = try #require(rest.firstRange(of: "<\(body)>"), "no \(body) behind what came before")
            rest = rest[place.upperBound...]
        }
    }

    @Test func `a request with a body goes on to the server, whatever its method`() async throws {
        let answer = try await ask(
            "GET /direct?n=1 HTTP/1.1\nHost: a\nContent-Length: 3\n\nabcGET /direct?n=2 HTTP/1.1\nHost: a\n"
                + "Connection: close\n\n")

        #expect(answer.contains("</direct 1 >"))
        #expect(answer.contains("</direct 2 >"))
    }

    @Test func `an answer has a date, a length and the headers of all answers`() async throws {
        try await server(routes: routes).application().test(.live) { client in
            for method in [HTTPRequest.Method.get, .head] {
                let response = try await client.execute(uri: "/direct?n=1", method: method)
                #expect(response.headers[.contentLength] == "12")
                #expect(response.headers[.date]?.hasSuffix(" GMT") == true)
                for (name, value) in SecurityHeaders.all {
                    #expect(response.headers[HTTPField.Name(name)!] == value)
                }
                #expect(String(buffer: response.body) == (method == .get ? "</direct 1 >" : ""))
            }
        }
    }

    @Test func `what is refused or fails is answered as by the server`() async throws {
        struct Broken: Error {}
        let broken = Route([.get], "/broken", role: .open, "broken", neverBlocks: true) { _ in throw Broken()
        }
        let closed = Route([.get], "/closed", role: .operate, "closed", neverBlocks: true) { _ in .text("") }

        try await server(routes: [broken, closed]).application().test(.live) { client in
            let wanted: [(String, HTTPResponse.Status)] = [
                ("/broken", .internalServerError), ("/closed", .unauthorized), ("/nothing", .notFound),
            ]
            for (uri, status) in wanted {
                let response = try await client.execute(uri: uri, method: .get)
                #expect(response.status == status)
            }
        }
    }

    @Test func `an answer that takes too long is given up`() async throws {
        var limits = WebLimits()
        limits.requestTimeout = .milliseconds(50)
        let slow = Route([.get], "/slow", role: .open, "slow", neverBlocks: true) { _ in
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        }

        try await server(routes: [slow], limits: limits).application().test(.live) { client in
            let response = try await client.execute(uri: "/slow", method: .get)
            #expect(response.status == .serviceUnavailable)
        }
    }

    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    ])
    func `dates are written as RFC 9110 says`(_ second: Int64, _ text: String) {
        #expect(HTTPDate.format(second) == text)
    }
}
