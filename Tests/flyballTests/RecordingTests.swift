import Foundation
import Testing

@testable import flyball

struct RecordingTests {
    /// In a folder of its own, which goes when this is over.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    /// Runs a command to its end; its exit code.
    private func shell(_ command: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(arguments: [
        ("google2019_300s", 300), ("cpu-5m", 300), ("load.1h", 3600), ("demand", nil), ("5m", nil),
        ("worldcup98_1min", nil), ("trace_7d", nil),
    ])
    func `a name may say how far rows without times are apart`(name: String, seconds: Int?) {
        #expect(BacktestInput.distance(in: name) == seconds.map { .seconds($0) })
    }

    @Test func `a recording is read as it is, and packed by what packs it`() throws {
        try withFolder { folder in
            let text = "t_s,value\n" + (0..<50_000).map { "\($0 * 60),\($0 % 977)\n" }.joined()
            let plain = folder.appendingPathComponent("demand.csv")
            try Data(text.utf8).write(to: plain)
            #expect(try Recording(plain.path).text() == text)

            for (program, ending) in [("gzip", "gz"), ("xz", "xz"), ("zstd", "zst"), ("bzip2", "bz2")] {
                let packed = folder.appendingPathComponent("demand.csv.\(ending)")
                let status = try shell("\(program) -c <'\(plain.path)' >'\(packed.path)' 2>/dev/null")
                // Only gzip is everywhere.
                guard status == 0 || program == "gzip" else { continue }
                #expect(try Recording(packed.path).text() == text, "\(program)")
                #expect(Recording(packed.path).name == "demand")

                let bytes = try Data(contentsOf: packed)
                try bytes.prefix(bytes.count / 2).write(to: packed)
                let failure = #expect(throws: Failure.self) { try Recording(packed.path).text() }
                #expect(failure?.description.contains("\(packed.path) cannot be unpacked: ") == true)
            }
        }
    }

    @Test func `what unpacks to too much is refused`() throws {
        try withFolder { folder in
            let packed = folder.appendingPathComponent("zeros.gz")
            try #require(try shell("head -c 9000000 /dev/zero | gzip -c >'\(packed.path)'") == 0)

            #expect(try Packer.gzip.unpack(packed.path, upTo: 9 << 20).count == 9_000_000)
            #expect(throws: Failure.self) { try Packer.gzip.unpack(packed.path, upTo: 8 << 20) }
        }
    }
}
