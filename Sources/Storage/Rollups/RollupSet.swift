import TimeSeries

/// The rollups of a table, or of a group of single series, in all resolutions.
struct RollupSet: Sendable {
    /// The blocks of one resolution.
    struct Level: Sendable {
        let resolution: Int64
        /// Oldest first, as a rule.
        var blocks: [RollupBlock] = []
        /// From the start of the first window to the end of the last.
        private(set) var span: ClosedRange<Int64>?
        /// Windows that end at or before this are gone.
        var gone: Int64 = .min
        /// Whether more windows of this length are made; where not, it has no more than it had when that changed.
        var isMade = true
        /// Blocks before this one are in a rollup file already.
        var persisted = 0

        init(resolution: Int64) { self.resolution = resolution }
    }

    /// A block with so many windows is not merged any more.
    static let mergedWindows = 192

    /// From the finest to the coarsest.
    var levels: [Level] = []
    /// Samples up to this time are in the buckets.
    var made: Int64 = .min
    /// Samples up to this time, and perhaps some behind it, are gone.
    var rawGone: Int64 = .min

    var isEmpty: Bool { levels.allSatisfy { $0.blocks.isEmpty } }
    var byteCount: Int { levels.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.byteCount } } }
    var bucketCount: Int { levels.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.bucketCount } } }

    /// The times of samples that buckets stand for; nil where there are none.
    var span: ClosedRange<Int64>? {
        levels.reduce(nil) { span, level in RollupSet.joined(span, level.span) }
    }

    static func joined(_ a: ClosedRange<Int64>?, _ b: ClosedRange<Int64>?) -> ClosedRange<Int64>? {
        guard let a, let b else { return a ?? b }
        return min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    }

    mutating func add(_ block: RollupBlock) {
        let level = levels.firstIndex { $0.resolution == block.resolution } ?? newLevel(block.resolution)
        guard block.last > levels[level].gone else { return }
        levels[level].append(block)
        levels[level].merge()
    }

    /// With these blocks, which hold all samples up to `made`.
    func joined(_ blocks: [RollupBlock], made: Int64) -> RollupSet {
        var result = self
        for block in blocks { result.add(block) }
        result.made = made
        return result
    }

    /// Whether nothing was added, dropped or written since.
    func isUnchanged(since old: RollupSet) -> Bool {
        made == old.made && levels.count == old.levels.count
            && zip(levels, old.levels).allSatisfy {
                $0.persisted == $1.persisted && $0.gone == $1.gone
                    && $0.blocks.elementsEqual($1.blocks, by: ===)
            }
    }

    mutating func newLevel(_ resolution: Int64) -> Int {
        let place = levels.firstIndex { $0.resolution > resolution } ?? levels.count
        var level = Level(resolution: resolution)
        // A resolution that was not made before knows nothing of what is gone.
        if made > .min { level.gone = RollupMaker.end(of: made, resolution) }
        levels.insert(level, at: place)
        return place
    }

    /// Notes which lengths windows are made of.
    mutating func noteMade(_ resolutions: Set<Int64>) {
        for level in levels.indices { levels[level].isMade = resolutions.contains(levels[level].resolution) }
    }

    /// Drops blocks whose windows all end at or before the time that `edge` gives for their resolution; all where
    /// it gives none.
    mutating func drop(_ edge: (_ resolution: Int64) -> Int64?) {
        for level in levels.indices.reversed() {
            if let time = edge(levels[level].resolution) {
                levels[level].drop(through: time)
                if !levels[level].isMade, levels[level].blocks.isEmpty { levels.remove(at: level) }
            } else {
                levels.remove(at: level)
            }
        }
    }
}

extension RollupSet.Level {
    /// Blocks before this one will not be merged any more: only the last ones ever are, and none across a large one.
    var finalCount: Int { (blocks.lastIndex { $0.windows.count >= RollupSet.mergedWindows } ?? -1) + 1 }

    mutating func append(_ block: RollupBlock) {
        blocks.append(block)
        span = RollupSet.joined(span, (block.first &- block.resolution)...block.last)
    }

    /// Merges four neighbours of about the same size: each window is written anew a few times only.
    mutating func merge() {
        while blocks.count - persisted >= 4 {
            let last = blocks.suffix(4)
            let sizes = last.map(\.windows.count)
            guard sizes.allSatisfy({ $0 < RollupSet.mergedWindows }), sizes[0] < 2 * sizes[3],
                sizes.reduce(0, +) <= 4096, let merged = RollupBlockBuilder.merged(last)
            else { return }
            blocks.replaceSubrange(last.startIndex..., with: [merged])
        }
    }

    mutating func drop(through time: Int64) {
        var kept: [RollupBlock] = []
        var keptPersisted = 0
        for (index, block) in blocks.enumerated() {
            guard block.last > time else {
                gone = max(gone, block.last)
                continue
            }
            kept.append(block)
            if index < persisted { keptPersisted += 1 }
        }
        guard kept.count != blocks.count else { return }
        blocks = []
        span = nil
        for block in kept { append(block) }
        persisted = keptPersisted
    }

    mutating func markPersisted(through last: RollupBlock) {
        persisted = (blocks.firstIndex { $0 === last } ?? -1) + 1
    }
}
