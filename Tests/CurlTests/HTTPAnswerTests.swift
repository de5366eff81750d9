import Testing

@testable import Curl

struct HTTPAnswerTests {
    /// Feeds a text in two pieces; the answer, its body and what came of it.
    private func read(_ text: String, split: Int) -> (HTTPAnswer, [UInt8], HTTPAnswer.Progress) {
        let bytes = Array(text.utf8)
        var answer = HTTPAnswer()
        var body: [UInt8] = []
        var progress = answer.take(bytes.span.extracting(..<split), into: &body)
        if case .foreign = progress { return (answer, body, progress) }
        progress = answer.take(bytes.span.extracting(split..<bytes.count), into: &body)
        return (answer, body, progress)
    }

    private func isForeign(_ text: String) -> Bool {
        if case .foreign = read(text, split: text.utf8.count).2 { true } else { false }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nX-A:  b \r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200\nx-a: b\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: t\r\n\r\n",
    ])
    func `an answer is the same wherever it is cut`(text: String) {
        for split in 0...text.utf8.count {
            let (answer, body, progress) = read(text, split: split)

            #expect(progress == .complete, "cut at \(split)")
            #expect(answer.status == 200 && !answer.isLast)
            #expect(answer.headers.first { $0.name == "x-a" }?.value == "b")
            #expect(body == Array("hello".utf8) && answer.bodyCount == 5)
        }
    }

    @Test func `an answer without its end is incomplete`() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n"
        for length in 0..<text.utf8.count {
            let (_, _, progress) = read(String(text.utf8.prefix(length))!, split: 0)
            #expect(progress == .incomplete, "\(length) bytes")
        }
    }

    @Test func `an empty body is complete with the head`() {
        let (answer, body, progress) = read("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", split: 3)

        #expect(progress == .complete && body.isEmpty && answer.status == 503)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
    ])
    func `after an answer that closes, or more than was asked for, nothing more is sent`(text: String) {
        let (answer, body, progress) = read(text, split: 10)

        #expect(progress == .complete && answer.isLast && body == [UInt8(ascii: "x")])
    }

    @Test(arguments: [
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "HTTP/2 200\r\n\r\n", "hello\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nto the end", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
    ])
    func `what is not quite usual is foreign`(text: String) {
        #expect(isForeign(text))
    }

    @Test func `a head without an end is foreign`() {
        #expect(isForeign("HTTP/1.1 200 OK\r\nA: " + String(repeating: "a", count: 40_000)))
        #expect(
            isForeign(
                "HTTP/1.1 200 OK\r\n"
                    + String(repeating: "A: \(String(repeating: "a", count: 90))\r\n", count: 400)))
    }

    @Test func `what is known to be body may be put there directly`() {
        var answer = HTTPAnswer()
        var body: [UInt8] = []
        let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe".utf8)

        #expect(answer.take(head.span, into: &body) == .incomplete)
        #expect(answer.bodyAhead == 3)
        #expect(answer.tookBody(2) == .incomplete)
        #expect(answer.tookBody(1) == .complete)
        #expect(answer.bodyCount == 5 && answer.bodyAhead == 0)
    }
}
