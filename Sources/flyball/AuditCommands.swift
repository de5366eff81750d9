import ArgumentParser
import Audit
import Foundation
import Journal

/// `flyball audit ...`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read and verify the log of every decision.",
        subcommands: [List.self, Verify.self, Replay.self],
        defaultSubcommand: List.self)

    /// `flyball audit list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the newest entries.")

        @Option(help: "How many.") var limit = 30
        @Option(help: "Only this workload.") var workload: String?
        @Flag(help: "Print the answer of the API as JSON.") var json = false
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let filter = workload.map { [("workload", $0)] } ?? []
            let answer = try await server.get("/api/v1/scaling/decisions", [("limit", "\(limit)")] + filter)
            if json { return print(answer.pretty) }
            let rows = answer["decisions"].items.reversed().map { entry in
                let change =
                    entry["desired"].isPresent ? "\(entry["from"].text) -> \(entry["desired"].text)" : ""
                let notes = entry["notes"].items.map(\.text)
                let note = entry["kind"].text == "request" ? notes.joined(separator: "; ") : notes.first ?? ""
                // That a shadow's decision is only recorded says nothing of why.
                let reasons = entry["reasons"].items
                let last = reasons.last { $0["kind"].text != "shadow" } ?? reasons.last
                let reason = last?["text"].text ?? note
                let subject = entry["workload"].string ?? entry["node"].text
                let policy = entry["policy"].string ?? ""
                return [
                    entry["id"].text, entry["at"].text, entry["kind"].text, subject, policy, change, reason,
                ]
            }
            Terminal.table([["ENTRY", "TIME", "KIND", "ABOUT", "POLICY", "COUNT", "REASON"]] + rows)
        }
    }

    /// `flyball audit replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Decide everything again from the journal and compare it with the log, byte for byte; exit code 2 where it differs.",
            discussion: "Reads the files in the storage folder; the service may run meanwhile.")

        @Argument(
            help:
                "An entry such as d3-17, to end there and show it; everything without it. Or last, or a name, as explain takes them: then the running service says which entry that is."
        )
        var entry: String?
        @Option(
            name: .customLong("storage.path"),
            help: "The service's folder (default: the folder of the token file).")
        var storagePath: String?
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let folder = try AuditCommand.folder(storagePath, server)
            let entry = try await id()
            let found = try AuditLog.replay(disk: try RealDisk(root: folder), until: entry)
            if let entry {
                guard let logged = found.logged else {
                    throw Failure("no entry is named \(entry); `flyball audit list` shows them")
                }
                print(String(decoding: logged, as: UTF8.self))
                if found.computed != logged {
                    let computed = found.computed.map { String(decoding: $0, as: UTF8.self) }
                    Terminal.error("computed: " + (computed ?? "nothing"))
                }
            }
            for id in found.differing { Terminal.error(Terminal.paint("\(id) differs", .red)) }
            let text = "\(found.identical) of \(found.entries) entries from \(found.batches) batches"
            guard found.isIdentical else {
                Terminal.error("NOT identical: \(text) are the same")
                throw ExitCode(2)
            }
            print("\(Terminal.paint("identical", .green)): \(text), byte for byte")
        }

        /// The id of the entry that was named.
        private func id() async throws -> String? {
            guard let entry, entry.wholeMatch(of: /d[0-9]+-[0-9]+/) == nil else { return entry }
            return try await server.get("/api/v1/scaling/decisions/\(ServerOptions.segment(entry))")["id"]
                .text
        }
    }

    static func folder(_ given: String?, _ server: ServerOptions) throws -> String {
        let folder = given ?? URL(fileURLWithPath: server.tokenFile).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder + "/control/journal") else {
            throw Failure("\(folder) holds no audit log; name the service's folder with --storage.path")
        }
        return folder
    }

    /// `flyball audit verify`
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Recompute every hash of the log and compare it with its checkpoint; exit code 2 where it differs.",
            discussion: "Reads the files in the storage folder; the service may run meanwhile.")

        @Option(
            name: .customLong("storage.path"),
            help: "The service's folder (default: the folder of the token file).")
        var storagePath: String?
        @Option(
            help:
                "The public key that must have signed the checkpoint, as `name+hash+base64` (default: by the folder's key)."
        ) var key: String?
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let folder = try AuditCommand.folder(storagePath, server)
            let verifier = try self.verifier(folder)
            let found = try AuditLog.verify(disk: try RealDisk(root: folder), verifier: verifier)
            for problem in found.problems { Terminal.error(Terminal.paint(problem, .red)) }
            guard found.isIntact else {
                Terminal.error(
                    "the log is NOT intact" + (found.firstBad.map { "; the first bad entry is \($0)" } ?? ""))
                throw ExitCode(2)
            }
            let checkpoint = found.checkpointSize.map { ", checkpoint of size \($0) agrees" } ?? ""
            let signature = verifier.map { "\nsigned by \($0.text)" } ?? ""
            print(
                "\(Terminal.paint("intact", .green)): \(found.entries) entries, root \(found.root)"
                    + checkpoint + signature)
        }

        /// The key that was named, else that of the folder; nil where the folder has none that can be read.
        private func verifier(_ folder: String) throws -> NoteVerifier? {
            if let key {
                guard let verifier = NoteVerifier(key) else {
                    throw ValidationError("--key must be name+hash+base64")
                }
                return verifier
            }
            guard let seed = FileManager.default.contents(atPath: folder + "/audit.key"),
                let note = FileManager.default.contents(atPath: folder + "/control/checkpoint"),
                let origin = String(decoding: note, as: UTF8.self).split(separator: "\n").first
            else { return nil }
            return NoteSigner(name: String(origin), seed: Array(seed))?.verifier
        }
    }
}
