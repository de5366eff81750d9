import Journal

/// Which files of the folder are those of snapshots. All else in it is somebody's own.
extension SnapshotFolder {
    /// A file of a snapshot, by its name.
    struct File {
        /// Numbers are below this.
        static let numberLimit = UInt64(1) << 63

        /// As `path` takes it.
        var kind: String
        var number: UInt64
        /// Of a manifest that has not got its name.
        var isTemporary = false

        var path: String { SnapshotFolder.path(kind, number) + (isTemporary ? ".new" : "") }

        /// Nil for a name that no snapshot gives.
        init?(_ name: String) {
            let stem = name.hasSuffix(".new") ? name.dropLast(4) : name[...]
            guard let dash = stem.lastIndex(of: "-"), let number = UInt64(stem[dash...].dropFirst()),
                number < File.numberLimit
            else { return nil }
            kind = String(stem[..<dash])
            self.number = number
            isTemporary = stem.count < name.count
            let isKnown = ["manifest", "state", "chunks"].contains(kind) || resolution != nil
            guard isKnown, !isTemporary || kind == "manifest", path == SnapshotFolder.folder + "/" + name
            else { return nil }
        }

        /// Of a file of rollups.
        var resolution: Int64? {
            guard kind.hasPrefix("rollups-"), let resolution = Int64(kind.dropFirst("rollups-".count)),
                resolution > 0, RollupFiles.kind(resolution) == kind
            else { return nil }
            return resolution
        }
    }

    static func files(_ disk: any Disk) throws(DiskError) -> [File] {
        try disk.list(folder).compactMap { File($0) }.filter { disk.isFile($0.path) }
    }

    /// What else is in the folder.
    static func foreign(_ disk: any Disk) throws(DiskError) -> [String] {
        let own = Set(try files(disk).map(\.path))
        return try disk.list(folder).map { folder + "/" + $0 }.filter { !own.contains($0) }
    }

    /// The numbers of the manifests: where they are the same before and behind a reading, no snapshot came meanwhile.
    static func manifestNumbers(_ disk: any Disk) throws(DiskError) -> [UInt64] {
        try files(disk).filter { $0.kind == "manifest" && !$0.isTemporary }.map(\.number)
    }
}
