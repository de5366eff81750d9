import Control
import Documents
import Foundation
import Testing

struct FleetScriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Scripts")

    static let scripts: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.filter { $0.hasSuffix(".fleet") }.sorted()
    }()

    @Test func `there are scripts`() { #expect(Self.scripts.count >= 10) }

    /// With FLYBALL_RECORD set the transcripts are written instead of compared.
    @Test(arguments: scripts)
    func `a script yields its transcript`(name: String) throws {
        let url = Self.folder.appending(path: name)
        let text = try String(contentsOf: url, encoding: .utf8)
        let parts = text.components(separatedBy: "\n----\n")

        let (transcript, _) = try FleetScript.run(parts[0])

        if ProcessInfo.processInfo.environment["FLYBALL_RECORD"] != nil {
            try (parts[0] + "\n----\n" + transcript + "\n").write(to: url, atomically: true, encoding: .utf8)
            return
        }
        let expected = parts.count > 1 ? parts[1].trimmingCharacters(in: .newlines) : ""
        for (line, (got, want)) in zip(lines(transcript), lines(expected)).enumerated() where got != want {
            Issue.record("\(name): transcript line \(line + 1)\n  got:      \(got)\n  expected: \(want)")
            return
        }
        #expect(lines(transcript).count == lines(expected).count)
    }

    /// The memory is a fold: the same events yield the same effects and the same bytes, also from a snapshot taken midway.
    @Test(arguments: scripts)
    func `a script replays to the same effects and the same snapshot`(name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let (_, world) = try FleetScript.run(text.components(separatedBy: "\n----\n")[0])

        var loop = ControlLoop()
        for (index, batch) in world.batches.enumerated() {
            if index == world.batches.count / 2 {
                loop = try CanonicalJSON.decode(ControlLoop.self, from: CanonicalJSON.encode(loop))
            }
            #expect(loop.step(batch.events, at: batch.at) == batch.effects)
        }

        #expect(CanonicalJSON.encode(loop) == CanonicalJSON.encode(world.loop))
    }

    private func lines(_ text: String) -> [String] { text.components(separatedBy: "\n") }
}
