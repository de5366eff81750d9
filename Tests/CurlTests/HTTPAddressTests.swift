import Curl
import Testing

struct HTTPAddressTests {
    @Test func `an address has scheme, host, port and the rest`() throws {
        let address = try #require(HTTPAddress("https://user:pw@[::1]:8443/a?b"))

        #expect(address.scheme == "https")
        #expect(address.host == "[::1]")
        #expect(address.port == 8443)
        #expect(address.rest == "/a?b")
        #expect(address.authority == "[::1]:8443")
        #expect(address.isLoopback)
    }

    @Test func `a port may be absent`() throws {
        let address = try #require(HTTPAddress("http://example.org?x=1"))

        #expect(address.host == "example.org")
        #expect(address.port == nil)
        #expect(address.rest == "/?x=1")
        #expect(!address.isLoopback)
    }

    @Test(arguments: ["", "example.org", "ftp://a/", "http://:80/", "http://a:99999/", "http://a:x/"])
    func `what is no http URL is refused`(text: String) {
        #expect(HTTPAddress(text) == nil)
    }
}

struct InMemoryTransportTests {
    @Test func `the table answers, and records what was asked`() async throws {
        let transport = InMemoryTransport()
        transport.answer("http://a/metrics", text: "up 1\n")

        let response = try await transport.perform(TransportRequest(url: "http://a/metrics"))

        #expect(response.body == Array("up 1\n".utf8))
        #expect(transport.requests.map(\.url) == ["http://a/metrics"])
    }

    @Test func `nothing listens where the table is empty`() async {
        await #expect(throws: TransportError.self) {
            _ = try await InMemoryTransport().perform(TransportRequest(url: "http://a/"))
        }
    }

    @Test func `a body above the limit fails as it would on the network`() async {
        let transport = InMemoryTransport { _ in TransportResponse(status: 200, body: [1, 2, 3]) }

        await #expect(throws: TransportError.bodyTooLarge(limit: 2)) {
            _ = try await transport.perform(TransportRequest(url: "http://a/", maxBodyBytes: 2))
        }
    }
}
