import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Testing
import Web

@testable import Console

struct ConsoleRoutesTests {
    private func get(
        _ uri: String, from routes: ConsoleRoutes = ConsoleRoutes(), tag: String? = nil
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        let server = WebServer(
            port: 0, routes: routes.routes, metrics: MetricRegistry(), logger: Logger(label: "test"))
        var headers = HTTPFields()
        if let tag { headers[.ifNoneMatch] = tag }
        let sent = headers
        return try await server.application().test(.router) { client in
            let response = try await client.execute(uri: uri, method: .get, headers: sent)
            return (response.status.code, response.headers, String(buffer: response.body))
        }
    }

    /// The files as they lie in the repository, by name.
    private func files() throws -> [(name: String, text: String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Console/Assets").standardizedFileURL
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name: name, text: try String(contentsOf: folder.appending(path: name), encoding: .utf8))
        }
    }

    @Test func `the page is served with the policy that allows only its own files`() async throws {
        let (status, headers, body) = try await get("/")

        #expect(status == 200)
        #expect(headers[.contentType] == "text/html; charset=utf-8")
        #expect(headers[.contentSecurityPolicy] == SecurityHeaders.contentSecurityPolicy)
        #expect(body.contains("<title>Flyball</title>"))
    }

    @Test func `the link of an alert leads to the page`() async throws {
        let (status, headers, _) = try await get("/graph?g0.expr=up&g0.tab=1")

        #expect(status == 302)
        #expect(headers[.location] == "/")
    }

    @Test func `every file of the page is served`() async throws {
        for (name, text) in try files() where name != "index.html" {
            let (status, _, body) = try await get("/assets/\(name)")
            #expect(status == 200, "\(name)")
            #expect(body == text, "\(name)")
        }
    }

    @Test func `every file that a file names is served`() async throws {
        let served = Set(ConsoleRoutes().routes.map(\.pattern))

        for (name, text) in try files() {
            for match in text.matches(of: /"(\/assets\/[^"]+)"/) {
                #expect(served.contains(String(match.output.1)), "\(name) names \(match.output.1)")
            }
        }
    }

    @Test func `no file parses HTML, holds inline code or leaves the service`() throws {
        let banned = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
        ]

        for (name, text) in try files() {
            for word in banned { #expect(!text.contains(word), "\(name) has \(word)") }
            if name != "icon.svg" {
                #expect(!text.contains("http://") && !text.contains("https://"), "\(name)")
            }
            guard name.hasSuffix(".html") else { continue }
            #expect(text.firstMatch(of: /\sstyle=|\son[a-z]+=|<style|<script>/) == nil, "\(name)")
        }
    }

    @Test func `a file that the browser has is not sent again`() async throws {
        let tag = try #require(try await get("/assets/app.js").headers[.eTag])

        let again = try await get("/assets/app.js", tag: tag)

        #expect(again.status == 304)
        #expect(again.body.isEmpty)
    }

    @Test func `a missing chart library is one clear answer`() async throws {
        let (status, _, body) = try await get(
            "/assets/dygraph.min.js", from: ConsoleRoutes(chartLibrary: "/nonexistent"))

        #expect(status == 404)
        #expect(body.contains("libjs-dygraphs"))
    }
}
