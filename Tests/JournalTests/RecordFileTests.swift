import Codecs
import Journal
import Testing

/// Files of snapshots: written once, protected against damage.
@Suite struct RecordFileTests {
    private static let path = "folder/file"

    /// Records that do not compress, of one length, so that frames have known sizes.
    private func records(_ count: Int, of length: Int) -> [[UInt8]] {
        var state: UInt64 = 7
        return (0..<count).map { _ in
            (0..<length).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
        }
    }

    private func written(
        _ records: [[UInt8]], id: UInt64 = 3, isFilledUp: Bool = true
    ) throws -> (disk: SimulatedDisk, bytes: [UInt8]) {
        let disk = SimulatedDisk()
        try disk.createFolder("folder")
        let file = try RecordFile(disk, Self.path, id: id, isFilledUp: isFilledUp)
        for record in records { try file.append(record) }
        try file.finish()
        let bytes = try #require(disk.contents(Self.path))
        #expect(bytes.count == file.byteCount)
        return (disk, bytes)
    }

    private func read(_ disk: SimulatedDisk, _ bytes: [UInt8]) throws -> (
        records: [[UInt8]], report: LogReport
    ) {
        disk.setContents(Self.path, bytes)
        var records: [[UInt8]] = []
        let report = try RecordFile.read(disk, Self.path, id: 3) { number, record in
            #expect(number > records.count)
            records.append(record)
        }
        return (records, report)
    }

