import TimeSeries

/// What the memory limit has made the store do.
struct MemoryPressure: Sendable {
    /// Bytes as of the last look.
    var bytes = 0
    /// What new series may bring before the next look, those that came since `maintain` included.
    var seriesBytesLeft = Int.max
    /// `seriesBytesSince` at the last look.
    var seriesBytesAtLook = 0
    /// Whether a new series was refused since `maintain`.
    var hasRefused = false
    /// Samples that came since, and what the series may take that did.
    var samplesSince = 0
    var seriesBytesSince = 0
    /// Bytes that went before their retention was over, with samples and the series that had no others, and of rollups.
    var droppedSampleBytes: UInt64 = 0
    var droppedRollupBytes: UInt64 = 0
    /// What others keep for the sake of this store's series.
    var outsideBytes = 0

    static let bytesPerSample = 8

    /// What a series takes as it comes, labels, index and tail: a cautious guess.
    static func cost(_ labels: Labels) -> Int { cost(ofSeries: 1, labelBytes: labels.bytes.count) }

    static func cost(_ series: [Labels]) -> Int { series.reduce(0) { $0 + cost($1) } }

    static func cost(ofSeries count: Int, labelBytes: Int) -> Int { 1024 * count + 2 * labelBytes }

    /// Of the limit; so much stays free for what comes between two looks, which come twice as often: what a sample takes is a
    /// guess.
    static let stepShare = 32
    /// Of the limit; so much is made free while there are old samples, or each new series would wait for them to go.
    static let roomShare = 16

    /// What the store may count at a look.
    static func bound(_ limit: Int) -> Int { limit - limit / stepShare }

    /// Whether so much came since the last look that the next one should not wait.
    func isDue(limit: Int) -> Bool {
        let grown = samplesSince * Self.bytesPerSample + seriesBytesSince
        return grown > max(limit / (2 * Self.stepShare), (Self.bound(limit) - bytes) / 2, 1 << 16)
    }
}

/// The memory limit. Step by step, as far as it takes: the oldest samples go, which are rolled up, up to the newest
/// hour; then no new series are taken; then the oldest rollups go, finest first; then samples of the newest hour.
extension Head {
    /// Sealed samples so much older than the newest one outlive rollups.
    static let keptSamples: Int64 = 3_600_000

    /// What the limit asks for is worked out so often at most: how much goes with samples is an estimate.
    static let rounds = 4

    /// Where samples are to be dropped, and whether the memory limit asks for it.
    struct DropEdge: Sendable {
        /// What ends before it goes.
        var time: Int64
        var isForMemory: Bool
        /// Groups of single series from this one on keep what ends just before it: many series may have their newest sample
        /// at one time, of which only as many go as it takes.
        var groups = Int.max

        /// The time before which samples of a group go.
        func time(ofGroup group: Int) -> Int64 { group < groups ? time : time - 1 }
    }

    /// Nil where all stay.
    func dropEdge(now: Int64) -> DropEdge? {
        let (oldest, overflow) = now.subtractingReportingOverflow(configuration.retention.milliseconds)
        let bytes = byteCount
        let excess = bytes > memoryBound || pressure.hasRefused ? bytes - roomyLimit : 0
        let kept = newest == .min ? newest : newest &- Head.keptSamples
        let forMemory = excess > 0 ? edge(freeing: excess, before: kept) : nil
        if let forMemory, overflow || forMemory.time > oldest { return forMemory }
        return overflow ? nil : DropEdge(time: oldest, isForMemory: false)
    }

    /// The limit less what comes before the next look.
    private var memoryBound: Int { MemoryPressure.bound(configuration.memoryLimit) }

    /// What is left once old samples went.
    private var roomyLimit: Int {
        configuration.memoryLimit - configuration.memoryLimit / MemoryPressure.roomShare
    }

    mutating func drop(_ edge: DropEdge) {
        let before = edge.isForMemory ? byteCount : 0
        dropSamples(edge)
        if edge.isForMemory {
            pressure.droppedSampleBytes += UInt64(max(0, before - byteCount))
        }
    }

    /// What is to be done once samples are dropped.
    mutating func settle(now: Int64) {
        dropRollups(now: now)
        settleDoubles()
        var bytes = byteCount
        let limit = memoryBound
        refusesNewSeries = bytes > limit
        if bytes > limit {
            bytes -= dropOldestRollups(bytes - limit)
        }
        for _ in 0..<Head.rounds {
            guard bytes > limit, let edge = edge(freeing: bytes - limit, before: .max) else { break }
            rollUp(droppingBefore: edge.time, isForMemory: true)
            drop(edge)
            bytes = byteCount
            // That may have been more than it took.
            if bytes <= roomyLimit { refusesNewSeries = false }
        }
        compactSymbols()
        dropUnusedDescriptions()
        pressure.samplesSince = 0
        pressure.seriesBytesSince = 0
        pressure.hasRefused = false
        note(bytes)
    }

