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
                    try FileManager.default.createDirectory(
                        atPath: root, withIntermediateDirectories: true,
                        attributes: [.posixPermissions: 0o700])
                    try store.copy(to: try RealDisk(root: root), sealedOnly: skipHead)
                } catch {
                    // What was begun is no copy.
                    try? FileManager.default.removeItem(atPath: root)
                    guard (error as? CocoaError)?.code == .fileWriteOutOfSpace else { throw error }
                    throw DiskError(
                        call: "mkdir", path: root, code: ENOSPC, message: "No space left on device")
                }
                return name
            })
    }

    /// As Prometheus names them: the moment and a random number.
    static func name(_ moment: Timestamp, random: UInt64) -> String {
        let digits = String(random, radix: 16)
        let time = RFC3339.text(moment).prefix(19).filter { $0 != "-" && $0 != ":" }
        return "\(time)Z-\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
