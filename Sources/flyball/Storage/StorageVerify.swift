import ArgumentParser
import Foundation
import Journal
import Storage

/// `flyball storage verify DIR`
struct StorageVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify every checksum of every file; exit code 2 where something is damaged or missing.",
        discussion: """
            Looks at the log of samples, manifests, states and chunks and, in the folder of a service, at the journal of
            control. A write that a crash tore costs nothing that was acknowledged and is told without failing.
            """)

    @Argument(help: "The folder.") var folder: String

    func run() throws {
        let place = try StorageFolder(existing: folder)
        var found: StoreVerification
        do {
            found = try StoreVerification.run(try RealDisk(root: place.samples, isReadOnly: true))
            let journal = "control/journal"
            if place.root != place.samples, FileManager.default.fileExists(atPath: place.root + "/" + journal)
            {
                found.prefixPaths("samples/")
                let left = ["log", "snapshots"].filter {
                    FileManager.default.fileExists(atPath: place.samples + "/" + $0)
                }
                if left.isEmpty {
                    found.add("samples", "empty, though a service ran here: what was in it is gone")
                }
                try found.log(try RealDisk(root: place.root, isReadOnly: true), journal)
            }
        } catch {
            throw Failure("\(place.samples): \(error)")
        }
        for finding in found.findings {
            let place = finding.path + (finding.offset.map { " at \($0)" } ?? "")
            let line = "\(place): \(finding.what)"
            Terminal.say(finding.isDamage ? Terminal.paint(line, .red) : line)
        }
        let looked = "\(found.files) files, \(found.byteCount) bytes, \(found.records) records"
        guard found.isIntact else {
            let count = found.findings.count { $0.isDamage }
            Terminal.error(
                "NOT intact: \(count) damaged or missing places in \(looked). "
                    + "The service starts all the same with what is whole; a copy or a snapshot from before has the rest"
            )
            throw ExitCode(2)
        }
        Terminal.say("\(Terminal.paint("intact", .green)): \(looked)")
    }
}
