/// A file of records that is written once, from front to end, in the frames of a log: snapshots and manifests.
package final class RecordFile {
    /// Raw bytes after which a frame is closed: less than in the log, since damage that cannot be mended costs all of the frame
    /// that it is in.
    private static let frameTarget = 128 << 10

    private let file: any DiskFile
    private let id: UInt64
    private let isDense: Bool
    private let isFilledUp: Bool
    private var frame = Frame(firstSequence: 1)
    /// What was written and is not protected yet.
    private var part: [UInt8]
    /// The bytes written so far.
    package private(set) var byteCount = 0

    /// Makes the file anew. `id` ties its frames to it, so that those of another file are not taken for its own.
    /// - Parameters:
    ///   - isDense: takes more time to make it smaller.
    ///   - isFilledUp: begins what protects a part with a block of the disk, and protects two blocks of a small file.
    package init(
        _ disk: any Disk, _ path: String, id: UInt64, isDense: Bool = false, isFilledUp: Bool = true
    ) throws(DiskError) {
        self.id = id
        self.isDense = isDense
        self.isFilledUp = isFilledUp
        file = try disk.open(path, create: true)
        if try file.length() > 0 { try file.truncate(to: 0) }
        part = FrameFormat.header(id: id, firstSequence: 1)
        try file.append(part)
        byteCount = part.count
    }

    package func append(_ record: [UInt8]) throws(LogError) {
        guard record.count <= FrameFormat.longestRecord else {
            throw .recordTooLong(count: record.count, limit: FrameFormat.longestRecord)
        }
        frame.append(record)
        if frame.raw.count >= Self.frameTarget { try flush() }
    }

    /// Writes what is left and waits until the disk has it. The name still has to be made durable.
    /// - Parameter unprotected: a file that has no more bytes then is not protected: it stands elsewhere, too.
    package func finish(unprotected: Int = 0) throws(LogError) {
        try flush()
        if byteCount + FrameFormat.frameHeaderLength > unprotected { try protect() }
        // What is damaged before it is known to have held no record where none is missing before this one.
        try write(Frame(firstSequence: frame.firstSequence))
        do {
            try file.synchronize()
        } catch {
            throw .disk(error)
        }
        file.close()
    }

    private func flush() throws(LogError) {
        guard frame.recordCount > 0 else { return }
        part += try write(frame)
        frame = Frame(firstSequence: frame.endSequence)
        if part.count >= FileProtection.partLength { try protect() }
    }

    private func protect() throws(LogError) {
        guard !part.isEmpty else { return }
        try pad()
        try write(
            Frame(firstSequence: frame.firstSequence, raw: FileProtection(part, isFine: !isFilledUp).content))
        part = []
    }

    /// Goes on with the next block of the file: the disk may lose the one with the end of a part, and with it not what
    /// brings that back. A frame of no records and zeros is neither protection nor the end of the file. Not where bytes count,
    /// as in copies, nor in a file that is within a block anyway.
    private func pad() throws(LogError) {
        var count = -byteCount & (FileProtection.blockLength - 1)
        guard count > 0, isFilledUp, byteCount > FileProtection.blockLength / 2 else { return }
        if count <= FrameFormat.frameHeaderLength { count += FileProtection.blockLength }
        let zeros = [UInt8](repeating: 0, count: count - FrameFormat.frameHeaderLength)
        part += try write(Frame(firstSequence: frame.firstSequence, raw: zeros))
    }

    @discardableResult
    private func write(_ frame: Frame) throws(LogError) -> [UInt8] {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes, offset: byteCount, id: id, isDense: isDense)
        do {
            try file.append(bytes)
        } catch {
            throw .disk(error)
        }
        byteCount += bytes.count
        return bytes
    }

    /// Whether a file begins as the one of this id does, whatever becomes of the rest.
    package static func isBegun(_ disk: any Disk, _ path: String, id: UInt64) throws(DiskError) -> Bool {
        let file = try disk.open(path, create: false)
        defer { file.close() }
        let header = try file.readWithHoles(at: 0, count: FrameFormat.headerLength)
        return FrameFormat.parseHeader(header)?.id == id
    }

    /// Reads all records with their numbers, which count from 1; damaged ranges and the records missing for them are in the
    /// report.
    package static func read(
        _ disk: any Disk, _ path: String, id: UInt64, _ body: (UInt64, [UInt8]) throws -> Void
    ) throws -> LogReport {
        let file = try disk.open(path, create: false)
        let length = try file.length()
        var report = LogReport()
        /// From damage up to the end of the part of the file, which may mend it.
        var held: [FrameReader.Item] = []
        var isProtected = true
        var isEndKnown = false
        var areFramesWhole = true
        let headerBytes = try file.readWithHoles(at: 0, count: FrameFormat.headerLength)
        if let header = FrameFormat.parseHeader(headerBytes) {
            guard header.version <= FrameFormat.version else {
                throw LogError.newerVersion(
                    path: path, version: header.version, supported: FrameFormat.version)
            }
            isProtected = header.version >= FrameFormat.firstProtectedVersion
        } else {
            held = [.damage(0..<min(length, FrameFormat.headerLength))]
        }
        func take(_ item: FrameReader.Item) throws {
            switch item {
            case .damage(let range): report.damage.append(DamagedRange(path: path, range))
            case .frame(let frame, _):
                let expected = report.lastSequence + 1
                if frame.firstSequence > expected { report.gaps.append(expected...frame.firstSequence - 1) }
                guard frame.recordCount > 0 else { break }
                let isWhole = try frame.forEach { number, record in
                    try body(number, record)
                    report.records += 1
                }
                if !isWhole { report.damage.append(DamagedRange(path: path, 0..<length)) }
                areFramesWhole = areFramesWhole && isWhole
                report.lastSequence = frame.endSequence - 1
            }
        }
        func mendHeld(_ protection: FileProtection, _ end: Int) throws {
            let mended = try mend(&held, protection, end, file, id)
            report.mended += mended.map { DamagedRange(path: path, $0) }
        }
        func releaseHeld() throws {
            for item in held { try take(item) }
            held = []
        }
        var reader = FrameReader(file, id: id, length: length)
        while let item = try reader.next() {
            switch item {
            case .frame(let frame, let range) where frame.recordCount == 0 && frame.raw.first != 0:
                if let protection = FileProtection(content: frame.raw) {
                    try mendHeld(protection, range.lowerBound)
                }
                try releaseHeld()
                try take(item)
                isEndKnown = frame.raw.isEmpty
            case .frame where held.isEmpty: try take(item)
            case .damage where !isProtected: try take(item)
            case .damage(let range):
                guard let (protection, place) = try damagedProtection(file, id, in: range) else {
                    held.append(item)
                    break
                }
                let (before, behind) = (
                    range.lowerBound..<place.lowerBound, place.upperBound..<range.upperBound
                )
                if !before.isEmpty { held.append(.damage(before)) }
                try mendHeld(protection, place.lowerBound)
                try releaseHeld()
                try take(.damage(place))
                if !behind.isEmpty { held.append(.damage(behind)) }
            default: held.append(item)
            }
        }
        try releaseHeld()
        guard isProtected else {
            report.lacksRecords = !report.damage.isEmpty
            return report
        }
        let tail = report.damage.last.map { $0.offset + $0.length == length ? $0.length : 0 } ?? 0
        if !isEndKnown, tail == 0 { report.damage.append(DamagedRange(path: path, length..<length)) }
        // A damaged end held no record; a file without one may have had more.
        report.lacksRecords =
            !report.gaps.isEmpty || !areFramesWhole
            || !isEndKnown && tail != FrameFormat.frameHeaderLength
        return report
    }

    /// No damage that can be mended is longer.
    private static let longestMended = 4 << 20

    /// Protection that is damaged itself, and where it stands in a damaged range. What it makes of the part before has to have
    /// the checksums of its frames, as always.
    private static func damagedProtection(
        _ file: any DiskFile, _ id: UInt64, in range: Range<Int>
    ) throws(DiskError) -> (protection: FileProtection, place: Range<Int>)? {
        guard range.count <= longestMended else { return nil }
        let bytes = try file.readWithHoles(at: range.lowerBound, count: range.count)
        for base in stride(from: 0, through: bytes.count - FrameFormat.frameHeaderLength, by: 1)
        where bytes[base] == FrameFormat.mark[0] {
            let offset = range.lowerBound + base
            guard let header = FrameHeader(bytes, base, at: offset, id: id),
                let content = header.damagedContent(bytes, base),
                let protection = FileProtection(content: content)
            else { continue }
            return (protection, offset..<offset + header.byteCount)
        }
        return nil
    }

    /// Reads what was held back anew from the part of the file before an offset, mended by its protection; the ranges that
    /// are whole then.
    private static func mend(
        _ held: inout [FrameReader.Item], _ protection: FileProtection, _ end: Int, _ file: any DiskFile,
        _ id: UInt64
    ) throws(DiskError) -> [Range<Int>] {
        guard case .damage(let first)? = held.first, protection.byteCount <= end else { return [] }
        let start = end - protection.byteCount
        let part = try file.readWithHoles(at: start, count: protection.byteCount)
        guard start <= first.lowerBound, let mended = protection.mended(part) else { return [] }
        let frames = max(first.lowerBound, FrameFormat.headerLength)..<end
        var reader = FrameReader(id: id, frames) { (offset, count) throws(DiskError) in
            Array(mended[offset - start..<min(mended.count, offset - start + count)])
        }
        var items: [FrameReader.Item] = []
        if first.lowerBound == 0, FrameFormat.parseHeader(mended) == nil { items.append(held[0]) }
        while let item = try reader.next() { items.append(item) }
        let damage = { (items: [FrameReader.Item]) in items.compactMap(\.damage) }
        let left = damage(items)
        let whole = damage(held).filter { range in !left.contains { $0.overlaps(range) } }
        held = items
        return whole
    }
}

extension FrameReader.Item {
    fileprivate var damage: Range<Int>? {
        guard case .damage(let range) = self else { return nil }
        return range
    }
}
