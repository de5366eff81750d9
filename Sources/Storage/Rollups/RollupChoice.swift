import TimeSeries

/// Which windows of which resolution stand for samples, and from when on samples stand for themselves.
struct RollupChoice: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        var level: Int
        /// Windows that begin in this range.
        var starts: Range<Int64>
    }

    /// Oldest first; where they are mixed, the finest first, and of what several have the finest that has all samples counts.
    var parts: [Part] = []
    /// Whether some are of a length that is not made any more, so that no moment parts them from the others.
    private(set) var areMixed = false
    /// Samples behind this moment are read themselves.
    var samplesAfter: Int64 = .min

    /// For the series of a set whose samples up to `made` are in buckets and whose samples up to `rawGone` are gone.
    init(
        _ levels: [RollupSet.Level], made: Int64, rawGone: Int64, _ use: SampleUse,
        in range: ClosedRange<Int64>
    ) {
        let hasOld = levels.contains {
            !$0.isMade && $0.span.map { range.lowerBound <= $0.upperBound } ?? false
        }
        if use.isExact, use.alignment > 0, !hasOld,
            let level = levels.lastIndex(where: { $0.isMade && use.alignment % $0.resolution == 0 })
        {
            let through = RollupMaker.start(of: max(made, RollupChoice.earliest), levels[level].resolution)
            // Where nothing but coarser windows is left, these are the better answer.
            if levels[level].gone < range.lowerBound, through > rawGone, made > .min {
                parts = [Part(level: level, starts: .min..<through)]
                samplesAfter = through
                return
            }
        }
        guard rawGone > .min, made > .min, let coarsest = levels.last else { return }
        if hasOld {
            areMixed = true
            samplesAfter = min(RollupMaker.end(of: rawGone, coarsest.resolution), made)
            parts = levels.indices.map { Part(level: $0, starts: .min..<samplesAfter) }
            return
        }
        let present = levels.indices.filter { levels[$0].isMade }
        guard let finest = present.first else { return }
        samplesAfter = min(RollupMaker.end(of: rawGone, levels[finest].resolution), made)
        var upper = samplesAfter
        for (place, index) in present.enumerated() where upper > .min {
            let level = levels[index]
            let coarser = place + 1 < present.count ? levels[present[place + 1]].resolution : level.resolution
            let lower = level.gone == .min ? .min : RollupMaker.end(of: level.gone, coarser)
            if lower < upper {
                parts.insert(Part(level: index, starts: lower..<upper), at: 0)
                upper = lower
            }
        }
    }

    private static let earliest: Int64 = .min / 2
}

extension RollupChoice {
    /// Whether anything of a range is to be read from buckets.
    func isNeeded(in range: ClosedRange<Int64>) -> Bool {
        !parts.isEmpty && samplesAfter >= range.lowerBound
    }
}

extension RollupSet {
    /// The buckets of a series in and shortly before a range, in order, each window once.
    func buckets(
        _ series: UInt32, _ choice: RollupChoice, _ range: ClosedRange<Int64>, _ use: SampleUse
    ) -> [RollupBucket] {
        var result: [RollupBucket] = []
        for part in choice.parts {
            let level = levels[part.level]
            // One window more: a moment shortly behind it still sees its last sample.
            let lower = max(max(range.lowerBound, .min / 2) &- level.resolution, part.starts.lowerBound)
            let upper = min(range.upperBound, part.starts.upperBound, .max / 2) &+ level.resolution
            guard lower <= upper else { continue }
            var found: [RollupBucket] = []
            for block in level.blocks where block.first <= upper && lower <= block.last {
                found += block.buckets(series, lower...upper, sketches: use.readsSketches)
            }
            found.removeAll { !part.starts.contains($0.start) || $0.start >= range.upperBound }
            found = RollupMerge.joined(found)
            result = choice.areMixed ? RollupMerge.filled(result, with: found) : result + found
        }
        return result
    }
}
