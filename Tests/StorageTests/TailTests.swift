import Journal
import Testing
import TimeSeries

@testable import Storage

/// Raw tails, whose first lengths differ from table to table and from group to group.
struct TailTests {
    private let disk = SimulatedDisk()

    /// Columns that stay, all change, change now and then, come and go, and hold different NaNs and zeros.
    private static func cell(_ row: Int, _ column: Int) -> Double {
        switch column % 5 {
        case 0: Double(column)
        case 1: Double(row * column)
        case 2: Double((row + column) / 4)
        case 3: (row + column) % 3 == 0 ? Marker.absent : 1
        default: [0.0, -0.0, .nan, Marker.stale, .infinity][(row + column) % 5]
        }
    }

    @Test(arguments: [1, 3, 63, 64, 65, 200])
    func `a tail holds rows as they came, and columns as they are sealed`(width: Int) {
        var tail = TailRows(width: width)
        // The room of an earlier tail is used again.
        tail.append([Double](repeating: 7, count: width))
        tail.removeAll()
        #expect(tail.count == 0 && tail.sampleCount == 0 && tail.cells.isEmpty)
        #expect(tail.withLast { $0.count } == 0)

        for count in 1...16 {
            tail.append((0..<width).map { Self.cell(count - 1, $0) })
            let rows = (0..<count).map { row in (0..<width).map { Self.cell(row, $0).bitPattern } }
            #expect(tail.count == count)
            #expect(tail.cells.map(\.bitPattern) == rows.flatMap { $0 })
            #expect(tail.sampleCount == tail.cells.count { !isAbsent($0) })
            #expect(tail.withLast { last in last.indices.map { last[$0].bitPattern } } == rows[count - 1])
            #expect(tail[count / 2].map(\.bitPattern) == rows[count / 2])
            let columns = tail.transposed()
            #expect(
                TailRows(tail.cells, width: width).transposed().map(\.bitPattern) == columns.map(\.bitPattern)
            )
            for column in 0..<width {
                #expect(
                    columns[column * count..<(column + 1) * count].map(\.bitPattern)
                        == rows.map { $0[column] })
                #expect(tail[count / 3, column].bitPattern == rows[count / 3][column])
                let range = count / 3..<max(count / 3, count - count / 4)
                var read = [5.0]
                let hasAbsent = tail.append(column, range, to: &read)
                #expect(read.dropFirst().map(\.bitPattern) == range.map { rows[$0][column] })
                #expect(hasAbsent == read.contains(where: isAbsent))
            }
        }
    }

    @Test func `of older rows only what changed is kept`() {
        var tail = TailRows(width: 1000)
        for row in 0..<16 { tail.append((0..<1000).map { $0 % 5 == 0 ? Double(row) : 1 }) }
        #expect(tail.byteCount < 16 * 1000 * 8 / 3)

        var other = TailRows(width: 1000)
        for row in 0..<16 { other.append((0..<1000).map { Double(row * $0 + row) }) }
        #expect(other.byteCount < 16 * 1000 * 8 * 21 / 20)
    }

    @Test func `tables and single series that begin together keep every sample at every length`() async throws
    {
        let store = try Store(disk: disk, now: at(0))
        let tables = try (0..<5).map {
            try store.openTable(
                target: Labels(["instance": "\($0)"]),
                columns: [Labels(["__name__": "a"]), Labels(["__name__": "b"])])
        }
        let single = (0..<80).map { Labels(["__name__": "single", "number": "\($0)"]) }
        for step in 1...70 {
            for table in tables { _ = store.append(table, at: at(step), row: [Double(step), Double(-step)]) }
            _ = store.append(
                single.map { SeriesSamples(labels: $0, samples: [Sample(at(step), Double(step))]) })
            guard step % 7 == 0 else { continue }
            let expected = (1...step).map(Double.init)
            let found = try await select(store, [Matcher(equal: "__name__", "a")])
            #expect(found.count == 5 && found.allSatisfy { $0.values == expected })
            let ones = try await select(store, [Matcher(equal: "__name__", "single")])
            #expect(ones.count == 80 && ones.allSatisfy { $0.values == expected })
            #expect(store.statistics(limit: 0).samples == step * 90)
        }
        try store.sync()

        let second = try Store(disk: disk, now: at(0))
        let found = try await select(second, [Matcher(equal: "__name__", "b")])
        #expect(found.count == 5 && found.allSatisfy { $0.values == (1...70).map { Double(-$0) } })
        #expect(second.statistics(limit: 0).samples == 70 * 90)
    }

    @Test func `samples by handle are those by labels, and an unknown handle takes nothing`() async throws {
        let store = try Store(disk: disk, now: at(0))
        let names = (0..<3).map { Labels(["__name__": "metric", "number": "\($0)"]) }
        var handles: [UInt32] = []
        _ = store.append(
            SampleBatch(names.map { SeriesSamples(labels: $0, samples: [Sample(at(1), 1)]) }),
            handles: &handles)

        let report = store.append(
            KnownSamples(
                handles: [handles[2], handles[0]], ends: [2, 3],
                samples: [
                    Sample(at(2), 5), Sample(at(3), 6), Sample(at(2), 7),
                ]))
        let refused = store.append(
            KnownSamples(
                handles: [handles[1], 1000], ends: [1, 2], samples: [Sample(at(2), 8), Sample(at(2), 9)]))

        #expect(report?.accepted == 3)
        #expect(refused == nil)
        try store.sync()
        for store in [store, try Store(disk: disk, now: at(0))] {
            let found = try await select(store, [Matcher(equal: "__name__", "metric")])
            #expect(found.map(\.values) == [[1, 7], [1], [1, 5, 6]])
        }
    }
}

