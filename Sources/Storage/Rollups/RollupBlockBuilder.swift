import TimeSeries

/// Makes a block, a series at a time, in their order.
struct RollupBlockBuilder {
    private let resolution: Int64
    private let windows: [RollupBlock.Window]
    private var width = 0
    private var bucketCount = 0
    private var pending: [[RollupBucket?]] = []
    private var encoder = ChunkEncoder()
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []
    private var sketches: [UInt8] = []
    private var sketchEnds: [UInt32] = []
    private var markers: [UInt32: [Int: Int64]] = [:]

    init(resolution: Int64, windows: [RollupBlock.Window]) {
        self.resolution = resolution
        self.windows = windows
    }

    /// Adds the next series: a bucket for each window, nil where it has no sample.
    mutating func append(_ buckets: [RollupBucket?]) {
        precondition(buckets.count == windows.count, "\(buckets.count) buckets for \(windows.count) windows")
        pending.append(buckets)
        for (row, bucket) in buckets.enumerated() {
            if let time = bucket?.endedAt { markers[UInt32(width), default: [:]][row] = time }
        }
        width += 1
        bucketCount += buckets.count { $0 != nil }
        if pending.count == RollupBlock.seriesPerChunk { flush() }
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        var columns: [Double] = []
        columns.reserveCapacity(pending.count * RollupBlock.fields * windows.count)
        for buckets in pending {
            for field in 0..<RollupBlock.fields {
                for (row, bucket) in buckets.enumerated() {
                    columns.append(bucket.map { value(field, $0, windows[row]) } ?? Marker.absent)
                }
            }
        }
        encoder.encode(columns.span, rowCount: windows.count, to: &bytes)
        ends.append(UInt32(bytes.count))
        SketchCodec.encode(pending, to: &sketches)
        sketchEnds.append(UInt32(sketches.count))
        pending.removeAll(keepingCapacity: true)
    }

    private func value(_ field: Int, _ bucket: RollupBucket, _ window: RollupBlock.Window) -> Double {
        switch field {
        case 0: Double(window.count) - bucket.count
        case 1: Double(bucket.firstTime &- window.first)
        case 2: Double(window.last &- bucket.lastTime)
        case 3: bucket.last
        case 4: bucket.first
        case 5: bucket.min
        case 6: bucket.max
        case 7: bucket.sum
        default: bucket.lost
        }
    }

    /// The block; nil where no window was given.
    mutating func finish() -> RollupBlock? {
        flush()
        guard !windows.isEmpty, width > 0 else { return nil }
        return RollupBlock(
            resolution: resolution, windows: windows, width: width, bytes: bytes.fitted, ends: ends,
            sketches: sketches.fitted, sketchEnds: sketchEnds, bucketCount: bucketCount, markers: markers)
    }

    /// The windows of all blocks, which are of one resolution, in one.
    static func merged(_ blocks: ArraySlice<RollupBlock>) -> RollupBlock? {
        guard let first = blocks.first else { return nil }
        var builder = RollupBlockBuilder(
            resolution: first.resolution, windows: blocks.flatMap(\.windows))
        for series in 0..<(blocks.map(\.width).max() ?? 0) {
            var buckets: [RollupBucket?] = []
            for block in blocks { buckets += block.all(UInt32(series)) }
            builder.append(buckets)
        }
        return builder.finish()
    }
}

/// Makes the blocks of a pass in one resolution, a series at a time: one, or several that follow one another and are of
/// about the same size.
struct RollupBlocksBuilder {
    private let pieces: [Range<Int>]
    private var builders: [RollupBlockBuilder]

    init(resolution: Int64, windows: [RollupBlock.Window]) {
        let largest = RollupBlock.largestWindowCount
        let count = max(1, (windows.count + largest - 1) / largest)
        pieces = (0..<count).map { windows.count * $0 / count..<windows.count * ($0 + 1) / count }
        builders = pieces.map { RollupBlockBuilder(resolution: resolution, windows: Array(windows[$0])) }
    }

    /// Adds the next series: a bucket for each window, nil where it has no sample.
    mutating func append(_ buckets: [RollupBucket?]) {
        for (index, piece) in pieces.enumerated() { builders[index].append(Array(buckets[piece])) }
    }

    mutating func finish() -> [RollupBlock] { builders.indices.compactMap { builders[$0].finish() } }
}

extension RollupBlock {
    /// A bucket for each window, with its sketch; nil where there is none.
    func all(_ series: UInt32) -> [RollupBucket?] {
        var found: [RollupBucket?] = []
        var rest = buckets(series, .min ... .max, sketches: true)[...]
        for window in windows {
            if let next = rest.first, next.end == window.end {
                found.append(next)
                rest = rest.dropFirst()
            } else {
                found.append(nil)
            }
        }
        return found
    }
}
