import Daemon
import Foundation
import Logging
import Testing

struct LineLogHandlerTests {
    @Test func `a full disk or a reader that is gone costs log lines, not the service`() throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        signal(SIGPIPE, SIG_IGN)

        for output in [full, pipe.fileHandleForWriting] {
            let logger = Logger(label: "storage") { label in
                LineLogHandler(label: label, level: .info, format: .logfmt, output: output)
            }
            logger.error("samples are not durable", metadata: ["reason": "No space left on device"])
        }
    }

    @Test func `a line has its moment, level, component, words and what belongs to them`() throws {
        let path = NSTemporaryDirectory() + "log-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data().write(to: URL(fileURLWithPath: path))
        let output = try #require(FileHandle(forWritingAtPath: path))
        let logger = Logger(label: "web") { label in
            LineLogHandler(label: label, level: .info, format: .logfmt, output: output)
        }

        logger.notice("a \"quoted\" word", metadata: ["code": "204"])
        logger.debug("below the level")

        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("time=") && text.hasSuffix("\n"))
        #expect(text.contains(#" level=notice component=web msg="a \"quoted\" word" code=204"#))
        #expect(text.split(separator: "\n").count == 1)
    }
}
