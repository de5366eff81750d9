import Journal
import Synchronization
import Testing
import TimeSeries

@testable import Storage

/// What a target with very many series has in a snapshot.
@Suite struct LongRecordTests {
    private let width = 24_000
    private let rows = 200
    private let longest = 32 << 20

    /// A column after the other, of numbers that nothing packs.
    private func noise(_ columns: Int, seed: UInt64) -> [Double] {
        var random = SplitMix(seed: seed)
        // Any that is below two.
        return (0..<columns * rows).map { _ in
            Double(bitPattern: .random(in: 0 ... .max, using: &random) & 0xbfff_ffff_ffff_ffff)
        }
    }

    private func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        for _ in 0..<count { all += bytes }
        return all
    }

    /// Rows of all columns, each chunk the same.
    private func sealedRows(_ values: [Double]) -> SealedRows {
        let chunk = SealedRows(times: (0..<Int64(rows)).map { $0 * 15_000 }, columns: values.span)
        let count = width / SealedRows.columnsPerChunk
        return SealedRows(
            times: chunk.times, columnCount: width, sampleCount: width * rows,
            bytes: repeated(chunk.bytes, count),
            ends: (1...count).map { UInt32($0 * chunk.bytes.count) })
    }

    /// A block of 4,000 series, each chunk the same.
    private func block() throws -> RollupBlock {
        let ends = (1...Int64(rows)).map { 300_000 * $0 }
        let values = noise(6 * 4, seed: 2)
        var builder = RollupBlockBuilder(
            resolution: 300_000, windows: ends.map { .init(end: $0, first: $0, last: $0, count: 1) })
        for series in 0..<4 {
            builder.append(
                ends.enumerated().map { row, end in
                    let value = { values[(6 * series + $0) * rows + row] }
                    var bucket = RollupBucket(time: end, value: value(0))
                    (bucket.start, bucket.end, bucket.firstTime) = (end - 300_000, end, end)
                    (bucket.first, bucket.min, bucket.max) = (
                        value(1), min(value(2), value(3)), max(value(2), value(3))
                    )
                    (bucket.sum, bucket.lost) = (value(4), value(5))
                    return bucket
                })
        }
        let made = builder.finish()
        let chunk = try #require(made)
        let copies = 1...1000
        return RollupBlock(
            resolution: 300_000, windows: chunk.windows, width: 4 * copies.count,
            bytes: repeated(chunk.bytes, copies.count),
            ends: copies.map { UInt32($0 * chunk.bytes.count) },
            sketches: repeated(chunk.sketches, copies.count),
            sketchEnds: copies.map { UInt32($0 * chunk.sketches.count) },
            bucketCount: copies.count * chunk.bucketCount)
    }

    @Test func `rows and windows of more bytes than a record may have are in a snapshot`() async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        let columns = (0..<width).map { Labels(["__name__": "m", "n": "\($0)"]) }
        _ = try store.openTable(target: Labels(["job": "large"]), columns: columns)
        let values = noise(SealedRows.columnsPerChunk, seed: 1)
        let (sealed, block) = (sealedRows(values), try block())
        #expect(sealed.bytes.count > longest && block.bytes.count > longest)
        store.head.withLock { head in
            head.tables[0]?.restore(sealed: [sealed], persisted: 0)
            var set = RollupSet()
            set.levels = [RollupSet.Level(resolution: 300_000)]
            set.levels[0].append(block)
            set.made = sealed.last
            head.tables[0]?.rollups = set
            head.newest = sealed.last
        }

        try store.snapshot()

        disk.crash()
        let reopened = try Store(disk: disk, now: at(0))
        let statistics = reopened.statistics()
        #expect(statistics.damage.isEmpty && statistics.losses.isEmpty)
        #expect(statistics.samples == width * rows)
        #expect(statistics.rollupBuckets == block.bucketCount)
        let last = try await select(reopened, [Matcher(equal: "n", "\(width - 1)")])
        #expect(last.map(\.values) == [Array(values.suffix(rows))])
        #expect(try StoreVerification.run(disk).isIntact)
    }

    /// The disk with a snapshot of a table of so many columns that has these rows.
    private func snapshot(_ width: Int, _ sealed: SealedRows) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        let columns = (0..<width).map { Labels(["__name__": "m", "n": "\($0)"]) }
        _ = try store.openTable(target: Labels(["job": "large"]), columns: columns)
        store.head.withLock { head in
            head.tables[0]?.restore(sealed: [sealed], persisted: 0)
            head.newest = sealed.last
        }
        try store.snapshot()
        disk.kill()
        return disk
    }

    @Test func `damage to a file of very many series costs the chunks that it is in`() async throws {
        let width = 1600
        let values = noise(width, seed: 3)
        let sealed = SealedRows(times: (0..<Int64(rows)).map { $0 * 15_000 }, columns: values.span)
        let disk = try snapshot(width, sealed)
        let path = "snapshots/chunks-0000000001"
        let bytes = try #require(disk.contents(path))
        #expect(bytes.count > 2 << 20)
        let total = width * rows
        // Of a frame and its neighbours, at the beginning, in the middle, and up to the end.
        for start in [300_000, 1 << 20, bytes.count - 100_000] {
            var damaged = bytes
            for place in start..<min(bytes.count, start + 100_000) { damaged[place] = 0 }
            let files = disk.durableCopy()
            files.setContents(path, damaged)

            let reopened = try Store(disk: files, now: at(0))
            let statistics = reopened.statistics()
            #expect(statistics.samples < total && statistics.samples > total * 4 / 5, "\(start)")
            #expect(statistics.losses.map(\.path) == [path] && statistics.losses[0].to == at(15 * (rows - 1)))
            for series in try await select(reopened, []) {
                let number = try #require(series.labels["n"].flatMap { Int($0) })
                #expect(series.values == Array(values[number * rows..<(number + 1) * rows]), "\(number)")
            }
            #expect(!(try StoreVerification.run(files).isIntact))

            // What is written anew has no damage.
            try reopened.maintain(now: at(0))
            files.kill()
            let again = try Store(disk: files, now: at(0))
            #expect(again.statistics().samples == statistics.samples)
            #expect(again.statistics().damage.isEmpty && again.statistics().unreadableRecords == 0)
        }
    }

    @Test func `a state that lacks pieces of rows is not whole`() async throws {
        let width = 1600
        let values = noise(width, seed: 3)
        // Too few to be final.
        let few = (0..<width).flatMap { values[$0 * rows..<$0 * rows + 100] }
        let sealed = SealedRows(times: (0..<100).map { $0 * 15_000 }, columns: few.span)
        let disk = try snapshot(width, sealed)
        let path = "snapshots/state-0000000001"
        let bytes = try #require(disk.contents(path))
        for place in stride(from: 200_000, to: bytes.count - 120_000, by: 130_000) {
            var damaged = bytes
            for place in place..<place + 100_000 { damaged[place] = 0 }
            disk.setContents(path, damaged)
            let reopened = try Store(disk: disk.durableCopy(), now: at(0))
            #expect(!reopened.statistics().losses.isEmpty, "\(place)")
            #expect(reopened.statistics().samples > width * 100 / 2, "\(place)")
        }
    }

    @Test func `pieces are put together only where all of them follow each other`() throws {
        let record = repeated([1, 2], PieceRecord.longest) + [3]
        var pieces: [[UInt8]] = []
        PieceRecord.forEach(record) { pieces.append($0) }
        #expect(pieces.count == 3)

        var reader = PieceReader()
        for round in 0..<2 {
            for (number, piece) in pieces.enumerated() {
                let whole = try reader.take(piece, at: UInt64(10 * round + number))
                #expect((whole == (number == 2 ? record : nil)) as Bool)
            }
        }
        // One is lost, and the rest of a second record follows the first piece of another.
        _ = try reader.take(pieces[0], at: 1)
        #expect(throws: (any Error).self) { try reader.take(pieces[2], at: 3) }
        #expect(throws: (any Error).self) { try reader.take(pieces[1], at: 5) }
        var short: [[UInt8]] = []
        PieceRecord.forEach([1, 2, 3]) { short.append($0) }
        #expect(short == [[1, 2, 3]])
    }
}
