/// Where damaged files go that are needed no more, instead of being deleted: a folder beside those of log and snapshots.
/// Nothing reads it and nothing but a person empties it.
package enum Quarantine {
    package static let folder = "quarantine"

    /// Moves a file there for good, under a name that nothing has.
    package static func take(_ path: String, on disk: any Disk) throws(DiskError) {
        try disk.createFolder(folder)
        let parts = path.split(separator: "/")
        let name = parts.last.map(String.init) ?? path
        var free = folder + "/" + name
        var number = 1
        while disk.exists(free) {
            number += 1
            free = "\(folder)/\(name)-\(number)"
        }
        do {
            try disk.rename(path, to: free)
        } catch {
            // Moved before, where the folders then did not synchronise.
            guard error.code == 2 else { throw error }
        }
        try disk.synchronizeFolder(folder)
        try disk.synchronizeFolder(parts.dropLast().joined(separator: "/"))
    }

    /// The paths in it, sorted.
    package static func list(_ disk: any Disk) -> [String] {
        ((try? disk.list(folder)) ?? []).map { folder + "/" + $0 }
    }
}
