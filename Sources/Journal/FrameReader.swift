/// Reads the frames of one file from front to end, in memory of one frame. Where bytes are damaged it searches
/// for the next frame that is whole and reports what it stepped over.
struct FrameReader {
    enum Item {
        /// A whole frame and where it stands.
        case frame(Frame, Range<Int>)
        case damage(Range<Int>)
    }

    private let read: (_ offset: Int, _ count: Int) throws(DiskError) -> [UInt8]
    private let id: UInt64
    private let length: Int
    private var offset: Int
    private var window: [UInt8] = []
    private var windowStart = 0
    /// A frame that was found behind damage, still to be returned.
    private var found: Item?

    private static let windowLength = 1 << 18

    init(_ file: any DiskFile, id: UInt64, length: Int) {
        self.init(id: id, FrameFormat.headerLength..<max(FrameFormat.headerLength, length)) {
            (offset, count) throws(DiskError) in
            try file.readWithHoles(at: offset, count: count)
        }
    }

    /// - Parameter read: as `DiskFile.read(at:count:)`.
    init(
        id: UInt64, _ range: Range<Int>,
        read: @escaping (_ offset: Int, _ count: Int) throws(DiskError) -> [UInt8]
    ) {
        self.read = read
        self.id = id
        length = range.upperBound
        offset = range.lowerBound
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
        guard let header = FrameHeader(window, start - windowStart, at: start, id: id),
            header.byteCount <= length - start
        else { return nil }
        try load(start, header.byteCount)
        guard let frame = header.frame(window, start - windowStart) else { return nil }
        offset = start + header.byteCount
        return .frame(frame, start..<offset)
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
        window = try read(start, wanted)
        windowStart = start
        if window.count < count {
            window.append(contentsOf: [UInt8](repeating: 0, count: count - window.count))
        }
    }
}
