import Curl
import Synchronization
import Testing

/// Requests that are asked again and again, on connections of their own.
@Suite(.timeLimit(.minutes(5)))
struct SteadyConnectionTests {
    private let transport = CurlTransport()

    private func ask(
        _ url: String, headers: [(name: String, value: String)] = [], timeout: Duration = .seconds(30),
        limit: Int = 1 << 20, followsRedirects: Bool = false
    ) async -> Result<TransportResponse, TransportError> {
        do {
            return .success(
                try await transport.perform(
                    TransportRequest(
                        url: url, headers: headers, timeout: timeout, maxBodyBytes: limit,
                        followsRedirects: followsRedirects, isRepeated: true)))
        } catch {
            return .failure(error)
        }
    }

    private func failure(_ result: Result<TransportResponse, TransportError>) -> TransportError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test func `all requests go through one connection, and each has its own answer`() async throws {
        let long = [UInt8](repeating: 7, count: 300_000)
        let server = LoopbackServer { request in
            LoopbackServer.answer(
                "404 Not Found", ["X-Who:  me "],
                body: request.contains("X-Is: long") ? long : Array("short".utf8))
        }
        defer { server.stop() }

        for value in ["long", "short", "long", "short"] {
            let answer = try await ask(server.url("/a?b=c"), headers: [(name: "X-Is", value: value)]).get()
            #expect(answer.status == 404 && answer.header("x-who") == "me")
            #expect(answer.body == (value == "long" ? long : Array("short".utf8)))
            #expect(answer.wireBytes == answer.body.count)
            transport.reclaim(answer.body)
        }

        #expect(server.requests.allSatisfy { $0.hasPrefix("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:") })
        // A machine that stands still for long may cost one connection, never one a request.
        #expect(server.connections <= 2)
    }

    @Test func `chunks are put together`() async throws {
        let server = LoopbackServer { _ in
            .bytes(
                Array(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n".utf8
                ))
        }
        defer { server.stop() }

        for _ in 0..<3 { #expect(try await ask(server.url("/")).get().body == Array("abc".utf8)) }

        #expect(server.connections <= 2)
    }

    @Test func `a connection that the server has closed meanwhile costs no answer`() async throws {
        let server = LoopbackServer { _ in
            .last(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))
        }
        defer { server.stop() }

        for _ in 0..<4 { #expect(try await ask(server.url("/")).get().body == Array("ok".utf8)) }

        #expect(server.connections >= 4)
    }

    @Test func `a connection that ends in the middle of an answer is a failure, and the next one is not`()
        async throws
    {
        let isWhole = Atomic(false)
        let server = LoopbackServer { _ in
            isWhole.load(ordering: .relaxed)
                ? LoopbackServer.answer(body: [1])
                : .last(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".utf8))
        }
        defer { server.stop() }

        let broken = failure(await ask(server.url("/")))
        isWhole.store(true, ordering: .relaxed)

        guard case .failed = broken else {
            Issue.record("\(String(describing: broken))")
            return
        }
        #expect(try await ask(server.url("/")).get().body == [1])
    }

    @Test func `a server that says nothing and one that is not there are told apart`() async {
        let server = LoopbackServer { _ in .hangUp }
        defer { server.stop() }

        guard case .failed = failure(await ask(server.url("/"))) else {
            Issue.record("an answer from one that hangs up")
            return
        }
        guard case .refused = failure(await ask("http://127.0.0.1:1/")) else {
            Issue.record("an answer from nobody")
            return
        }
    }

    @Test(arguments: [
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ])
    func `an answer that is not quite usual is libcurl's`(text: String) async throws {
        let server = LoopbackServer { _ in .last(Array(text.utf8)) }
        defer { server.stop() }

        for _ in 0..<3 { #expect(try await ask(server.url("/")).get().body == Array("ok".utf8)) }

        // Only the first one was asked for twice.
        #expect(server.requests.count == 4)
    }

    @Test func `a redirect is followed where it is to be`() async throws {
        let server = LoopbackServer { request in
            request.hasPrefix("GET /to ")
                ? LoopbackServer.answer(body: [1])
                : LoopbackServer.answer("302 Found", ["Location: /to"], body: [])
        }
        defer { server.stop() }

        #expect(try await ask(server.url("/from")).get().status == 302)
        #expect(try await ask(server.url("/from"), followsRedirects: true).get().status == 200)
    }

    @Test func `silence ends at the deadline, and the next answer is its own`() async throws {
        let isSilent = Atomic(true)
        let server = LoopbackServer { _ in
            isSilent.load(ordering: .relaxed) ? .silence : LoopbackServer.answer(body: [1])
        }
        defer { server.stop() }

        #expect(failure(await ask(server.url("/"), timeout: .milliseconds(100))) == .timedOut)
        isSilent.store(false, ordering: .relaxed)
        #expect(try await ask(server.url("/")).get().body == [1])
    }

    @Test func `a body above the limit is refused, by its length and as it comes`() async {
        let announced = LoopbackServer { _ in LoopbackServer.answer(body: [1, 2, 3, 4]) }
        let chunk = "4000\r\n" + String(repeating: "#", count: 0x4000) + "\r\n"
        let endless = LoopbackServer { _ in
            .last(
                Array(
                    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + String(repeating: chunk, count: 64)).utf8))
        }
        defer {
            announced.stop()
            endless.stop()
        }

        #expect(failure(await ask(announced.url("/"), limit: 3)) == .bodyTooLarge(limit: 3))
        #expect(failure(await ask(endless.url("/"), limit: 100_000)) == .bodyTooLarge(limit: 100_000))
    }

    @Test(arguments: [false, true])
    func `a length that nobody has memory for is no reason to ask for it`(isOld: Bool) async {
        let lie = "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\nx"
        let server = LoopbackServer { _ in .last(Array((isOld ? "HTTP/1.0" + lie.dropFirst(8) : lie).utf8)) }
        defer { server.stop() }

        // An old version has libcurl ask for it.
        guard case .failed = failure(await ask(server.url("/"), limit: .max)) else {
            Issue.record("an answer that is not whole")
            return
        }
    }
}
