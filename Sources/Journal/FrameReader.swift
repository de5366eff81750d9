import Codecs

/// Reads the frames of one file from front to end, in memory of one frame. Where bytes are damaged it searches
/// for the next frame that is whole and reports what it stepped over.
struct FrameReader {
    enum Item {
        /// A whole frame and the offset behind it.
        case frame(Frame, end: Int)
        case damage(Range<Int>)
    }

    private let file: any DiskFile
    private let id: UInt64
    private let length: Int
    private var offset: Int
    private var window: [UInt8] = []
    private var windowStart = 0
    /// A frame that was found behind damage, still to be returned.
    private var found: Item?

    private static let windowLength = 1 << 18

    init(_ file: any DiskFile, id: UInt64, length: Int) {
        self.file = file
        self.id = id
        self.length = length
        offset = FrameFormat.headerLength
    }

    mutating func next() throws(DiskError) -> Item? {
        if let item = found {
            found = nil
            return item
        }
        guard offset < length else { return nil }
        if let item = try frame(at: offset) { return item }
        let start = offset
        offset += 1
        while try seekMark() {
            let candidate = offset
            if let item = try frame(at: candidate) {
                found = item
                return .damage(start..<candidate)
            }
            offset = candidate + 1
        }
        offset = length
        return .damage(start..<length)
    }

    /// The frame that starts at `start`, or nil where none does; moves behind it.
    private mutating func frame(at start: Int) throws(DiskError) -> Item? {
        guard start + FrameFormat.frameHeaderLength <= length else { return nil }
        try load(start, FrameFormat.frameHeaderLength)
        let base = start - windowStart
        guard window[base..<base + 4].elementsEqual(FrameFormat.mark) else { return nil }
        var cursor = ByteCursor(base + 4..<base + FrameFormat.frameHeaderLength)
        guard let checksum = try? cursor.fixed32(window.span), let stored = try? cursor.fixed32(window.span),
            let raw = try? cursor.fixed32(window.span), let sequence = try? cursor.fixed64(window.span),
            let count = try? cursor.fixed32(window.span), let place = try? cursor.fixed32(window.span),
            let owner = try? cursor.fixed64(window.span),
            owner == id, place == UInt32(truncatingIfNeeded: start),
            stored <= raw, raw <= FrameFormat.longestFrame
        else { return nil }
        let total = FrameFormat.frameHeaderLength + Int(stored)
        guard total <= length - start else { return nil }
        try load(start, total)
        return decode(start, total, checksum, raw: Int(raw), sequence: sequence, count: Int(count))
    }

    private mutating func decode(
        _ start: Int, _ total: Int, _ checksum: UInt32, raw: Int, sequence: UInt64, count: Int
    ) -> Item? {
        let base = start - windowStart
        let window = window
        let bytes = window.span
        guard CRC32C.checksum(bytes, base + 8..<base + total) == checksum else { return nil }
        let body = bytes.extracting(base + FrameFormat.frameHeaderLength..<base + total)
        let content = body.count == raw ? body.array(0..<raw) : try? LZ4.decompress(body, byteCount: raw)
        guard let content else { return nil }
        offset = start + total
        return .frame(
            Frame(firstSequence: sequence, recordCount: count, raw: content), end: start + total)
    }

    /// Moves to the next place that could be a frame; false at the end.
    private mutating func seekMark() throws(DiskError) -> Bool {
        while offset + FrameFormat.frameHeaderLength <= length {
            try load(offset, min(FrameReader.windowLength, length - offset))
            let mark = FrameFormat.mark
            for index in offset - windowStart..<window.count - 3
            where window[index] == mark[0] && window[index + 1] == mark[1]
                && window[index + 2] == mark[2] && window[index + 3] == mark[3]
            {
                offset = windowStart + index
                return true
            }
            offset = windowStart + max(window.count - 3, offset - windowStart + 1)
        }
        return false
    }

    /// Makes the window hold `count` bytes from `start`. A file that became shorter reads as zeros.
    private mutating func load(_ start: Int, _ count: Int) throws(DiskError) {
        if start >= windowStart, start + count <= windowStart + window.count { return }
        let wanted = min(max(count, FrameReader.windowLength), length - start)
        window = try file.read(at: start, count: wanted)
        windowStart = start
        if window.count < count {
            window.append(contentsOf: [UInt8](repeating: 0, count: count - window.count))
        }
    }
}
