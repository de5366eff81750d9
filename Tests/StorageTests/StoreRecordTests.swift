import Codecs
import Testing
import TimeSeries

@testable import Storage

@Suite struct StoreRecordTests {
    private func read(_ record: [UInt8]) throws -> KnownSamples {
        var cursor = ByteCursor(1..<record.count)
        let known = try StoreRecord.samples(record.span, &cursor)
        #expect(cursor.isAtEnd)
        return known
    }

    @Test(arguments: [0, 1, 63, 64, 15_000, 1 << 20, 1 << 27 - 1, 1 << 27, 1 << 34, 1 << 50])
    func `samples come back for steps of time and numbers of any length`(step: Int64) throws {
        let numbers: [UInt32] = [0, 127, 128, 1 << 14, 1 << 21, 1 << 28 - 1, 1 << 28, .max - 2]
        var known = KnownSamples(handles: numbers, ends: [], samples: [])
        for (place, number) in numbers.enumerated() {
            for index in 0..<Int64(3) {
                let time = index % 2 == 0 ? step : -step
                known.samples.append(
                    Sample(Timestamp(milliseconds: time + Int64(place)), Double(number) * 1.5 + Double(index))
                )
            }
            known.ends.append(known.samples.count)
        }

        let again = try read(StoreRecord.samples(known))

        #expect(again.handles == known.handles)
        #expect(again.ends == known.ends)
        #expect(again.samples == known.samples)
    }

    @Test func `a record cut short anywhere is refused`() {
        let samples = (0..<3).map {
            Sample(Timestamp(milliseconds: 1_700_000_000_000 + Int64($0) * 15_000), 1)
        }
        let record = StoreRecord.samples(KnownSamples(handles: [5, 900], ends: [2, 3], samples: samples))
        for length in 2..<record.count {
            #expect(throws: CodecError.self, "\(length) bytes") { try read(Array(record.prefix(length))) }
        }
    }

    @Test(arguments: [
        Labels(["__name__": "up", "job": "node"]), Labels(["a": "1", "a1": "2", "b": "\u{e9}"]), .empty,
        Labels(["long": String(repeating: "x", count: 200), "z": "1"]), Labels(["": "no name", "a": "b"]),
    ])
    func `canonical labels are taken as they are`(labels: Labels) throws {
        #expect(try Labels(checking: labels.bytes) == labels)
    }

    @Test(
        arguments: [
            // Out of order, twice, without a value, a name alone, beyond the end, a length that takes more bytes than it has to.
            [1, 98, 1, 49, 1, 97, 1, 49], [1, 97, 1, 49, 1, 97, 1, 50], [1, 97, 0], [1, 97], [1, 97, 9, 49],
            [0x81, 0, 97, 1, 49], [2, 97, 98, 1, 49, 1, 97, 1, 49],
        ] as [[UInt8]])
    func `labels that are not canonical are refused`(bytes: [UInt8]) {
        #expect(throws: CodecError.self) { try Labels(checking: bytes) }
    }

    /// As damage that no checksum shows, or somebody's hand, would make them.
    @Test func `records with numbers far beyond those that are there are refused before memory is taken`() {
        var head = Head(StoreConfiguration())
        let labels = Labels(["__name__": "up"])
        #expect(throws: CodecError.self) { try head.replay(StoreRecord.table(1_000_000, labels, [labels])) }
        #expect(throws: CodecError.self) { try head.replay(StoreRecord.series(1_000_000, labels)) }
        #expect(head.tables.isEmpty && head.loose.nextNumber == 0)
        // Of table 0 at moment 0, no rows before, as wide as a number can say: whole, and as a difference.
        for kind in [0, 1] as [UInt8] {
            var record: [UInt8] = [StoreRecord.row, 0, 0, 0]
            record.append(varint: UInt64(Int64.max))
            #expect(throws: CodecError.self) { try head.replay(record + [kind, 0, 0]) }
        }
    }
}