    /// Whether new series fit by what is there now.
    mutating func lookAtMemory() {
        let bytes = byteCount
        refusesNewSeries = bytes > memoryBound
        note(bytes)
    }

    /// Takes note of how much is left below the limit.
    mutating func note(_ bytes: Int) {
        pressure.bytes = bytes
        // Half of all numbers is no limit either.
        let left = min(max(0, memoryBound - bytes), .max / 2)
        pressure.seriesBytesLeft = left + pressure.seriesBytesSince
        pressure.seriesBytesAtLook = pressure.seriesBytesSince
    }

    /// Looks again where so much would not fit by the cautious guess, once enough came to make it worth the time.
    mutating func lookAgain(for bytes: Int) {
        let unseen = pressure.seriesBytesSince - pressure.seriesBytesAtLook
        guard bytes > roomInMemory, !refusesNewSeries, unseen > configuration.memoryLimit / 64 else { return }
        note(byteCount)
    }

    /// The edge behind which so many bytes go together, or all that end before a time; nil where there are none: sealed
    /// parts, and series with the last of their samples.
    private func edge(freeing bytes: Int, before end: Int64) -> DropEdge? {
        var parts: [Droppable] = []
        var layouts: [ObjectIdentifier: Droppable] = [:]
        for case let table? in tables {
            // Starts go with the samples that they are about.
            let rows = table.sealed.reduce(table.tailTimes.count) { $0 + $1.rowCount }
            parts += table.sealed.map {
                Droppable(last: $0.last, bytes: $0.byteCount + table.startByteCount * $0.rowCount / rows)
            }
            let last = table.isOpen ? nil : table.lastTime
            if let last { parts.append(Droppable(last: last, bytes: table.tailByteCount)) }
            // One that is rolled up keeps its labels.
            let layout = Droppable(
                last: table.rollups.isEmpty ? last ?? .max : .max, bytes: table.layout.byteCount)
            layouts[ObjectIdentifier(table.layout), default: layout].stay(as: layout)
        }
        parts += layouts.values
        for index in loose.groups.indices {
            parts += loose.groups[index].parts.map {
                Droppable(last: $0.last, group: index, bytes: $0.bytes.count)
            }
            if let last = loose.groups[index].latest {
                let bytes = loose.groups[index].tailByteCount + loose.groups[index].indexByteCount
                parts.append(Droppable(last: last, group: index, bytes: bytes))
            }
        }
        parts += loose.droppablePairs
        parts.removeAll { $0.last >= end }
        parts.sort { $0.isBefore($1) }
        var freed = 0
        for part in parts {
            freed += part.bytes
            if freed >= bytes {
                return DropEdge(time: part.last + 1, isForMemory: true, groups: part.group + 1)
            }
        }
        return parts.last.map { DropEdge(time: $0.last + 1, isForMemory: true) }
    }

    /// Drops the oldest rollups, those of the finest resolution first; returns how many bytes went.
    private mutating func dropOldestRollups(_ bytes: Int) -> Int {
        var freed = 0
        var resolutions: Set<Int64> = []
        forEachRollupSet { _, set in resolutions.formUnion(set.levels.map(\.resolution)) }
        for resolution in resolutions.sorted() {
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

    /// What fits into memory, as of the last look.
    var roomInMemory: Int {
        refusesNewSeries ? 0 : max(0, pressure.seriesBytesLeft - pressure.seriesBytesSince)
    }

    /// Throws where new series would not fit.
    func checkMemory(for series: [Labels]) throws(SinkError) {
        guard series.isEmpty || MemoryPressure.cost(series) <= roomInMemory else { throw .memoryLimit }
    }
}

/// What goes together with samples, once all up to a time are dropped.
struct Droppable: Sendable {
    /// The time of the last of them.
    var last: Int64
    /// The group of single series that has them; of one time, those of tables go first, then group by group.
    var group = -1
    var bytes: Int

    func isBefore(_ other: Droppable) -> Bool { (last, group) < (other.last, other.group) }

    /// What several have stays as long as any of them.
    mutating func stay(as other: Droppable) {
        if isBefore(other) { (last, group) = (other.last, other.group) }
    }
}

extension LooseSeries {
    /// The labels of series: each pair goes with the last series that has it.
    fileprivate var droppablePairs: [Droppable] {
        var found = [Droppable](repeating: Droppable(last: .min, bytes: 0), count: pairs.numberCount)
        for index in groups.indices {
            for slot in 0..<LooseGroup.width where groups[index].members >> UInt16(slot) & 1 == 1 {
                let last = groups[index].newest[slot]
                for pair in groups[index].pairs[groups[index].pairRange(slot)] {
                    found[Int(pair)].bytes = pairs.byteCount(of: pair)
                    found[Int(pair)].stay(as: Droppable(last: last, group: index, bytes: 0))
                }
            }
        }
        return found
    }
}

extension SealedRows {
    /// All that goes with it.
    var byteCount: Int { bytes.count + 8 * rowCount + 4 * ends.count }
}
