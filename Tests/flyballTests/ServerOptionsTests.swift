import Testing

@testable import flyball

struct ServerOptionsTests {
    @Test func `a name is one segment of a path, and none is refused`() throws {
        #expect(try ServerOptions.segment("d1-2") == "d1-2")
        #expect(try ServerOptions.segment("a/../b") == "a%2F..%2Fb")
        #expect(try ServerOptions.segment("..") == "%2E%2E")
        #expect(throws: (any Error).self) { try ServerOptions.segment("") }
    }
}
