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
        while let (table, through, removals) = head.withLock({ head in
            head.nextTable(from: &number) {
                $0.rollupEdge(step, newest: newest, droppingBefore: edge)
            }.map { ($0, $1, head.removals) }
        }) {
            let blocks = table.rollup(through: through, &pass)
            let joined = table.rollups.joined(blocks, made: through)
            meanwhile()
            let isDone = head.withLock { head in
                guard head.removals == removals else { return false }
                head.attach(blocks, toTable: number, table.rollups, joined)
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
    /// The next table of which something is known, from `number` on, which is moved to it.
    func nextTable<Known>(from number: inout Int, _ known: (Table) -> Known?) -> (Table, Known)? {
        while number < tables.count {
            if let table = tables[number], let known = known(table) { return (table, known) }
            number += 1
        }
        return nil
    }
}
