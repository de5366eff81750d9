import TimeSeries

/// What the memory limit has made the store do.
struct MemoryPressure: Sendable {
    /// Bytes as of the last look.
    var bytes = 0
    /// New series that may come before the next look, those that came since `maintain` included.
    var seriesLeft = Int.max
    /// `seriesSince` at the last look.
    var seriesAtLook = 0
    /// Whether a new series was refused since `maintain`.
    var hasRefused = false
    /// Samples and series that came since.
    var samplesSince = 0
    var seriesSince = 0
    /// Bytes that went before their retention was over, with samples and the series that had no others, and of rollups.
    var droppedSampleBytes: UInt64 = 0
    var droppedRollupBytes: UInt64 = 0
    /// What others keep for the sake of this store's series.
    var outsideBytes = 0

    /// What a series takes as it comes, labels, index and tail: a cautious guess.
    static let bytesPerSeries = 1024
    static let bytesPerSample = 8

    /// Whether so much came since the last look that the next one should not wait.
    func isDue(limit: Int) -> Bool {
        let grown = samplesSince * Self.bytesPerSample + seriesSince * Self.bytesPerSeries
        return grown > max(limit / 16, 1 << 16)
    }
}

/// The memory limit. Step by step, as far as it takes: the oldest samples go, which are rolled up, up to the newest
/// hour; then no new series are taken; then the oldest rollups go, finest first; then samples of the newest hour.
extension Head {
    /// Sealed samples so much older than the newest one outlive rollups.
    static let keptSamples: Int64 = 3_600_000

    /// Where samples are to be dropped, and whether the memory limit asks for it.
    struct DropEdge: Sendable {
        var time: Int64
        var isForMemory: Bool
    }

    /// Nil where all stay.
    func dropEdge(now: Int64) -> DropEdge? {
        let (oldest, overflow) = now.subtractingReportingOverflow(configuration.retention.milliseconds)
        let excess = byteCount - configuration.memoryLimit
        let kept = newest == .min ? newest : newest &- Head.keptSamples
        let forMemory = excess > 0 ? edge(freeing: excess, before: kept) : nil
        if let forMemory, overflow || forMemory > oldest {
            return DropEdge(time: forMemory, isForMemory: true)
        }
        return overflow ? nil : DropEdge(time: oldest, isForMemory: false)
    }

    mutating func drop(_ edge: DropEdge) {
        let before = edge.isForMemory ? byteCount : 0
        drop(before: edge.time)
        if edge.isForMemory {
            pressure.droppedSampleBytes += UInt64(max(0, before - byteCount))
        }
    }

    /// What is to be done once samples are dropped.
    mutating func settle(now: Int64) {
        dropRollups(now: now)
        var bytes = byteCount
        let limit = configuration.memoryLimit
        refusesNewSeries = bytes > limit
        if bytes > limit {
            bytes -= dropOldestRollups(bytes - limit)
        }
        if bytes > limit, let edge = edge(freeing: bytes - limit, before: .max) {
            rollUp(droppingBefore: edge, isForMemory: true)
            drop(DropEdge(time: edge, isForMemory: true))
            bytes = byteCount
        }
        compactSymbols()
        pressure.samplesSince = 0
        pressure.seriesSince = 0
        pressure.hasRefused = false
        note(bytes)
    }

    /// Takes note of how much is left below the limit.
    private mutating func note(_ bytes: Int) {
        pressure.bytes = bytes
        let left = max(0, configuration.memoryLimit - bytes)
        pressure.seriesLeft = left / MemoryPressure.bytesPerSeries + pressure.seriesSince
        pressure.seriesAtLook = pressure.seriesSince
    }

    /// Looks again where so many new series would not fit by the cautious guess, once enough came to make it worth the time.
    mutating func lookAgain(for count: Int) {
        let unseen = (pressure.seriesSince - pressure.seriesAtLook) * MemoryPressure.bytesPerSeries
        guard count > roomInMemory, !refusesNewSeries, unseen > configuration.memoryLimit / 64 else { return }
        note(byteCount)
    }

    /// The time before which so many bytes go together, or all that end before a time; nil where there are none: sealed
    /// parts, and series with the last of their samples.
    private func edge(freeing bytes: Int, before end: Int64) -> Int64? {
        var parts: [(last: Int64, bytes: Int)] = []
        for case let table? in tables {
            parts += table.sealed.map { ($0.last, $0.byteCount) }
            if !table.isOpen, let last = table.lastTime { parts.append((last, table.tailByteCount)) }
        }
        for index in loose.groups.indices {
            parts += loose.groups[index].parts.map { ($0.last, $0.bytes.count) }
            if let last = loose.groups[index].latest {
                parts.append((last, loose.groups[index].tailByteCount + loose.groups[index].indexByteCount))
            }
        }
        parts.removeAll { $0.last >= end }
        parts.sort { $0.last < $1.last }
        var freed = 0
        for part in parts {
            freed += part.bytes
            if freed >= bytes { return part.last + 1 }
        }
        return parts.last.map { $0.last + 1 }
    }

    /// Drops the oldest rollups, those of the finest resolution first; returns how many bytes went.
    private mutating func dropOldestRollups(_ bytes: Int) -> Int {
        var freed = 0
        for rule in configuration.rollups.sorted(by: { $0.resolution < $1.resolution }) {
            let resolution = rule.resolution.milliseconds
            var blocks: [(last: Int64, bytes: Int)] = []
            forEachRollupSet { _, set in
                for level in set.levels where level.resolution == resolution {
                    blocks += level.blocks.map { ($0.last, $0.byteCount) }
                }
            }
            blocks.sort { $0.last < $1.last }
            var edge: Int64 = .min
            for block in blocks where freed < bytes || block.last == edge {
                freed += block.bytes
                edge = block.last
            }
            guard edge > .min else { continue }
            dropRollups { $0 == resolution ? edge : .min }
            if freed >= bytes { break }
        }
        pressure.droppedRollupBytes += UInt64(freed)
        return freed
    }

    /// New series that fit into memory, as of the last look.
    var roomInMemory: Int { refusesNewSeries ? 0 : max(0, pressure.seriesLeft - pressure.seriesSince) }

    /// Throws where so many new series would not fit.
    func checkMemory(for count: Int) throws(SinkError) {
        guard count <= roomInMemory else { throw .memoryLimit }
    }
}

extension SealedRows {
    /// All that goes with it.
    var byteCount: Int { bytes.count + 8 * rowCount + 4 * ends.count }
}
