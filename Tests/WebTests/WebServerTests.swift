import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOEmbedded
import Synchronization
import Testing

@testable import Web

struct WebServerTests {
    @Test(arguments: ["/api/open", "/api/nothing", "/nothing", "/api/operate", "/api/query?a=%zz"])
    func `every answer bears the security headers`(_ uri: String) async throws {
        let headers = try await server().answer(.get, uri).headers

        for (name, value) in SecurityHeaders.all { #expect(headers[HTTPField.Name(name)!] == value) }
    }

    @Test func `the parameters of a form come before those of the query`() async throws {
        let answer = try await server().answer(
            .post, "/api/query?a=url&c=%2B+",
            headers: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
            body: "a=form&b=x%20y")

        #expect(answer.body == "a=form,b=x y,a=url,c=+ ")
    }

    @Test func `a broken escape is a bad request`() async throws {
        let answer = try await server().answer(.get, "/api/query?a=%zz")

        #expect(answer.status == 400)
        #expect(answer.body.contains(#""errorType":"bad_data""#))
    }

    @Test func `another method is answered with those that are allowed`() async throws {
        let answer = try await server().answer(.delete, "/api/query")

        #expect(answer.status == 405)
        #expect(answer.headers[.allow] == "GET, HEAD, POST")
    }

    @Test func `a body above the limit is refused`() async throws {
        let small = Route([.post], "/small", role: .query, "small", bodyLimit: 4) {
            .text(String(decoding: $0.body, as: UTF8.self))
        }

        #expect(try await server(routes: [small]).answer(.post, "/small", body: "1234").body == "1234")
        #expect(try await server(routes: [small]).answer(.post, "/small", body: "12345").status == 413)
    }

    @Test func `a handler that never blocks runs on the thread of its connection`() async throws {
        let loops = Route([.get], "/loop", role: .open, "loop", neverBlocks: true) { _ in
            .text("\(LoopExecutor.current?.isOnItsThread ?? false)")
        }
        let pools = Route([.get], "/pool", role: .open, "pool") { _ in
            .text("\(LoopExecutor.current?.isOnItsThread ?? false)")
        }

        try await server(routes: [loops, pools]).application().test(.live) { client in
            let loop = try await client.execute(uri: "/loop", method: .get)
            let pool = try await client.execute(uri: "/pool", method: .get)
            #expect(String(buffer: loop.body) == "true")
            #expect(String(buffer: pool.body) == "false")
        }
    }

    @Test func `a literal path and one with a name stand beside each other`() async throws {
        let named = Route([.get], "/things/:name", role: .open, "named") {
            .text($0.pathParameters["name"] ?? "")
        }
        let literal = Route([.get], "/things/all", role: .open, "all") { _ in .text("everything") }

        #expect(try await server(routes: [named, literal]).answer(.get, "/things/all").body == "everything")
        #expect(try await server(routes: [named, literal]).answer(.get, "/things/one").body == "one")
    }

    @Test func `HEAD is answered as GET, without the body`() async throws {
        let answer = try await server().answer(.head, "/api/open?a=b")

        #expect(answer.status == 200)
        #expect(answer.headers[.contentLength] == "3")
        #expect(answer.body.isEmpty)
    }

    @Test func `a handler that takes too long is cut off`() async throws {
        let slow = Route([.get], "/api/slow", role: .query, "slow") { _ in
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        }
        var limits = WebLimits()
        limits.requestTimeout = .milliseconds(10)

        let answer = try await server(routes: [slow], limits: limits).answer(.get, "/api/slow")

        #expect(answer.status == 503)
        #expect(answer.body.contains(#""errorType":"timeout""#))
    }

    @Test func `requests are counted by route and status`() async throws {
        let metrics = MetricRegistry()

        _ = try await server(metrics: metrics).answer(.get, "/api/open")
        _ = try await server(metrics: MetricRegistry()).answer(.get, "/other")

        let text = String(decoding: metrics.render(), as: UTF8.self)
        #expect(text.contains("\nflyball_http_requests_total{handler=\"/api/open\",code=\"200\"} 1\n"))
        #expect(!text.contains("handler=\"none\""))
    }

    @Test func `a port that is taken is one clear error`() async throws {
        try await server().application().test(.live) { client in
            let port = try #require(client.port)
            let error = await #expect(throws: ListenError.self) { try await server(port: port).run() }
            #expect(
                error?.description == "cannot listen on 127.0.0.1:\(port): another process listens there; "
                    + "stop it or choose another --web.listen-address")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a deadline is kept while one that is later is waited for`() async {
        let connections = ClientConnections()
        let (late, isLate) = AsyncStream<Void>.makeStream()
        let (first, second) = (EmbeddedChannel(), EmbeddedChannel())

        connections.begin(first, until: .now + .seconds(3600)) {}
        // The watch is asleep by then, or will look at both.
        await Task.yield()
        connections.begin(second, until: .now + .milliseconds(10)) { isLate.yield() }
        _ = await late.first { _ in true }

        #expect(connections.end(second))
        #expect(!connections.end(first))
    }

    @Test(.timeLimit(.minutes(5)), arguments: [false, true])
    func `a handler is cancelled when its client goes away`(_ neverBlocks: Bool) async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Bool>.makeStream()
        let slow = Route([.get], "/api/slow", role: .query, "slow", neverBlocks: neverBlocks) { _ in
            start.yield()
            try? await Task.sleep(for: .seconds(3600))
            end.yield(Task.isCancelled)
            return .text("")
        }

        try await server(routes: [slow]).application().test(.live) { client in
            let port = try #require(client.port)
            let other = TestClient(
                host: "localhost", port: port)
            other.connect()
            try await other.executeAndDontWaitForResponse(.init("/api/slow", method: .get))
            _ = await started.first { _ in true }
            try await other.shutdown()
            #expect(await ended.first { _ in true } == true)
        }
    }

    @Test func `one connection carries several requests`() async throws {
        try await server().application().test(.live) { client in
            for _ in 0..<3 {
                let response = try await client.execute(uri: "/api/open?a=1", method: .get)
                #expect(String(buffer: response.body) == "a=1")
                #expect(response.headers[.connection] != "close")
            }
        }
    }
}
