import Journal
import TimeSeries

/// How a snapshot comes back: as a whole where one is, else what is whole of a damaged one.
extension SnapshotFolder {
    /// Loads the newest snapshot that can be read; returns its last log sequence, 0 where there is none.
    ///
    /// Where the log goes back to its beginning, a lost snapshot is none. Else, in this order: the newest whole one; the newest
    /// whole state without its manifest, with a log that is read as a whole; what is whole of the newest damaged one; the log
    /// alone, see `giveUp`.
    mutating func load(into head: inout Head, _ status: inout StoreStatus, _ log: Log) throws -> UInt64 {
        let all = try SnapshotFolder.files(disk)
        let files = all.filter { !$0.isTemporary }
        let numbers = files.filter { $0.kind == "manifest" }.map(\.number)
        // Somebody's own says nothing of the number that comes next.
        let newest = all.sorted { $0.number > $1.number }
            .first { (try? RecordFile.isBegun(disk, $0.path, id: $0.number)) == true }
        lastNumber = newest?.number ?? 0
        var damaged: [Manifest] = []
        for number in numbers.sorted(by: >) {
            guard var manifest = try readManifest(number, &status) else {
                note(manifest: number, &status)
                continue
            }
            if let end = manifest.logEnd { logEnd = max(logEnd ?? end, end) }
            if try load(&manifest, into: &head, &status) {
                take(manifest)
                return manifest.sequence
            }
            damaged.append(manifest)
        }
        guard !log.holdsBeginning else { return 0 }
        let before = log.firstSequence - 1
        let states = files.filter { $0.kind == "state" }.map(\.number).sorted(by: >).filter { state in
            !damaged.contains { $0.number == state }
        }
        let unlisted = try states.map { try unlistedManifest($0, files, sequence: before) }
        for candidate in unlisted {
            var manifest = candidate
            guard try load(&manifest, into: &head, &status) else { continue }
            note(manifest: manifest.number, &status)
            take(manifest)
            return before
        }
        for candidate in damaged + unlisted {
            var manifest = candidate
            guard try load(&manifest, into: &head, &status, salvaging: true) else { continue }
            take(manifest)
            return manifest.sequence
        }
        // The first snapshot of all that a crash ended before there was anything in the log.
        let isFirst = numbers.isEmpty && log.isEmpty
        guard !files.isEmpty, !isFirst else { return 0 }
        giveUp(files, damaged, &status)
        // An empty log must not look like one that goes back to its beginning.
        return log.isEmpty ? 1 : before
    }

    /// Goes on where nothing of any state can be read, without which nobody knows whose the samples in chunks, rollups and rows of
    /// the log are: with the series that the log itself tells of. All files are kept.
    private mutating func giveUp(_ files: [File], _ damaged: [Manifest], _ status: inout StoreStatus) {
        isGivenUp = true
        damagedFiles.formUnion(files.map(\.path))
        let known = damaged.flatMap { $0.chunkFiles + $0.rollupFiles.all.map(\.file) }
        status.losses.append(
            Loss(path: SnapshotFolder.folder, from: known.compactMap(\.first).min(), to: nil))
    }

    private mutating func take(_ manifest: Manifest) {
        var manifest = manifest
        // What is gone was told once; the next manifest does without it.
        manifest.chunkFiles.removeAll { !disk.isFile(SnapshotFolder.path("chunks", $0.number)) }
        manifests = [manifest]
    }

    private func note(manifest number: UInt64, _ status: inout StoreStatus) {
        status.note([DamagedRange(path: SnapshotFolder.path("manifest", number), offset: 0, length: 0)])
    }

    /// A manifest of a state and all files of chunks and rollups up to it. Its place in the log is not known: what the log
    /// repeats is recognised by its times.
    private func unlistedManifest(
        _ number: UInt64, _ files: [File], sequence: UInt64
    ) throws -> Manifest {
        var found = Manifest(number: number, sequence: sequence, stateByteCount: 0, chunkFiles: [])
        for file in files.sorted(by: { $0.number < $1.number }) where file.number <= number {
            let length = try disk.open(file.path, create: false).length()
            // Its newest time shows when it is read.
            let chunkFile = ChunkFile(number: file.number, last: Int64.max, byteCount: length)
            if file.kind == "chunks" { found.chunkFiles.append(chunkFile) }
            if let resolution = file.resolution {
                found.rollupFiles.files[resolution, default: []].append(chunkFile)
            }
        }
        return found
    }

    private mutating func readManifest(_ number: UInt64, _ status: inout StoreStatus) throws -> Manifest? {
        var manifest: Manifest?
        let path = SnapshotFolder.path("manifest", number)
        let report = try RecordFile.read(disk, path, id: number) { _, record in
            manifest = try? SnapshotFolder.decode(record, number)
        }
        if !report.damage.isEmpty || !report.mended.isEmpty { damagedFiles.insert(path) }
        guard !report.lacksRecords, let manifest else { return nil }
        status.note(report.damage + report.mended)
        return manifest
    }

