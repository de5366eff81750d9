import Synchronization
import TimeSeries

extension Store {
    /// Makes the rollups of all windows that are complete, and of what is to be dropped before `edge`. The work is
    /// done beside the lock that appends take, a table or a group of single series at a time; where deleted samples were taken out
    /// meanwhile, it is done again, as it has put them into windows.
    /// - Parameter meanwhile: called where others may append, each time blocks are made; for tests.
    func rollUp(droppingBefore edge: Int64? = nil, meanwhile: () -> Void = {}) {
        let (next, newest) = head.withLock { ($0.rollupStep, $0.newest) }
        guard let step = next else { return }
        var pass = RollupPass(configuration.rollups)
        var number = 0
        while let (work, removals) = head.withLock({ head in
            head.nextWork(from: &number, step, newest: newest, droppingBefore: edge)
                .map { ($0, head.removals) }
        }) {
            let old = work.table.rollups
            let blocks = work.blocks(&pass)
            let joined = old.joined(blocks, made: work.through)
            meanwhile()
            let isDone = head.withLock { head in
                guard head.removals == removals else { return false }
                head.attach(blocks, toTable: number, old, joined)
                return true
            }
            if isDone { number += 1 }
        }
        rollUpLoose(step, edge, &pass, meanwhile)
    }

    private func rollUpLoose(
        _ step: Int64, _ edge: Int64?, _ pass: inout RollupPass, _ meanwhile: () -> Void
    ) {
        let (due, isDue) = head.withLock { head in
            (head.looseRollupEdge(step), head.looseRollupEdge(step) != head.looseRolledUp)
        }
        guard isDue || edge != nil else { return }
        var first = 0
        while true {
            let next: (work: [Head.LooseWork], end: Int, removals: Int)? = head.withLock { head in
                guard first < head.loose.groups.count else { return nil }
                let numbers = first..<min(head.loose.groups.count, first + Head.groupsAtATime)
                let work = head.looseWork(
                    numbers, step, isDue: isDue, newest: head.newest, droppingBefore: edge)
                return (work, numbers.upperBound, head.removals)
            }
            guard let next else { break }
            let made = next.work.map { ($0.blocks(&pass), $0) }
            meanwhile()
            head.withLock { head in
                guard head.removals == next.removals else { return }
                for (blocks, work) in made { head.attach(blocks, work) }
                first = next.end
            }
        }
        head.withLock { $0.looseRolledUp = due }
    }
}

extension Head {
    /// A table of which samples are to be put into buckets, up to a time.
    struct RollupWork: Sendable {
        var table: Table
        var through: Int64
        /// The columns that get any; nil for all.
        var lasting: [Bool]?

        func blocks(_ pass: inout RollupPass) -> [RollupBlock] {
            table.rollup(through: through, &pass, lasting: lasting)
        }
    }

    /// The work of the next table that has any, from `number` on, which is moved to it.
    func nextWork(
        from number: inout Int, _ step: Int64, newest: Int64, isDue: Bool = true, droppingBefore edge: Int64?
    ) -> RollupWork? {
        while number < tables.count {
            if let table = tables[number] {
                func moment(lasts: Bool) -> Int64? {
                    table.rollupEdge(
                        step, newest: newest, isDue: isDue, droppingBefore: edge, lasts: lasts)
                }
                if let through = moment(lasts: false) { return RollupWork(table: table, through: through) }
                // All at once: what is left of it would not look short any more.
                if moment(lasts: true) != nil, let last = table.lastTime,
                    let lasting = lastingColumns(of: table, step)
                {
                    return RollupWork(table: table, through: last, lasting: lasting)
                }
            }
            number += 1
        }
        return nil
    }

    /// The columns of a table whose series live for so long, together with what other tables of the target have of them;
    /// nil where none does.
    private func lastingColumns(of table: Table, _ step: Int64) -> [Bool]? {
        let numbers = tablesByTarget[table.target] ?? []
        guard numbers.count > 1 else { return nil }
        var lives: [UInt64: ClosedRange<Int64>] = [:]
        for labels in table.layout.columns { lives[labels.processHash] = table.life }
        for number in numbers {
            guard let other = tables[Int(number)], let life = other.life else { continue }
            for labels in other.layout.columns {
                guard let known = lives[labels.processHash] else { continue }
                lives[labels.processHash] = RollupSet.joined(known, life)
            }
        }
        let lasting = table.layout.columns.map { labels in
            lives[labels.processHash].map { $0.upperBound &- $0.lowerBound >= step } ?? false
        }
        return lasting.contains(true) ? lasting : nil
    }
}
