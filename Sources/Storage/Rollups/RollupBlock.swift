import Codecs
import TimeSeries

/// Buckets of some windows of the series of a table, or of a group of single series. Does not change any more.
///
/// What scrapes share stands once a window: its end, the first and last time of a scrape in it, their number. Each
/// series has nine columns beside that, chunks hold those of four series. Sketches stand apart, so that only
/// quantiles pay for reading them.
final class RollupBlock: Sendable {
    static let seriesPerChunk = 4
    static let fields = 9
    /// A pass over more windows makes several blocks: to read one window is to decode its whole chunk.
    static let largestWindowCount = 1024

    /// What a window has in common for the series of a block.
    struct Window: Hashable, Sendable {
        var end: Int64
        var first: Int64
        var last: Int64
        var count: Int
    }

    /// The length of a window in milliseconds.
    let resolution: Int64
    /// In the order of the ends, as a rule; a window that was made in two parts is there twice.
    let windows: [Window]
    let width: Int
    /// Chunks of columns, one behind the other, and where each ends.
    let bytes: [UInt8]
    let ends: [UInt32]
    /// The sketches of the series of each chunk, and where they end.
    let sketches: [UInt8]
    let sketchEnds: [UInt32]
    /// Windows of series that have samples.
    let bucketCount: Int
    /// When series ended, by series and place of the window with their last sample.
    let markers: [UInt32: [Int: Int64]]
    /// The least and the greatest end of a window.
    let first: Int64
    let last: Int64

    init(
        resolution: Int64, windows: [Window], width: Int, bytes: [UInt8], ends: [UInt32], sketches: [UInt8],
        sketchEnds: [UInt32], bucketCount: Int, markers: [UInt32: [Int: Int64]] = [:]
    ) {
        self.resolution = resolution
        self.windows = windows
        self.width = width
        self.bytes = bytes
        self.ends = ends
        self.sketches = sketches
        self.sketchEnds = sketchEnds
        self.bucketCount = bucketCount
        self.markers = markers
        first = windows.reduce(.max) { min($0, $1.end) }
        last = windows.reduce(.min) { max($0, $1.end) }
    }

    var byteCount: Int {
        bytes.count + sketches.count + 32 * windows.count + 4 * (ends.count + sketchEnds.count)
            + 160 * (1 + markers.count)
    }

    /// The buckets of a series in windows that end in a range, in the order of the windows.
    func buckets(_ series: UInt32, _ range: ClosedRange<Int64>, sketches readsSketches: Bool)
        -> [RollupBucket]
    {
        guard Int(series) < width, first <= range.upperBound, range.lowerBound <= last else { return [] }
        let number = Int(series) / RollupBlock.seriesPerChunk
        guard let chunk = try? open(number), chunk.rowCount == windows.count else { return [] }
        var read = RollupColumnReader(
            self, chunk, firstColumn: Int(series) % RollupBlock.seriesPerChunk * RollupBlock.fields)
        guard var found = read.buckets() else { return [] }
        for (window, time) in markers[series] ?? [:] { found[window]?.endedAt = time }
        if readsSketches, !attachSketches(series, &found) { return [] }
        return found.compactMap { $0 }.filter { range.contains($0.end) }
    }

    func open(_ chunk: Int) throws(CodecError) -> Chunk.Opened {
        let bytes = bytes
        return try Chunk.open(bytes, (chunk == 0 ? 0 : Int(ends[chunk - 1]))..<Int(ends[chunk]))
    }

    private func attachSketches(_ series: UInt32, _ buckets: inout [RollupBucket?]) -> Bool {
        let number = Int(series) / RollupBlock.seriesPerChunk
        let start = number == 0 ? 0 : Int(sketchEnds[number - 1])
        let inside = Int(series) % RollupBlock.seriesPerChunk
        let part = Array(sketches[start..<Int(sketchEnds[number])])
        return (try? SketchCodec.decode(part, inside, &buckets)) != nil
    }

    /// Chunks whose checksum is wrong; their buckets are left out of results.
    var damagedChunkCount: Int {
        var damaged = 0
        let bytes = bytes
        let sketches = sketches
        for number in ends.indices {
            let start = number == 0 ? 0 : Int(ends[number - 1])
            if !Chunk.isIntact(bytes.span, start..<Int(ends[number])) { damaged += 1 }
            let sketchStart = number == 0 ? 0 : Int(sketchEnds[number - 1])
            if !SketchCodec.isIntact(sketches.span, sketchStart..<Int(sketchEnds[number])) { damaged += 1 }
        }
        return damaged
    }
}

/// Reads the columns of one series of a block.
private struct RollupColumnReader {
    private let block: RollupBlock
    private let chunk: Chunk.Opened
    private let firstColumn: Int
    private var columns: [[Double]] = []

    init(_ block: RollupBlock, _ chunk: Chunk.Opened, firstColumn: Int) {
        self.block = block
        self.chunk = chunk
        self.firstColumn = firstColumn
    }

    /// One a window, nil where the series has no sample; nil where the columns are damaged.
    mutating func buckets() -> [RollupBucket?]? {
        for field in 0..<RollupBlock.fields {
            var values: [Double] = []
            guard (try? chunk.decode(firstColumn + field, into: &values)) != nil,
                values.count == block.windows.count
            else { return nil }
            columns.append(values)
        }
        return block.windows.indices.map(bucket)
    }

    private func bucket(_ row: Int) -> RollupBucket? {
        let window = block.windows[row]
        guard !isAbsent(columns[0][row]), let fewer = Int64(exactly: columns[0][row]),
            let later = Int64(exactly: columns[1][row]), let earlier = Int64(exactly: columns[2][row])
        else { return nil }
        var bucket = RollupBucket(time: window.last &- earlier, value: columns[3][row])
        bucket.firstTime = window.first &+ later
        bucket.first = columns[4][row]
        bucket.min = columns[5][row]
        bucket.max = columns[6][row]
        bucket.sum = columns[7][row]
        bucket.lost = columns[8][row]
        bucket.count = Double(Int64(window.count) &- fewer)
        bucket.start = window.end &- block.resolution
        bucket.end = window.end
        return bucket
    }
}
