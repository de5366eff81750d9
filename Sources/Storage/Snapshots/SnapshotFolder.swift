import Codecs
import Journal
import TimeSeries

/// The snapshots of a store on disk: chunk files, written once and kept until all in them is dropped, state files
/// with the rest, and manifests that say which files make up a snapshot and where the log goes on. A snapshot
/// exists once its manifest has its name; the two newest are kept.
struct SnapshotFolder: Sendable {
    static let folder = "snapshots"

    struct ChunkFile: Hashable, Sendable {
        var number: UInt64
        /// The newest time in it.
        var last: Int64
        var byteCount: Int
    }

    struct Manifest: Hashable, Sendable {
        var number: UInt64
        /// The last log sequence that is part of the snapshot.
        var sequence: UInt64
        var stateByteCount: Int
        var chunkFiles: [ChunkFile]
        var rollupFiles = RollupFiles()
    }

    let disk: any Disk
    /// Oldest first, at most two.
    private(set) var manifests: [Manifest] = []
    private var lastNumber: UInt64 = 0

    init(_ disk: any Disk) throws(DiskError) {
        self.disk = disk
        try disk.createFolder(SnapshotFolder.folder)
    }

    static func path(_ kind: String, _ number: UInt64) -> String {
        let digits = String(number)
        return "\(folder)/\(kind)-\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits)"
    }

    var byteCount: Int {
        let files = Set(manifests.flatMap(\.chunkFiles))
        let rollups = manifests.last?.rollupFiles.byteCount ?? 0
        return files.reduce(manifests.reduce(rollups) { $0 + $1.stateByteCount }) { $0 + $1.byteCount }
    }

    /// Loads the newest snapshot that can be read; returns its last log sequence, 0 where there is none.
    /// - Parameter logStart: the first sequence that the log still holds. Where that is all of them, a lost snapshot is
    ///   none; else a state without its manifest is better than nothing, and the log behind it is read as a whole.
    mutating func load(
        into head: inout Head, _ status: inout StoreStatus, logStart: UInt64
    ) throws -> UInt64 {
        let numbers = try numbers(of: "manifest")
        lastNumber =
            try ["manifest", "state", "chunks", "rollups"].flatMap { try self.numbers(of: $0) }.max() ?? 0
        for number in numbers.sorted(by: >) {
            let empty = head
            if var manifest = try readManifest(number), try load(manifest, into: &head, &status) {
                // What is gone was told once; the next manifest does without it.
                manifest.chunkFiles.removeAll { !disk.exists(SnapshotFolder.path("chunks", $0.number)) }
                manifests = [manifest]
                return manifest.sequence
            }
            head = empty
            let path = SnapshotFolder.path("manifest", number)
            status.damage.append(DamagedRange(path: path, offset: 0, length: 0))
        }
        guard logStart > 1 else { return 0 }
        if let manifest = try loadWithoutManifest(into: &head, &status) {
            manifests = [manifest]
            return logStart - 1
        }
        let others = try disk.list(SnapshotFolder.folder).filter { !$0.hasSuffix(".new") }
        guard others.isEmpty else {
            throw StoreError.snapshot(
                "none of the \(others.count) files in \(SnapshotFolder.folder) is a whole state; put a copy back, or move "
                    + "that folder away to go on with what the log holds")
        }
        return 0
    }

    /// Loads the newest state that can be read with all chunk files up to it. Its place in the log is not known: what
    /// the log repeats is recognised by its times.
    private func loadWithoutManifest(
        into head: inout Head, _ status: inout StoreStatus
    ) throws -> Manifest? {
        let chunks = try numbers(of: "chunks").sorted()
        for number in try numbers(of: "state").sorted(by: >) {
            let empty = head
            var found = Manifest(number: number, sequence: 0, stateByteCount: 0, chunkFiles: [])
            for chunk in chunks where chunk <= number {
                let file = try disk.open(SnapshotFolder.path("chunks", chunk), create: false)
                found.chunkFiles.append(
                    ChunkFile(number: chunk, last: Int64.max, byteCount: try file.length()))
            }
            if try load(found, into: &head, &status) {
                let path = SnapshotFolder.path("manifest", number)
                status.damage.append(DamagedRange(path: path, offset: 0, length: 0))
                return found
            }
            head = empty
        }
        return nil
    }

    private func numbers(of kind: String) throws -> [UInt64] {
        try disk.list(SnapshotFolder.folder).compactMap { name in
            name.hasPrefix(kind + "-") ? name.split(separator: "-").last.flatMap { UInt64($0) } : nil
        }
    }

