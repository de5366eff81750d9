import Curl
import Glibc
import Testing

@Suite(.timeLimit(.minutes(5)))
struct CurlTransportTests {
    private let transport = CurlTransport()

    private func error(_ request: TransportRequest) async -> TransportError? {
        do {
            _ = try await transport.perform(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an answer carries status, headers in lower case and body`() async throws {
        let server = LoopbackServer { _ in
            LoopbackServer.answer("404 Not Found", ["X-Who:  me "], body: Array("gone".utf8))
        }
        defer { server.stop() }

        let response = try await transport.perform(TransportRequest(url: server.url("/a?b=c")))

        #expect(response.status == 404)
        #expect(response.header("x-who") == "me")
        #expect(response.body == Array("gone".utf8))
        #expect(response.wireBytes == 4)
        #expect(server.requests.first?.hasPrefix("GET /a?b=c HTTP/1.1\r\n") == true)
    }

    @Test func `requests after the first reuse the connection`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer(body: [1]) }
        defer { server.stop() }

        for _ in 0..<5 { _ = try await transport.perform(TransportRequest(url: server.url("/"))) }

        // A machine that stands still for long may cost one connection, never one a request.
        #expect(server.connections <= 2)
    }

    @Test func `a request that differs from the last one to its URL is sent as it is`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer(body: [1]) }
        defer { server.stop() }
        let url = server.url("/")

        for value in ["one", "two", "two"] {
            _ = try await transport.perform(
                TransportRequest(url: url, headers: [(name: "X-Is", value: value)]))
        }
        _ = try await transport.perform(TransportRequest(method: "POST", url: url, body: [7]))
        _ = try await transport.perform(TransportRequest(url: url))

        let sent = server.requests.map { request in
            request.split(separator: " ")[0]
                + (request.firstRange(of: "X-Is: ").map { "=" + request[$0.upperBound...].prefix(3) } ?? "")
        }
        #expect(sent == ["GET=one", "GET=two", "GET=two", "POST", "GET"])
    }

    @Test func `nothing of a reclaimed body is in the next answer`() async throws {
        let server = LoopbackServer { request in
            LoopbackServer.answer(
                body: Array((request.hasPrefix("GET /long") ? "long answer" : "short").utf8))
        }
        defer { server.stop() }

        for path in ["/long", "/short", "/long", "/short"] {
            let answer = try await transport.perform(TransportRequest(url: server.url(path)))
            #expect(answer.body == Array((path == "/long" ? "long answer" : "short").utf8))
            transport.reclaim(answer.body)
        }
    }

    @Test func `a reason with a colon is no header`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer("500 Error: no", ["A: b"], body: []) }
        defer { server.stop() }

        let answer = try await transport.perform(TransportRequest(url: server.url("/")))

        #expect(answer.status == 500)
        #expect(answer.headers.map(\.name) == ["content-length", "a"])
    }

    @Test func `a posted body arrives with the headers that were given`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer(body: []) }
        defer { server.stop() }

        _ = try await transport.perform(
            TransportRequest(
                method: "POST", url: server.url("/"),
                headers: [
                    (name: "Content-Type", value: "application/json"), (name: "X-A", value: "1\r\nX-B: 2"),
                ], body: Array("{}".utf8)))

        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST / HTTP/1.1\r\n"))
        #expect(request.contains("Content-Type: application/json\r\n"))
        #expect(request.contains("X-A: 1X-B: 2\r\n"))
        #expect(request.hasSuffix("\r\n\r\n{}"))
        #expect(!request.contains("Expect"))
    }

    @Test func `a method other than GET and POST is sent as it is`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer(body: []) }
        defer { server.stop() }

        _ = try await transport.perform(TransportRequest(method: "DELETE", url: server.url("/x")))

        #expect(server.requests.first?.hasPrefix("DELETE /x HTTP/1.1\r\n") == true)
    }

    @Test func `a compressed answer is unpacked`() async throws {
        // `printf aaaaaaaaaa | gzip -n`
        let packed: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff,
            0x4b, 0x4c, 0x84, 0x01, 0x00, 0xf0, 0xcd, 0x11, 0x4c, 0x0a, 0x00, 0x00, 0x00,
        ]
        let server = LoopbackServer { _ in
            LoopbackServer.answer("200 OK", ["Content-Encoding: gzip"], body: packed)
        }
        defer { server.stop() }

        let response = try await transport.perform(TransportRequest(url: server.url("/"), acceptsGzip: true))

        #expect(response.body == Array("aaaaaaaaaa".utf8))
        #expect(response.wireBytes == packed.count)
        #expect(server.requests.first?.contains("Accept-Encoding: gzip\r\n") == true)
    }

    @Test func `an unix socket replaces the host`() async throws {
        let path = "/tmp/flyball-curl-\(getpid()).sock"
        let server = LoopbackServer(unixSocket: path) { _ in LoopbackServer.answer(body: [7]) }
        defer {
            server.stop()
            unsafe unlink(path)
        }

        let response = try await transport.perform(TransportRequest(url: "http://host/x", unixSocket: path))

        #expect(response.body == [7])
    }

    @Test func `silence ends at the deadline`() async {
        let server = LoopbackServer { _ in .silence }
        defer { server.stop() }

        let failure = await error(TransportRequest(url: server.url("/"), timeout: .milliseconds(100)))

        #expect(failure == .timedOut)
    }

    @Test func `an endless body ends at the limit`() async {
        let server = LoopbackServer { _ in .endless }
        defer { server.stop() }

        let failure = await error(TransportRequest(url: server.url("/"), maxBodyBytes: 1 << 20))

        #expect(failure == .bodyTooLarge(limit: 1 << 20))
    }

    @Test func `a body of exactly the limit is taken`() async throws {
        let server = LoopbackServer { _ in LoopbackServer.answer(body: [1, 2, 3]) }
        defer { server.stop() }

        let response = try await transport.perform(TransportRequest(url: server.url("/"), maxBodyBytes: 3))

        #expect(response.body.count == 3)
    }

    @Test func `a connection that breaks is a failure, one that is refused is known as such`() async {
        let server = LoopbackServer { _ in .hangUp }

        let broken = await error(TransportRequest(url: server.url("/")))
        server.stop()
        _ = await error(TransportRequest(url: server.url("/")))
        let refused = await error(TransportRequest(url: "http://127.0.0.1:1/"))

        guard case .failed = broken else {
            Issue.record("\(String(describing: broken))")
            return
        }
        guard case .refused = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://a b/"])
    func `only http and https URLs are accepted`(url: String) async {
        let failure = await error(TransportRequest(url: url))

        guard case .invalidURL = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func `a redirect is an answer unless it is to be followed`() async throws {
        let server = LoopbackServer { request in
            request.hasPrefix("GET /to ")
                ? LoopbackServer.answer(body: [1])
                : LoopbackServer.answer("302 Found", ["Location: /to"], body: [])
        }
        defer { server.stop() }

        let plain = try await transport.perform(TransportRequest(url: server.url("/from")))
        let followed = try await transport.perform(
            TransportRequest(url: server.url("/from"), followsRedirects: true))

        #expect(plain.status == 302)
        #expect(followed.status == 200)
        #expect(followed.header("location") == nil)
    }

    @Test(arguments: [false, true])
    func `a cancelled task ends its request and no other`(isRepeated: Bool) async throws {
        let hanging = LoopbackServer { _ in .silence }
        let server = LoopbackServer { _ in LoopbackServer.answer(body: [1]) }
        defer {
            hanging.stop()
            server.stop()
        }
        let url = hanging.url("/")
        let task = Task {
            await error(TransportRequest(url: url, timeout: .seconds(30), isRepeated: isRepeated))
        }
        while hanging.requests.isEmpty { await Task.yield() }

        task.cancel()

        #expect(await task.value == .cancelled)
        #expect(try await transport.perform(TransportRequest(url: server.url("/"))).status == 200)
    }

    @Test(arguments: [false, true])
    func `closing cancels what runs and what comes later`(isRepeated: Bool) async {
        let own = CurlTransport()
        let hanging = LoopbackServer { _ in .silence }
        defer { hanging.stop() }
        let url = hanging.url("/")
        let running = Task { () -> TransportError? in
            do throws(TransportError) {
                _ = try await own.perform(
                    TransportRequest(url: url, timeout: .seconds(30), isRepeated: isRepeated))
                return nil
            } catch { return error }
        }
        while hanging.requests.isEmpty { await Task.yield() }

        own.close()

        #expect(await running.value == .cancelled)
        await #expect(throws: TransportError.cancelled) {
            _ = try await own.perform(TransportRequest(url: url, isRepeated: isRepeated))
        }
    }
}