    /// False, and the head as it was, where the state is not whole or, `salvaging`, no series of it is. A damaged file of
    /// chunks costs what is damaged.
    private mutating func load(
        _ manifest: inout Manifest, into head: inout Head, _ status: inout StoreStatus,
        salvaging: Bool = false
    ) throws -> Bool {
        let empty = head
        var reader = SnapshotReader(isSalvaging: salvaging)
        try loadState(manifest.number, into: &head, &reader, &status)
        guard reader.isWhole || salvaging && head.seriesCount > 0 else {
            head = empty
            return false
        }
        var before: Int64?
        for index in manifest.chunkFiles.indices {
            // Its rows are newer than those of the file before, more or less.
            var file = manifest.chunkFiles[index]
            let path = SnapshotFolder.path("chunks", file.number)
            try load(path, &file, after: before, into: &head, &reader, &status)
            manifest.chunkFiles[index] = file
            before = file.last
        }
        for (resolution, files) in manifest.rollupFiles.files.sorted(by: { $0.key < $1.key }) {
            before = nil
            for index in files.indices {
                var file = files[index]
                let path = SnapshotFolder.path(RollupFiles.kind(resolution), file.number)
                try load(path, &file, after: before, into: &head, &reader, &status)
                manifest.rollupFiles.files[resolution]?[index] = file
                before = file.last
            }
        }
        reader.finish(&head)
        status.unreadableRecords += reader.damagedChunks
        if !reader.isWhole { noteSalvage(manifest, head, reader, &status) }
        return true
    }

    private mutating func loadState(
        _ number: UInt64, into head: inout Head, _ reader: inout SnapshotReader, _ status: inout StoreStatus
    ) throws {
        let path = SnapshotFolder.path("state", number)
        guard disk.isFile(path) else {
            status.note([DamagedRange(path: path, offset: 0, length: 0)])
            return
        }
        let report = try RecordFile.read(disk, path, id: number) { place, record in
            reader.readState(record, at: place, into: &head)
        }
        reader.endFile(into: &head, isOld: false)
        status.note(report.damage + report.mended)
        if !reader.isWhole, report.damage.isEmpty {
            // It ends too early, between two frames.
            let length = try disk.open(path, create: false).length()
            status.note([DamagedRange(path: path, offset: length, length: 0)])
        }
        if !reader.isWhole || !report.damage.isEmpty || !report.mended.isEmpty { damagedFiles.insert(path) }
    }

    /// Notes what a state of which only a part could be read may cost: of series that stood in the rest, all they had. Whole files
    /// with samples of such series are kept with the damaged one.
    private mutating func noteSalvage(
        _ manifest: Manifest, _ head: Head, _ reader: SnapshotReader, _ status: inout StoreStatus
    ) {
        let files = manifest.chunkFiles + manifest.rollupFiles.all.map(\.file)
        let oldest = (files.compactMap(\.first) + [head.oldest].compactMap { $0 }).min()
        status.losses.append(
            Loss(
                path: SnapshotFolder.path("state", manifest.number), from: oldest,
                to: head.newest == .min ? nil : head.newest))
        status.unreadableRecords += reader.unreadableRecords
        damagedFiles.insert(SnapshotFolder.path("manifest", manifest.number))
        damagedFiles.formUnion(manifest.chunkFiles.map { SnapshotFolder.path("chunks", $0.number) })
        damagedFiles.formUnion(manifest.rollupFiles.all.map(\.path))
    }

    /// Loads a file of chunks or rollups; what of it is damaged is lost. A newest time that is not known is found out.
    private mutating func load(
        _ path: String, _ file: inout ChunkFile, after before: Int64?, into head: inout Head,
        _ reader: inout SnapshotReader, _ status: inout StoreStatus
    ) throws {
        guard disk.isFile(path) else {
            status.note([DamagedRange(path: path, offset: 0, length: file.byteCount)])
            status.losses.append(Loss(path: path, from: file.first ?? before, to: file.last))
            return
        }
        reader.newest = .min
        let (damagedChunks, unreadable) = (reader.damagedChunks, status.unreadableRecords)
        let report = try RecordFile.read(disk, path, id: file.number) { place, record in
            if (try? reader.read(record, at: place, into: &head, isOld: true)) == nil {
                status.unreadableRecords += 1
            }
        }
        reader.endFile(into: &head, isOld: true)
        if file.last == .max { file.last = reader.newest }
        status.note(report.damage + report.mended)
        // Another file in its place may be whole, and lacks all the same.
        let length = try disk.open(path, create: false).length()
        let isOther =
            report.damage.isEmpty
            && (length != file.byteCount || status.unreadableRecords > unreadable)
        if isOther { status.note([DamagedRange(path: path, offset: 0, length: length)]) }
        if report.lacksRecords || isOther {
            status.losses.append(Loss(path: path, from: file.first ?? before, to: file.last))
        }
        if isOther || !report.damage.isEmpty || !report.mended.isEmpty || reader.damagedChunks > damagedChunks
            || status.unreadableRecords > unreadable
        {
            damagedFiles.insert(path)
        }
    }
}

extension Head {
    /// The oldest sample.
    var oldest: Int64? {
        let tables = self.tables.compactMap { $0?.firstTime }
        return (tables + loose.groups.indices.compactMap { loose.groups[$0].oldest }).min()
    }
}
