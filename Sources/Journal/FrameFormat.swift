import Codecs

/// The bytes of journal files, all numbers little-endian. A file is a header of 40 bytes and frames behind it:
///
///     header: magic 8 | version 4 | zero 4 | file id 8 | first sequence 8 | zero 4 | CRC32C of the 36 before 4
///     frame:  mark 4 | CRC32C of all that follows 4 | stored length 4 | raw length 4 | first sequence 8 |
///             records 4 | offset in the file, low half 4 | file id 8 | stored bytes
///     stored bytes: LZ4 block of the raw bytes, or the raw bytes where both lengths are equal
///     raw bytes:    per record its length as LEB128 and its bytes; of a frame of no records, what `FileProtection` draws
///
/// Offset and file id are inside the checksum, so that a block of another place or time is noticed.
enum FrameFormat {
    static let magic = Array("FLYBALL\n".utf8)
    /// Of frames and of the records in them: 2 where snapshots may hold parts of groups of series, 3 where their
    /// files are protected and hold layouts and metadata in fewer bytes, 4 where long records of theirs may stand in pieces, 5
    /// where chunks may have values as they are, close to short fractions or by their bits, 6 where these may have codes of a few
    /// numbers and what protects a short file may have shorter blocks.
    static let version: UInt32 = 6
    static let firstProtectedVersion: UInt32 = 3
    static let headerLength = 40
    static let frameHeaderLength = 40
    static let mark: [UInt8] = [0xf1, 0x79, 0xba, 0x11]
    /// Raw bytes after which a frame is closed.
    static let frameTarget = 1 << 20
    static let longestRecord = 32 << 20
    /// A frame may hold one longest record behind a nearly full frame.
    static let longestFrame = longestRecord + frameTarget + 16

    static func header(id: UInt64, firstSequence: UInt64) -> [UInt8] {
        var bytes = magic
        bytes.append(fixed32: version)
        bytes.append(fixed32: 0)
        bytes.append(fixed64: id)
        bytes.append(fixed64: firstSequence)
        bytes.append(fixed32: 0)
        bytes.append(fixed32: CRC32C.checksum(bytes.span))
        return bytes
    }

    /// What a file header says; nil where it is damaged.
    static func parseHeader(
        _ bytes: [UInt8]
    ) -> (version: UInt32, id: UInt64, firstSequence: UInt64)? {
        guard bytes.count >= headerLength, bytes.starts(with: magic) else { return nil }
        let span = bytes.span
        var cursor = ByteCursor(magic.count..<headerLength)
        guard let version = try? cursor.fixed32(span), (try? cursor.fixed32(span)) != nil,
            let id = try? cursor.fixed64(span), let first = try? cursor.fixed64(span),
            (try? cursor.fixed32(span)) != nil, let checksum = try? cursor.fixed32(span),
            checksum == CRC32C.checksum(span, 0..<headerLength - 4)
        else { return nil }
        return (version, id, first)
    }
}

/// Records that are written together. `raw` holds them as `FrameFormat` draws it.
struct Frame: Sendable {
    var firstSequence: UInt64
    var recordCount = 0
    var raw: [UInt8] = []

    /// The sequence behind the last record.
    var endSequence: UInt64 { firstSequence + UInt64(recordCount) }

    mutating func append(_ record: [UInt8]) {
        raw.append(prefixed: record)
        recordCount += 1
    }

    /// Appends the frame as it stands in a file at `offset`. One without records is not compressed, so that it is of use
    /// with damaged bytes too.
    func encode(into bytes: inout [UInt8], offset: Int, id: UInt64, isDense: Bool = false) {
        let compressed = recordCount > 0 ? LZ4.compress(raw.span, isDense: isDense) : raw
        let stored = compressed.count < raw.count ? compressed : raw
        let start = bytes.count
        bytes.append(contentsOf: FrameFormat.mark)
        bytes.append(fixed32: 0)
        bytes.append(fixed32: UInt32(stored.count))
        bytes.append(fixed32: UInt32(raw.count))
        bytes.append(fixed64: firstSequence)
        bytes.append(fixed32: UInt32(recordCount))
        bytes.append(fixed32: UInt32(truncatingIfNeeded: offset))
        bytes.append(fixed64: id)
        bytes.append(contentsOf: stored)
        let checksum = CRC32C.checksum(bytes.span, start + 8..<bytes.count)
        for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    }

    /// Calls `body` with each record and its sequence; false where the frame is not made of its records.
    func forEach(_ body: (UInt64, [UInt8]) throws -> Void) rethrows -> Bool {
        let span = raw.span
        var cursor = ByteCursor(count: span.count)
        for index in 0..<recordCount {
            guard let length = try? cursor.length(span), let record = try? cursor.array(span, count: length)
            else { return false }
            try body(firstSequence + UInt64(index), record)
        }
        return cursor.isAtEnd
    }
}

/// What stands before the bytes of a frame.
struct FrameHeader {
    private let checksum: UInt32
    private let storedLength: Int
    private let rawLength: Int
    private let firstSequence: UInt64
    private let recordCount: Int

    /// Bytes of the frame, this header included.
    var byteCount: Int { FrameFormat.frameHeaderLength + storedLength }

    /// The header at `base` of some bytes, which stand at `offset` of the file `id`; nil where there is none.
    init?(_ bytes: [UInt8], _ base: Int, at offset: Int, id: UInt64) {
        guard bytes[base..<base + 4].elementsEqual(FrameFormat.mark) else { return nil }
        var cursor = ByteCursor(base + 4..<base + FrameFormat.frameHeaderLength)
        guard let checksum = try? cursor.fixed32(bytes.span), let stored = try? cursor.fixed32(bytes.span),
            let raw = try? cursor.fixed32(bytes.span), let sequence = try? cursor.fixed64(bytes.span),
            let count = try? cursor.fixed32(bytes.span), let place = try? cursor.fixed32(bytes.span),
            let owner = try? cursor.fixed64(bytes.span),
            owner == id, place == UInt32(truncatingIfNeeded: offset),
            stored <= raw, raw <= FrameFormat.longestFrame
        else { return nil }
        self.checksum = checksum
        storedLength = Int(stored)
        rawLength = Int(raw)
        firstSequence = sequence
        recordCount = Int(count)
    }

    /// What stands in a frame of no records at `base` of some bytes, damaged or not; nil for other frames.
    func damagedContent(_ bytes: [UInt8], _ base: Int) -> [UInt8]? {
        guard recordCount == 0, rawLength > 0, rawLength == storedLength, base + byteCount <= bytes.count
        else { return nil }
        return Array(bytes[base + FrameFormat.frameHeaderLength..<base + byteCount])
    }

    /// The frame that this is the header of, at `base` of bytes that hold all of it; nil where it is damaged.
    func frame(_ bytes: [UInt8], _ base: Int) -> Frame? {
        let bytes = bytes.span
        guard CRC32C.checksum(bytes, base + 8..<base + byteCount) == checksum else { return nil }
        let body = bytes.extracting(base + FrameFormat.frameHeaderLength..<base + byteCount)
        let content =
            body.count == rawLength
            ? body.array(0..<rawLength) : try? LZ4.decompress(body, byteCount: rawLength)
        guard let content else { return nil }
        return Frame(firstSequence: firstSequence, recordCount: recordCount, raw: content)
    }
}