    private func readManifest(_ number: UInt64) throws -> Manifest? {
        var manifest: Manifest?
        let report = try RecordFile.read(disk, SnapshotFolder.path("manifest", number), id: number) {
            record in
            manifest = try? SnapshotFolder.decode(record, number)
        }
        return report.damage.isEmpty ? manifest : nil
    }

    /// False where the state file is damaged. A damaged chunk file costs what is damaged.
    private func load(
        _ manifest: Manifest, into head: inout Head, _ status: inout StoreStatus
    ) throws -> Bool {
        let statePath = SnapshotFolder.path("state", manifest.number)
        guard disk.exists(statePath) else { return false }
        var reader = SnapshotReader()
        var isReadable = true
        let report = try RecordFile.read(disk, statePath, id: manifest.number) { record in
            if record.first == SnapshotRecord.metadata {
                try head.replay([StoreRecord.metadata] + record.dropFirst())
            }
            if (try? reader.read(record, into: &head, isOld: false)) == nil { isReadable = false }
        }
        guard isReadable, reader.isComplete, report.damage.isEmpty else { return false }
        var before: Int64?
        let chunkFiles = manifest.chunkFiles.map {
            (path: SnapshotFolder.path("chunks", $0.number), file: $0)
        }
        for (index, (path, file)) in (chunkFiles + manifest.rollupFiles.all).enumerated() {
            // Its rows are newer than those of the file before, more or less.
            let loss = Loss(path: path, from: index == chunkFiles.count ? nil : before, to: file.last)
            before = file.last
            guard disk.exists(path) else {
                status.damage.append(DamagedRange(path: path, offset: 0, length: file.byteCount))
                status.losses.append(loss)
                continue
            }
            let report = try RecordFile.read(disk, path, id: file.number) { record in
                if (try? reader.read(record, into: &head, isOld: true)) == nil {
                    status.unreadableRecords += 1
                }
            }
            status.damage += report.damage
            if !report.damage.isEmpty { status.losses.append(loss) }
        }
        reader.finish(&head)
        status.unreadableRecords += reader.damagedChunks
        return true
    }

    /// Writes a snapshot of a head as it was behind log sequence `sequence`, which must be durable. Returns the
    /// sequence below which the log is needed no more. Where it is written `anew`, nothing of it is in a file yet, and
    /// all files of before go.
    mutating func write(_ head: Head, sequence: UInt64, anew: Bool = false) throws -> UInt64 {
        lastNumber += 1
        let number = lastNumber
        let manifest: Manifest
        let temporary = SnapshotFolder.path("manifest", number) + ".new"
        do {
            manifest = try prepare(head, number, sequence, after: anew ? nil : manifests.last)
            let file = try RecordFile(disk, temporary, id: number)
            try file.append(SnapshotFolder.encode(manifest))
            try file.finish()
            try disk.synchronizeFolder(SnapshotFolder.folder)
            try disk.rename(temporary, to: SnapshotFolder.path("manifest", number))
        } catch {
            // What was begun would fill a full disk further with each attempt.
            let kinds =
                ["chunks", "state"]
                + head.configuration.rollups.map {
                    RollupFiles.kind($0.resolution.milliseconds)
                }
            for path in kinds.map({ SnapshotFolder.path($0, number) }) + [temporary] {
                try? disk.remove(path)
            }
            throw error
        }
        try disk.synchronizeFolder(SnapshotFolder.folder)
        manifests = (anew ? [] : manifests.suffix(1)) + [manifest]
        try removeUnused()
        return manifests[0].sequence + 1
    }

    private func prepare(
        _ head: Head, _ number: UInt64, _ sequence: UInt64, after before: Manifest?
    ) throws -> Manifest {
        var chunkFiles = (before?.chunkFiles ?? []).filter { $0.last >= head.droppedBefore }
        if let file = try writeChunks(head, number) { chunkFiles.append(file) }
        var rollupFiles = before?.rollupFiles ?? RollupFiles()
        try rollupFiles.write(head, disk, number)
        let state = try writeState(head, number)
        return Manifest(
            number: number, sequence: sequence, stateByteCount: state, chunkFiles: chunkFiles,
            rollupFiles: rollupFiles)
    }

    private func writeChunks(_ head: Head, _ number: UInt64) throws -> ChunkFile? {
        var file: RecordFile?
        var last = Int64.min
        func append(_ record: [UInt8], _ time: Int64) throws {
            if file == nil { file = try RecordFile(disk, SnapshotFolder.path("chunks", number), id: number) }
            try file?.append(record)
            last = max(last, time)
        }
        for (index, table) in head.tables.enumerated() {
            guard let table else { continue }
            for rows in table.sealed[table.persisted..<table.finalCount] {
                try append(SnapshotRecord.rows(index, rows), rows.last)
            }
        }
        for index in head.loose.groups.indices {
            let group = head.loose.groups[index]
            for part in group.parts[group.persisted..<group.finalCount] {
                try append(SnapshotRecord.group(index, part), part.last)
            }
        }
        guard let file else { return nil }
        try file.finish()
        return ChunkFile(number: number, last: last, byteCount: file.byteCount)
    }