    @Test func `no flipped byte costs a record, wherever it is, and each is told`() throws {
        let records = records(20, of: 60)
        let (disk, bytes) = try written(records)
        let whole = try read(disk, bytes)
        #expect((whole.records == records) as Bool)
        #expect(whole.report.damage.isEmpty && whole.report.mended.isEmpty && !whole.report.lacksRecords)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x41
            let found = try read(disk, damaged)
            #expect((found.records == records) as Bool, "\(position)")
            #expect(!found.report.lacksRecords, "\(position)")
            #expect(!found.report.damage.isEmpty || !found.report.mended.isEmpty, "\(position)")
        }
    }

    @Test func `a lost kilobyte is made anew, and more in a longer file`() throws {
        let records = records(30, of: 1000)
        let (disk, bytes) = try written(records)
        for start in stride(from: 0, to: 29_000, by: 1111) {
            var damaged = bytes
            for index in start..<start + 513 { damaged[index] = 0 }
            let found = try read(disk, damaged)
            #expect((found.records == records) as Bool, "\(start)")
            #expect(found.report.mended.count > 0 && !found.report.lacksRecords)
        }
        let more = self.records(60, of: 50_000)
        let (large, all) = try written(more)
        for start in [500, 1_000_000, 1_100_000, 2_500_000] {
            var damaged = all
            for index in start..<start + 12 << 10 { damaged[index] ^= 0xff }
            let found = try read(large, damaged)
            #expect((found.records == more) as Bool, "\(start)")
            #expect(!found.report.lacksRecords && found.report.damage.isEmpty)
        }
    }

    @Test func `of a short file of a copy any block is made anew by little more than a block`() throws {
        for count in [2, 4, 9, 16, 40, 120, 160, 200] {
            let records = records(count, of: 100)
            let (disk, bytes) = try written(records, isFilledUp: false)
            let part = 80 + 101 * count
            let blocks = (part + 127) / 128
            if count < 160 { #expect(bytes.count - part <= 84 + 128 * min(blocks, 5) + 2 * blocks) }
            for start in stride(from: 0, to: part - 513, by: 111) {
                var damaged = bytes
                for index in start..<start + 513 { damaged[index] ^= 0x55 }
                let found = try read(disk, damaged)
                #expect((found.records == records) as Bool, "\(start) of \(count)")
                #expect(!found.report.lacksRecords && !found.report.mended.isEmpty, "\(start) of \(count)")
            }
        }
    }

    @Test func `pages that the disk cannot read are made anew`() throws {
        let records = records(60, of: 50_000)
        let (disk, bytes) = try written(records)
        for start in [0, 500, 4096, 1_000_000, 2_500_000] {
            disk.setContents(Self.path, bytes)
            disk.failReads(of: Self.path, start..<start + 4096)
            var found: [[UInt8]] = []
            let report = try RecordFile.read(disk, Self.path, id: 3) { found.append($1) }
            #expect((found == records) as Bool, "\(start)")
            #expect(!report.mended.isEmpty && report.damage.isEmpty && !report.lacksRecords, "\(start)")
        }
    }

    @Test func `no lost block of the disk costs a record, whatever it holds`() throws {
        // Parts whose end is at any place of its block; and a file of several parts.
        let small = (0..<16).map { records(9, of: 60 + 30 * $0) }
        for records in small + [records(60, of: 50_000)] {
            let (disk, bytes) = try written(records)
            var blocks = Set(0..<(bytes.count + 511) / 512)
            if blocks.count > 100 {
                // Those around protection, and some others.
                let edges = frames(bytes).filter { $0.records == 0 }.flatMap { [$0.start, $0.end] }
                #expect(edges.count > 10)
                blocks = blocks.filter { block in
                    block % 500 == 7 || edges.contains { abs($0 / 512 - block) <= 1 }
                }
            }
            for start in blocks.map({ 512 * $0 }) {
                var damaged = bytes
                for index in start..<min(bytes.count, start + 512) { damaged[index] = 0 }
                let found = try read(disk, damaged)
                #expect((found.records == records) as Bool, "\(start) of \(bytes.count)")
                #expect(!found.report.lacksRecords, "\(start) of \(bytes.count)")
                #expect(!found.report.damage.isEmpty || !found.report.mended.isEmpty)
            }
        }
    }

    /// The frames of a whole file.
    private func frames(_ bytes: [UInt8]) -> [(start: Int, end: Int, records: Int)] {
        func number(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        var frames: [(start: Int, end: Int, records: Int)] = []
        var position = 40
        while position < bytes.count {
            let end = position + 40 + number(position + 8)
            frames.append((position, end, number(position + 24)))
            position = end
        }
        return frames
    }

    @Test func `a flipped bit in what protects a part does not keep it from bringing back a block`() throws {
        let records = records(20, of: 60)
        let (disk, bytes) = try written(records)
        let end = bytes.count - 40
        let start = 1536
        #expect(Array(bytes[start..<start + 4]) == [0xf1, 0x79, 0xba, 0x11])
        // The checksum of the frame, and the parity of other blocks than the damaged one.
        for position in Array(start + 4..<start + 8) + stride(from: end - 512, to: end, by: 7) {
            var damaged = bytes
            damaged[position] ^= 4
            damaged[100] ^= 1
            let found = try read(disk, damaged)
            #expect((found.records == records) as Bool, "\(position)")
            #expect(found.report.mended.count == 1 && !found.report.lacksRecords, "\(position)")
            #expect(found.report.damage.map(\.offset) == [start], "\(position)")
        }
    }

    @Test func `a file that is there is made anew`() throws {
        let records = records(20, of: 600)
        let (disk, _) = try written(records)
        let file = try RecordFile(disk, Self.path, id: 3)
        try file.append(records[0])
        try file.finish()

        let found = try read(disk, try #require(disk.contents(Self.path)))
        #expect(found.records == [records[0]] && found.report.damage.isEmpty)
    }

    @Test func `frames of another file in the same places are not its own`() throws {
        let records = records(3, of: 600)
        let (disk, bytes) = try written(records)
        let other = try written(records.reversed(), id: 4).bytes
        #expect(other.count == bytes.count)

        let found = try read(disk, Array(bytes[..<40]) + other[40...])

        #expect(found.records.isEmpty && found.report.lacksRecords)
    }

    @Test func `damage that cannot be mended costs its frames, and the rest is read in order`() throws {
        let records = records(60, of: 50_000)
        let (disk, bytes) = try written(records)
        var damaged = bytes
        for index in 400_000..<500_000 { damaged[index] = 9 }
        let found = try read(disk, damaged)
        #expect(found.report.lacksRecords && found.report.mended.isEmpty && !found.report.gaps.isEmpty)
        #expect(found.records.count >= 54 && found.records.count < 60)
        #expect((found.records == records.filter { found.records.contains($0) }) as Bool)

        let cut = try read(disk, Array(bytes.prefix(bytes.count / 2)))
        #expect(cut.report.lacksRecords)
        #expect((cut.records == Array(records.prefix(cut.records.count))) as Bool)
    }

    @Test func `a file of before protection is read, its damage costs what it did`() throws {
        let records = records(40, of: 10_000)
        let (disk, bytes) = try written(records)
        // Version 2 had the same frames, and none without records.
        var header = Array(bytes.prefix(36))
        header[8] = 2
        header.append(fixed32: CRC32C.checksum(header.span))
        let old =
            header + frames(bytes).filter { $0.records > 0 }.map { Array(bytes[$0.start..<$0.end]) }.joined()
        let whole = try read(disk, old)
        #expect((whole.records == records) as Bool)
        #expect(whole.report.damage.isEmpty && !whole.report.lacksRecords)

        var damaged = old
        damaged[45] ^= 1
        let found = try read(disk, damaged)
        #expect(found.records.count == records.count - 14 && found.report.lacksRecords)
    }
}
