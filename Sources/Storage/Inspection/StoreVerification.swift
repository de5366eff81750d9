package import Journal

/// What a walk over every byte of a store's files found. It reads only, so that it may run beside the service that
/// owns them, and needs no more memory than a few frames.
package struct StoreVerification: Hashable, Sendable {
    package struct Finding: Hashable, Sendable {
        /// Below the root of the store.
        package var path: String
        /// Where in the file; nil where it is the file as a whole.
        package var offset: Int?
        package var what: String
        /// False for what a crash may leave behind and costs nothing.
        package var isDamage: Bool
    }

    package var files = 0
    package var byteCount = 0
    package var records = 0
    package var findings: [Finding] = []

    package var isIntact: Bool { !findings.contains(where: \.isDamage) }

    /// Makes the paths of what was found so far those below another folder.
    package mutating func prefixPaths(_ folder: String) {
        for index in findings.indices { findings[index].path = folder + findings[index].path }
    }

    package mutating func add(_ path: String, at offset: Int? = nil, _ what: String, isDamage: Bool = true) {
        findings.append(Finding(path: path, offset: offset, what: what, isDamage: isDamage))
    }

    /// Verifies all files below the root of `disk`. Where a service replaces a snapshot meanwhile, it begins anew.
    /// - Throws: `LogError.newerVersion` for a file that only a newer program can judge, and what the disk throws.
    package static func run(_ disk: any Disk) throws -> StoreVerification {
        for _ in 0..<5 {
            let before = try SnapshotFolder.manifestNumbers(disk)
            var verification = StoreVerification()
            let (covered, end) = try verification.snapshots(disk)
            try verification.log(disk, "log", from: covered + 1, upTo: end)
            for path in Quarantine.list(disk) {
                verification.add(
                    path, "damaged, set aside and not read any more; delete it when you need it no longer",
                    isDamage: false)
            }
            let after = try SnapshotFolder.manifestNumbers(disk)
            if before == after { return verification }
        }
        throw StoreError.snapshot(
            "the snapshots change faster than they can be read; stop the service and try again")
    }

    /// Verifies a log in a folder, whose records from `first` on must all be there, and whose files were on disk up to `end`.
    package mutating func log(
        _ disk: any Disk, _ folder: String, from first: UInt64 = 1, upTo end: LogEnd? = nil
    ) throws {
        let log = try Log(disk: disk, folder: folder)
        var report = try log.forEach { _, _ in }
        if let end = report.damage.last, report.unfollowedDamage > 0 {
            // A service that writes meanwhile has finished by then.
            let again = try Log(disk: disk, folder: folder).forEach { _, _ in }
            if again.damage.last != end { report = again }
        }
        for path in try disk.list(folder).map({ folder + "/" + $0 })
        where !log.openReport.foreign.contains(path) { count(disk, path) }
        records += report.records
        if log.firstSequence > first {
            add(folder, "records \(first) to \(log.firstSequence - 1) are missing: no file holds them")
        }
        if let path = log.openReport.lostEnd(after: end, in: folder) {
            add(
                path,
                "the end of the log is missing: it was on disk, and nothing else holds the records that stood there"
            )
        }
        for gap in report.gaps { add(folder, "records \(gap.lowerBound) to \(gap.upperBound) are missing") }
        let headers = log.openReport.damage.filter { $0.offset == 0 && !report.damage.contains($0) }
        for range in headers where range.length > 0 {
            add(range.path, at: 0, "the header's checksum is wrong or its \(range.length) bytes are none")
        }
        let followed = report.damage.count - report.unfollowedDamage
        for (index, range) in report.damage.enumerated() where range.length > 0 {
            let isLast = index >= followed
            // Nothing is missing behind it: it was never acknowledged.
            let isTorn = !isLast && report.gaps.isEmpty
            add(
                range.path, at: range.offset,
                "\(range.length) bytes are no record with the right checksum"
                    + (isLast ? ": damaged, or torn by a crash since which the service was not started" : "")
                    + (isTorn ? "; no record is missing: a write that a crash tore" : ""), isDamage: !isTorn)
        }
        for path in log.openReport.foreign {
            add(path, "not a file of the store; left alone", isDamage: false)
        }
    }

    private mutating func count(_ disk: any Disk, _ path: String) {
        files += 1
        byteCount += (try? disk.open(path, create: false).length()) ?? 0
    }

    /// Verifies every file of the folder; returns the last log sequence that the newest snapshot covers, and where the log
    /// ended then.
    private mutating func snapshots(_ disk: any Disk) throws -> (covered: UInt64, logEnd: LogEnd?) {
        let files = try SnapshotFolder.files(disk)
        var manifests: [SnapshotFolder.Manifest] = []
        for file in files where file.kind == "manifest" && !file.isTemporary {
            if let manifest = try self.manifest(disk, file.path, file.number) { manifests.append(manifest) }
        }
        manifests.sort { $0.number < $1.number }
        let log = try Log(disk: disk, folder: "log")
        if manifests.isEmpty, !log.holdsBeginning, try unlisted(disk, files) {
            return (log.firstSequence - 1, nil)
        }
        var sizes: [String: Int] = [:]
        for manifest in manifests {
            sizes[SnapshotFolder.path("state", manifest.number)] = manifest.stateByteCount
            for file in manifest.chunkFiles {
                sizes[SnapshotFolder.path("chunks", file.number)] = file.byteCount
            }
            for (path, file) in manifest.rollupFiles.all { sizes[path] = file.byteCount }
        }
        for path in sizes.keys.sorted() where !disk.isFile(path) {
            add(path, "missing, though a manifest counts it")
        }
        for path in try SnapshotFolder.foreign(disk) {
            add(path, "not a file of the store; left alone", isDamage: false)
        }
        for file in files where file.isTemporary || file.kind != "manifest" {
            guard let size = sizes[file.path] else {
                add(
                    file.path,
                    "belongs to no snapshot: begun or left by a crash; the next snapshot deletes it",
                    isDamage: false)
                continue
            }
            try recordFile(disk, file, size: size)
        }
        return (manifests.last?.sequence ?? 0, manifests.compactMap(\.logEnd).max())
    }

    /// Verifies what the service reads where no manifest can be read and the log does not go back to its beginning; whether
    /// there is anything.
    private mutating func unlisted(_ disk: any Disk, _ files: [SnapshotFolder.File]) throws -> Bool {
        let parts = files.filter { $0.kind != "manifest" }
        guard !parts.isEmpty else { return false }
        add(
            SnapshotFolder.folder,
            "no manifest can be read, and the log does not go back to the beginning: the service reads the states, chunks and "
                + "rollups that are there; delete none of them")
        for file in parts { try recordFile(disk, file, size: nil) }
        return true
    }

    private mutating func manifest(
        _ disk: any Disk, _ path: String, _ number: UInt64
    ) throws -> SnapshotFolder.Manifest? {
        count(disk, path)
        var manifest: SnapshotFolder.Manifest?
        let report = try RecordFile.read(disk, path, id: number) { _, record in
            manifest = try? SnapshotFolder.decode(record, number)
        }
        add(report)
        if manifest == nil { add(path, "no manifest can be read in it") }
        return manifest
    }

    private mutating func add(_ report: LogReport) {
        records += report.records
        for range in report.damage {
            add(
                range.path, at: range.offset,
                range.length == 0
                    ? "the file is empty" : "\(range.length) bytes are no record with the right checksum")
        }
        for range in report.mended {
            add(
                range.path, at: range.offset,
                "\(range.length) bytes are damaged and can be made anew from those beside them, as the service does when it starts"
            )
        }
    }

    private mutating func recordFile(
        _ disk: any Disk, _ file: SnapshotFolder.File, size: Int?
    ) throws {
        let path = file.path
        let isState = file.kind == "state"
        count(disk, path)
        var seen: UInt64 = 0
        var end: [UInt8] = []
        var problems: [(record: UInt64, what: String)] = []
        var pieces = PieceReader()
        let report = try RecordFile.read(disk, path, id: file.number) { place, record in
            seen += 1
            end = record
            var record = record
            if record.first == PieceRecord.kind {
                do {
                    guard let whole = try pieces.take(record, at: place) else { return }
                    record = whole
                } catch {
                    problems.append((seen, "cannot be read"))
                }
            }
            let kinds = [
                SnapshotRecord.rows, SnapshotRecord.part, SnapshotRecord.group, SnapshotRecord.histogramGroup,
                RollupRecord.block,
            ]
            guard kinds.contains(record.first ?? 0) else { return }
            var reader = SnapshotReader()
            var scratch = Head(StoreConfiguration())
            if (try? reader.read(record, at: place, into: &scratch, isOld: true)) == nil {
                problems.append((seen, "cannot be read"))
            } else if reader.damagedChunks > 0 {
                problems.append((seen, "has \(reader.damagedChunks) chunks whose checksum is wrong"))
            }
        }
        add(report)
        for problem in problems { add(path, "record \(problem.record) \(problem.what)") }
        let length = try disk.open(path, create: false).length()
        if let size, length != size { add(path, "\(length) bytes long, its manifest says \(size)") }
        if isState, report.damage.isEmpty, end != SnapshotRecord.end(Int(seen) - 1) {
            add(path, "the end is missing: the record that counts the others")
        }
    }
}