    private func writeState(_ head: Head, _ number: UInt64) throws -> Int {
        let file = try RecordFile(disk, SnapshotFolder.path("state", number), id: number)
        var count = 0
        func append(_ record: [UInt8]) throws {
            try file.append(record)
            count += 1
        }
        try append(SnapshotRecord.head(head))
        var layouts: [ObjectIdentifier: Int] = [:]
        for case let table? in head.tables where layouts[ObjectIdentifier(table.layout)] == nil {
            layouts[ObjectIdentifier(table.layout)] = layouts.count
            try append(SnapshotRecord.layout(table.layout.columns))
        }
        for (index, table) in head.tables.enumerated() {
            guard let table else { continue }
            try append(SnapshotRecord.table(index, table, layout: layouts[ObjectIdentifier(table.layout)]!))
            for rows in table.sealed[table.finalCount...] { try append(SnapshotRecord.rows(index, rows)) }
        }
        for number in head.loose.all { try append(SnapshotRecord.series(number, head.loose)) }
        for index in head.loose.groups.indices {
            let group = head.loose.groups[index]
            for part in group.parts[group.finalCount...] { try append(SnapshotRecord.group(index, part)) }
        }
        try head.forEachRollupRecord(append)
        for tombstone in head.tombstones { try append(DeletionRecord.tombstone(tombstone)) }
        try head.exemplars.forEach { try append(ExemplarRecord.exemplar($1, of: $0)) }
        try StartTimeRecord.forEach(head, append)
        for (name, metadata) in head.metadata.sorted(by: { $0.key < $1.key }) {
            let record = StoreRecord.metadata(name, metadata)
            try append([SnapshotRecord.metadata] + record.dropFirst())
        }
        try append(SnapshotRecord.end(count))
        try file.finish()
        return file.byteCount
    }

    /// Deletes the files of no manifest that is kept, among them those that a crash left behind.
    private func removeUnused() throws {
        var kept: Set<String> = []
        for manifest in manifests {
            kept.insert(SnapshotFolder.path("manifest", manifest.number))
            kept.insert(SnapshotFolder.path("state", manifest.number))
            for file in manifest.chunkFiles { kept.insert(SnapshotFolder.path("chunks", file.number)) }
            kept.formUnion(manifest.rollupFiles.all.map(\.path))
        }
        for name in try disk.list(SnapshotFolder.folder) {
            let path = SnapshotFolder.folder + "/" + name
            let isOurs = ["manifest-", "state-", "chunks-", "rollups-"].contains { name.hasPrefix($0) }
            if isOurs, !kept.contains(path) { try disk.remove(path) }
        }
    }

    private static func encode(_ manifest: Manifest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: manifest.sequence)
        bytes.append(varint: UInt64(manifest.stateByteCount))
        append(manifest.chunkFiles, to: &bytes)
        bytes.append(varint: UInt64(manifest.rollupFiles.files.count))
        for (resolution, files) in manifest.rollupFiles.files.sorted(by: { $0.key < $1.key }) {
            bytes.append(signedVarint: resolution)
            append(files, to: &bytes)
        }
        return bytes
    }

    private static func append(_ files: [ChunkFile], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(files.count))
        for file in files {
            bytes.append(varint: file.number)
            bytes.append(signedVarint: file.last)
            bytes.append(varint: UInt64(file.byteCount))
        }
    }

    static func decode(_ record: [UInt8], _ number: UInt64) throws(CodecError) -> Manifest {
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        var manifest = Manifest(
            number: number, sequence: try cursor.varint(bytes),
            stateByteCount: Int(clamping: try cursor.varint(bytes)), chunkFiles: try files(bytes, &cursor))
        // Manifests of stores that made no rollups end here.
        guard !cursor.isAtEnd else { return manifest }
        for _ in 0..<(try cursor.length(bytes)) {
            let resolution = try cursor.signedVarint(bytes)
            manifest.rollupFiles.files[resolution] = try files(bytes, &cursor)
        }
        return manifest
    }

    private static func files(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [ChunkFile] {
        var files: [ChunkFile] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let number = try cursor.varint(bytes)
            let last = try cursor.signedVarint(bytes)
            files.append(
                ChunkFile(number: number, last: last, byteCount: Int(clamping: try cursor.varint(bytes))))
        }
        return files
    }
}
