import Foundation
import HTTPAPI
import Journal
import Storage
import TimeSeries

/// The admin APIs of the store, with copies in the folder `snapshots` beside the samples.
enum StoreCopies {
    static func administration(_ parts: Components) -> StoreAdministration {
        let (store, folder, clock) = (parts.store, parts.folder, parts.clock)
        return StoreAdministration(
            deleteSeries: { try store.delete($0, in: $1) }, cleanTombstones: { try store.removeDeleted() },
            snapshot: { skipHead in
                let name = name(clock.now, random: .random(in: 0 ... .max))
                let root = folder + "/snapshots/" + name
                do {
                    try store.copy(to: try RealDisk(root: root), sealedOnly: skipHead)
                } catch {
                    // What was begun is no copy.
                    try? FileManager.default.removeItem(atPath: root)
                    throw error
                }
                return name
            })
    }

    /// Makes a folder that is a copy that of a service: `log` and `snapshots` go into `samples`. True where it was one. Not
    /// finished, as where the power goes, it is finished the next time.
    static func adopt(_ disk: any Disk) throws -> Bool {
        let samples = "samples"
        // A service has no such file in its own folder: its copies are folders in `snapshots`.
        let isCopy = try Store.isFound(on: disk)
        let isTaken =
            try disk.exists("log")
            ? !disk.list(samples + "/log").isEmpty : hasOwnRecords(disk, samples + "/log")
        guard isCopy, !isTaken, try disk.list(samples + "/snapshots").isEmpty else { return false }
        try disk.createFolder(samples)
        // The snapshots last: while they are here, it is a copy.
        for folder in ["log", "snapshots"] where disk.exists(folder) {
            try disk.rename(folder, to: samples + "/" + folder)
        }
        try disk.synchronizeFolder(samples)
        try disk.synchronizeFolder("")
        return true
    }

    /// Whether a log is that of a service before its first snapshot: the log of a copy begins behind its snapshot.
    private static func hasOwnRecords(_ disk: any Disk, _ folder: String) throws -> Bool {
        guard disk.exists(folder) else { return false }
        let log = try Log(disk: disk, folder: folder)
        return log.holdsBeginning && log.nextSequence > 1
    }

    /// As Prometheus names them: the moment and a random number.
    static func name(_ moment: Timestamp, random: UInt64) -> String {
        let digits = String(random, radix: 16)
        let time = RFC3339.text(moment).prefix(19).filter { $0 != "-" && $0 != ":" }
        return "\(time)Z-\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
