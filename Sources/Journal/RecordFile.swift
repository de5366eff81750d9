/// A file of records that is written once, from front to end, in the frames of a log: snapshots and manifests.
package final class RecordFile {
    /// Raw bytes after which a frame is closed: less than in the log, since damage costs all of the frame that it is in.
    private static let frameTarget = 128 << 10

    private let file: any DiskFile
    private let id: UInt64
    private var frame = Frame(firstSequence: 1)
    /// The bytes written so far.
    package private(set) var byteCount: Int

    /// Makes the file anew. `id` ties its frames to it, so that those of another file are not taken for its own.
    package init(_ disk: any Disk, _ path: String, id: UInt64) throws(DiskError) {
        self.id = id
        file = try disk.open(path, create: true)
        if try file.length() > 0 { try file.truncate(to: 0) }
        let header = FrameFormat.header(id: id, firstSequence: 1)
        try file.append(header)
        byteCount = header.count
    }

    package func append(_ record: [UInt8]) throws(LogError) {
        guard record.count <= FrameFormat.longestRecord else {
            throw .recordTooLong(count: record.count, limit: FrameFormat.longestRecord)
        }
        frame.append(record)
        if frame.raw.count >= Self.frameTarget { try flush() }
    }

    /// Writes what is left and waits until the disk has it. The name still has to be made durable.
    package func finish() throws(LogError) {
        try flush()
        do {
            try file.synchronize()
        } catch {
            throw .disk(error)
        }
        file.close()
    }

    private func flush() throws(LogError) {
        guard frame.recordCount > 0 else { return }
        var bytes: [UInt8] = []
        frame.encode(into: &bytes, offset: byteCount, id: id)
        do {
            try file.append(bytes)
        } catch {
            throw .disk(error)
        }
        byteCount += bytes.count
        frame = Frame(firstSequence: frame.endSequence)
    }

    /// Reads all records with their numbers, which count from 1; damaged ranges and the records missing for them are in the
    /// report.
    package static func read(
        _ disk: any Disk, _ path: String, id: UInt64, _ body: (UInt64, [UInt8]) throws -> Void
    ) throws -> LogReport {
        let file = try disk.open(path, create: false)
        let length = try file.length()
        var report = LogReport()
        if let header = FrameFormat.parseHeader(try file.read(at: 0, count: FrameFormat.headerLength)) {
            guard header.version <= FrameFormat.version else {
                throw LogError.newerVersion(
                    path: path, version: header.version, supported: FrameFormat.version)
            }
        } else {
            let headerEnd = min(length, FrameFormat.headerLength)
            report.damage.append(DamagedRange(path: path, offset: 0, length: headerEnd))
        }
        var reader = FrameReader(file, id: id, length: length)
        while let item = try reader.next() {
            switch item {
            case .damage(let range):
                report.damage.append(DamagedRange(path: path, offset: range.lowerBound, length: range.count))
            case .frame(let frame, _):
                let expected = report.lastSequence + 1
                if frame.firstSequence > expected { report.gaps.append(expected...frame.firstSequence - 1) }
                let whole = try frame.forEach { number, record in
                    try body(number, record)
                    report.records += 1
                }
                if !whole { report.damage.append(DamagedRange(path: path, offset: 0, length: length)) }
                report.lastSequence = frame.endSequence - 1
            }
        }
        return report
    }
}