/// What is due to a table is made without it, and only counts where the table is still the same.
@Suite struct TableWorkTests {
    private func table(rows: Int) -> Table {
        var symbols = SymbolTable()
        var table = Table(
            target: .empty, layout: Layout(columns: [Labels(["__name__": "a"])], symbols: &symbols))
        for row in 0..<rows { table.append(at: Int64(row), [Double(row)]) }
        return table
    }

    private func values(_ table: Table) -> [Double] {
        var room = SampleRoom()
        return TableSlice(number: 0, table: table, columns: [0], labels: [.empty]).read(0...1000, &room)[0]?
            .values ?? []
    }

    @Test func `a full tail is read until its sealed rows are there, and then no more`() throws {
        var table = table(rows: 15)
        #expect(table.work == nil)
        table.append(at: 15, [15])

        let work = try #require(table.work)
        let made = work.made()
        #expect(values(table) == (0..<16).map(Double.init))
        let isTaken = table.finish(work, made)

        #expect(isTaken)
        #expect(table.sealed.map(\.rowCount) == [16])
        #expect(values(table) == (0..<16).map(Double.init))
        #expect(table.work == nil)
        let isTakenAgain = table.finish(work, made)
        #expect(!isTakenAgain)
    }

    @Test func `what changed meanwhile is not replaced, and is due again`() throws {
        var table = table(rows: 16)
        let work = try #require(table.work)
        let made = work.made()

        var appended = table
        appended.append(at: 16, [16])
        var isTaken = appended.finish(work, made)
        #expect(!isTaken)
        #expect(values(appended) == (0..<17).map(Double.init))
        let next = try #require(appended.work)
        isTaken = appended.finish(next, next.made())
        #expect(isTaken)
        #expect(values(appended) == (0..<17).map(Double.init))

        // As a deletion leaves it: the same times, other cells.
        table.restore(
            tailTimes: table.tailTimes, tail: table.tail.cells.map { $0 < 4 ? Marker.absent : $0 })
        isTaken = table.finish(work, made)
        #expect(!isTaken)
        #expect(values(table) == (4..<16).map(Double.init))
    }

    @Test func `parts are merged unless some of them came into a file meanwhile`() throws {
        var table = table(rows: 0)
        var merge: TableWork?
        for row in 0..<200 where merge == nil {
            table.append(at: Int64(row), [Double(row)])
            while merge == nil, let work = table.work {
                if case .merge = work.kind { merge = work } else { _ = table.finish(work, work.made()) }
            }
        }
        let work = try #require(merge)
        let before = values(table)

        var persisted = table
        persisted.markPersisted(through: persisted.sealed[0])
        var isTaken = persisted.finish(work, work.made())
        #expect(!isTaken)
        #expect(values(persisted) == before)

        isTaken = table.finish(work, work.made())
        #expect(isTaken)
        #expect(table.sealed.map(\.rowCount) == [Table.middleRows])
        #expect(values(table) == before)
    }
}
