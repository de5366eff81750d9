import Synchronization
import TimeSeries

extension Store {
    /// Makes the rollups of all windows that are complete, and of what is to be dropped before `edge`. The work is
    /// done beside the lock that appends take, a table or a group of single series at a time.
    func rollUp(droppingBefore edge: Int64? = nil) {
        let (next, newest) = head.withLock { ($0.rollupStep, $0.newest) }
        guard let step = next else { return }
        var pass = RollupPass(configuration.rollups)
        var number = 0
        while let table = head.withLock({ head in
            head.nextTable(from: &number) {
                $0.rollupEdge(step, newest: newest, droppingBefore: edge) != nil
            }
        }) {
            defer { number += 1 }
            guard let through = table.rollupEdge(step, newest: newest, droppingBefore: edge) else { continue }
            let blocks = table.rollup(through: through, &pass)
            let joined = table.rollups.joined(blocks, made: through)
            head.withLock { $0.attach(blocks, toTable: number, table.rollups, joined) }
        }
        rollUpLoose(step, edge, &pass)
    }

    private func rollUpLoose(_ step: Int64, _ edge: Int64?, _ pass: inout RollupPass) {
        let (due, isDue) = head.withLock { head in
            (head.looseRollupEdge(step), head.looseRollupEdge(step) != head.looseRolledUp)
        }
        guard isDue || edge != nil else { return }
        var first = 0
        while true {
            let work: [Head.LooseWork]? = head.withLock { head in
                guard first < head.loose.groups.count else { return nil }
                let numbers = first..<min(head.loose.groups.count, first + Head.groupsAtATime)
                first = numbers.upperBound
                return head.looseWork(
                    numbers, step, isDue: isDue, newest: head.newest, droppingBefore: edge)
            }
            guard let work else { break }
            let made = work.map { ($0.blocks(&pass), $0) }
            head.withLock { head in for (blocks, work) in made { head.attach(blocks, work) } }
        }
        head.withLock { $0.looseRolledUp = due }
    }
}

extension Head {
    /// The next table that meets a condition, from `number` on, which is moved to it.
    func nextTable(from number: inout Int, where condition: (Table) -> Bool) -> Table? {
        while number < tables.count {
            if let table = tables[number], condition(table) { return table }
            number += 1
        }
        return nil
    }
}
