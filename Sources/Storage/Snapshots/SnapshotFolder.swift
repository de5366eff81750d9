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
    /// Files that could not be read as a whole; set aside where others are deleted.
    private(set) var damagedFiles: Set<String> = []
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
            if var manifest = try readManifest(number), try load(&manifest, into: &head, &status) {
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

    /// Loads the newest state that can be read with all files of chunks and rollups up to it. Its place in the log is not
    /// known: what the log repeats is recognised by its times.
    private mutating func loadWithoutManifest(
        into head: inout Head, _ status: inout StoreStatus
    ) throws -> Manifest? {
        let names = try disk.list(SnapshotFolder.folder)
        for number in try numbers(of: "state").sorted(by: >) {
            let empty = head
            var found = Manifest(number: number, sequence: 0, stateByteCount: 0, chunkFiles: [])
            for name in names {
                let parts = name.split(separator: "-")
                guard let file = parts.last.flatMap({ UInt64($0) }), file <= number else { continue }
                let length = try disk.open(SnapshotFolder.folder + "/" + name, create: false).length()
                // Its newest time shows when it is read.
                let chunkFile = ChunkFile(number: file, last: Int64.max, byteCount: length)
                if parts.count == 2, parts[0] == "chunks" { found.chunkFiles.append(chunkFile) }
                if parts.count == 3, parts[0] == "rollups", let resolution = Int64(parts[1]) {
                    found.rollupFiles.files[resolution, default: []].append(chunkFile)
                }
            }
            if try load(&found, into: &head, &status) {
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

    private mutating func readManifest(_ number: UInt64) throws -> Manifest? {
        var manifest: Manifest?
        let path = SnapshotFolder.path("manifest", number)
        let report = try RecordFile.read(disk, path, id: number) { record in
            manifest = try? SnapshotFolder.decode(record, number)
        }
        guard report.damage.isEmpty, let manifest else {
            damagedFiles.insert(path)
            return nil
        }
        return manifest
    }

    /// False where the state file is damaged. A damaged chunk file costs what is damaged.
    private mutating func load(
        _ manifest: inout Manifest, into head: inout Head, _ status: inout StoreStatus
    ) throws -> Bool {
        var reader = SnapshotReader()
        guard try loadState(manifest.number, into: &head, &reader) else { return false }
        var before: Int64?
        let chunkCount = manifest.chunkFiles.count
        for index in 0..<chunkCount {
            // Its rows are newer than those of the file before, more or less.
            let number = manifest.chunkFiles[index].number
            try load(
                SnapshotFolder.path("chunks", number), &manifest.chunkFiles[index], after: before,
                into: &head,
                &reader, &status)
            before = manifest.chunkFiles[index].last
        }
        for (resolution, files) in manifest.rollupFiles.files.sorted(by: { $0.key < $1.key }) {
            before = nil
            for index in files.indices {
                var file = files[index]
                try load(
                    SnapshotFolder.path(RollupFiles.kind(resolution), file.number), &file, after: before,
                    into: &head, &reader, &status)
                manifest.rollupFiles.files[resolution]?[index] = file
                before = file.last
            }
        }
        reader.finish(&head)
        status.unreadableRecords += reader.damagedChunks
        return true
    }

    private mutating func loadState(
        _ number: UInt64, into head: inout Head, _ reader: inout SnapshotReader
    ) throws -> Bool {
        let path = SnapshotFolder.path("state", number)
        guard disk.exists(path) else { return false }
        var isReadable = true
        let report = try RecordFile.read(disk, path, id: number) { record in
            if record.first == SnapshotRecord.metadata {
                try head.replay([StoreRecord.metadata] + record.dropFirst())
            }
            if (try? reader.read(record, into: &head, isOld: false)) == nil { isReadable = false }
        }
        guard isReadable, reader.isComplete, report.damage.isEmpty else {
            damagedFiles.insert(path)
            return false
        }
        return true
    }

    /// Loads a file of chunks or rollups; what of it is damaged is lost. A newest time that is not known is found out.
    private mutating func load(
        _ path: String, _ file: inout ChunkFile, after before: Int64?, into head: inout Head,
        _ reader: inout SnapshotReader, _ status: inout StoreStatus
    ) throws {
        guard disk.exists(path) else {
            status.damage.append(DamagedRange(path: path, offset: 0, length: file.byteCount))
            status.losses.append(Loss(path: path, from: before, to: file.last))
            return
        }
        reader.newest = .min
        let (damagedChunks, unreadable) = (reader.damagedChunks, status.unreadableRecords)
        let report = try RecordFile.read(disk, path, id: file.number) { record in
            if (try? reader.read(record, into: &head, isOld: true)) == nil { status.unreadableRecords += 1 }
        }
        if file.last == .max { file.last = reader.newest }
        status.damage += report.damage
        if !report.damage.isEmpty { status.losses.append(Loss(path: path, from: before, to: file.last)) }
        if !report.damage.isEmpty || reader.damagedChunks > damagedChunks
            || status.unreadableRecords > unreadable
        {
            damagedFiles.insert(path)
        }
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

    /// Deletes the files of no manifest that is kept, among them those that a crash left behind; damaged ones are set aside.
    private mutating func removeUnused() throws {
        var kept: Set<String> = []
        for manifest in manifests {
            kept.insert(SnapshotFolder.path("manifest", manifest.number))
            kept.insert(SnapshotFolder.path("state", manifest.number))
            for file in manifest.chunkFiles { kept.insert(SnapshotFolder.path("chunks", file.number)) }
            kept.formUnion(manifest.rollupFiles.all.map(\.path))
        }
        // Manifests first: none may come back after a power cut that counts files which are gone.
        let names = try disk.list(SnapshotFolder.folder)
        let isManifest = { (name: String) in name.hasPrefix("manifest-") }
        for name in names.filter(isManifest) + names.filter({ !isManifest($0) }) {
            let path = SnapshotFolder.folder + "/" + name
            let isOurs = ["manifest-", "state-", "chunks-", "rollups-"].contains { name.hasPrefix($0) }
            guard isOurs, !kept.contains(path) else { continue }
            if damagedFiles.contains(path) {
                try Quarantine.take(path, on: disk)
                damagedFiles.remove(path)
            } else {
                try disk.remove(path)
            }
        }
        try disk.synchronizeFolder(SnapshotFolder.folder)
    }
}
