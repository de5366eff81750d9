import TimeSeries

/// What the head lets rollups be made of, and takes in.
extension Head {
    /// A few at a time: the work holds copies of groups.
    static let groupsAtATime = 256

    /// The time between two passes: the coarsest resolution, so that its windows are whole.
    var rollupStep: Int64? {
        configuration.rollups.map(\.resolution.milliseconds).filter { $0 > 0 }.max()
    }

    /// Up to where single series may be complete that get samples regularly.
    func looseRollupEdge(_ step: Int64) -> Int64 {
        RollupMaker.start(of: max(newest, Head.times.lowerBound) &- window, step)
    }

    /// Takes in the blocks of a table, made of it as it was in `old`. They are put to those that are there before the
    /// lock is taken, unless something happened to these meanwhile; nothing where somebody else made them.
    mutating func attach(_ blocks: [RollupBlock], toTable number: Int, _ old: RollupSet, _ joined: RollupSet)
    {
        guard tables.indices.contains(number), let now = tables[number]?.rollups, now.made == old.made else {
            return
        }
        if now.isUnchanged(since: old) {
            tables[number]?.rollups = joined
            return
        }
        for block in blocks { tables[number]?.rollups.add(block) }
        tables[number]?.rollups.made = joined.made
    }

    mutating func attach(_ blocks: [RollupBlock], _ work: LooseWork) {
        guard looseRollups.groups.indices.contains(work.group) else { return }
        for block in blocks { looseRollups.groups[work.group]?.set.add(block) }
        for (slot, _, _, through) in work.series {
            looseRollups.groups[work.group]?.members[slot].made = through
        }
    }

    /// Drops windows whose retention is over; those of resolutions that are not made any more stay for the longest of all, where
    /// any are made.
    mutating func dropRollups(now: Int64) {
        var edges: [Int64: Int64] = [:]
        for rule in configuration.rollups {
            edges[rule.resolution.milliseconds] = now &- rule.retention.milliseconds
        }
        let made = Set(edges.keys)
        for index in tables.indices where tables[index]?.rollups.levels.isEmpty == false {
            tables[index]?.rollups.noteMade(made)
        }
        for index in looseRollups.groups.indices { looseRollups.groups[index]?.set.noteMade(made) }
        let longest = edges.values.min()
        dropRollups { edges[$0] ?? longest }
    }

    /// The lengths of windows that are there and not made any more.
    var unmadeRollups: Set<Int64> {
        var lengths: Set<Int64> = []
        forEachRollupSet { _, set in
            for level in set.levels where !level.blocks.isEmpty { lengths.insert(level.resolution) }
        }
        return lengths.subtracting(configuration.rollups.map(\.resolution.milliseconds))
    }

    /// As `RollupSet.drop`, of all series.
    mutating func dropRollups(_ edge: (_ resolution: Int64) -> Int64?) {
        for index in tables.indices where tables[index]?.rollups.levels.isEmpty == false {
            tables[index]?.rollups.drop(edge)
        }
        guard !looseRollups.isEmpty else { return }
        let alive = loose
        looseRollups.drop(edge, isAlive: { alive.find($0) != nil })
        looseRollups.findOrphans(isAlive: { alive.find($0) != nil })
    }

    /// Rolls up what goes before `edge`, at once: for a head that nobody else waits for.
    /// - Parameter isForMemory: what has lived for less than a window of the coarsest resolution leaves nothing, though it
    ///   may go on: of many series with few samples each, windows take more than they replace.
    mutating func rollUp(droppingBefore edge: Int64, isForMemory: Bool) {
        guard let step = rollupStep else { return }
        let newest = isForMemory ? Int64.max : newest
        var pass = RollupPass(configuration.rollups)
        var number = 0
        while let work = nextWork(
            from: &number, step, newest: newest, isDue: false, droppingBefore: edge)
        {
            let old = work.table.rollups
            let blocks = work.blocks(&pass)
            attach(blocks, toTable: number, old, old.joined(blocks, made: work.through))
            number += 1
        }
        for first in stride(from: 0, to: loose.groups.count, by: Self.groupsAtATime) {
            let numbers = first..<min(loose.groups.count, first + Self.groupsAtATime)
            for work in looseWork(numbers, step, isDue: false, newest: newest, droppingBefore: edge) {
                attach(work.blocks(&pass), work)
            }
        }
    }
}

extension Head.LooseWork {
    /// The blocks of the group: columns of series without new samples are absent.
    func blocks(_ pass: inout RollupPass) -> [RollupBlock] {
        var columns = [(times: [Int64], values: [Double], through: Int64)](
            repeating: ([], [], .min), count: (series.map(\.slot).max() ?? -1) + 1)
        for (slot, series, made, through) in series {
            let from = made == .min ? .min : made &+ 1
            guard from <= through else { continue }
            let samples = series.samples(in: from...through &+ RollupPass.lookahead)
            columns[slot] = (samples.times, samples.values, through)
        }
        return pass.blocks(columns)
    }
}
