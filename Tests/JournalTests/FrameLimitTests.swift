import Codecs
import Testing

@testable import Journal

/// Frames that say what no writer says, with the right checksum.
@Suite struct FrameLimitTests {
    private let id: UInt64 = 1

    /// The first frame of a file.
    private func frame(
        stored: UInt32? = nil, raw: UInt32, records: UInt32 = 1, offset: Int = 40, _ bytes: [UInt8]
    ) -> [UInt8] {
        var rest: [UInt8] = []
        rest.append(fixed32: stored ?? UInt32(bytes.count))
        rest.append(fixed32: raw)
        rest.append(fixed64: 1)
        rest.append(fixed32: records)
        rest.append(fixed32: UInt32(offset))
        rest.append(fixed64: id)
        rest += bytes
        var frame = FrameFormat.mark
        frame.append(fixed32: CRC32C.checksum(rest.span))
        return frame + rest
    }

    private func read(_ frames: [UInt8]) throws -> (records: [[UInt8]], report: LogReport) {
        let disk = SimulatedDisk()
        disk.setContents("log/0000000001.log", FrameFormat.header(id: id, firstSequence: 1) + frames)
        return try contents(try Log(disk: disk, folder: "log"))
    }

    @Test func `a frame that unpacks to more bytes than any has is damage`() throws {
        for count in [FrameFormat.longestRecord, FrameFormat.longestFrame] {
            var raw: [UInt8] = []
            raw.append(prefixed: [UInt8](repeating: 0, count: count))
            let found = try read(frame(raw: UInt32(raw.count), LZ4.compress(raw.span)))

            let isAllowed = raw.count <= FrameFormat.longestFrame
            #expect(found.records.map(\.count) == (isAllowed ? [count] : []))
            #expect(found.report.damage.isEmpty == isAllowed)
        }
    }

    /// Lengths of up to 4 GiB, in a file that is as long.
    @Test(arguments: [(UInt32.max, UInt32.max), (.max, 10), (40 << 20, 40 << 20), (34 << 20, 33 << 20)])
    func `a header that says more than any frame has makes nobody read as much`(
        stored: UInt32, raw: UInt32
    ) {
        let lie = frame(stored: stored, raw: raw, [])
        var most = 0
        var reader = FrameReader(id: id, 40..<8 << 30) { (offset, count) throws(DiskError) in
            most = max(most, count)
            guard offset == 40, count <= 1 << 20 else {
                throw DiskError(call: "read", path: "", code: 5, message: "enough")
            }
            return lie + [UInt8](repeating: 0, count: count - lie.count)
        }

        #expect(throws: DiskError.self) { try reader.next() }
        #expect(most <= 1 << 20)
    }

    @Test func `a file that became shorter while it is read ends in damage`() throws {
        let whole = frame(raw: 3, [2, 1, 2])
        var reader = FrameReader(id: id, 40..<1000) { (offset, count) throws(DiskError) in
            offset == 40 ? whole : []
        }
        var damage: [Range<Int>] = []
        var frames = 0
        while let item = try reader.next() {
            switch item {
            case .frame: frames += 1
            case .damage(let range): damage.append(range)
            }
        }

        #expect(frames == 1)
        #expect(damage == [40 + whole.count..<1000])
    }

    @Test func `a frame that lacks nothing but zeros at its end is torn`() throws {
        let disk = SimulatedDisk()
        let path = "log/0000000001.log"
        func open() throws -> Log { try Log(disk: disk, folder: "log") }
        let log = try open()
        try log.append([1, 2, 3, 0, 0, 0, 0])
        try log.commit()
        disk.setContents(path, disk.contents(path)?.dropLast(3))

        let reopened = try open()
        #expect(try contents(reopened).records.isEmpty)
        try reopened.append(record(1))
        try reopened.commit()
        #expect(try contents(try open()).records == [record(1)])
    }

    @Test func `a record that no frame could hold is refused before it is taken`() throws {
        let disk = SimulatedDisk()
        let log = try Log(disk: disk, folder: "log")
        let long = [UInt8](repeating: 0, count: FrameFormat.longestRecord + 1)
        let refusal = LogError.recordTooLong(count: long.count, limit: FrameFormat.longestRecord)

        #expect(throws: refusal) { try log.append(long) }
        #expect(throws: refusal) { try log.append([record(1), long]) }
        #expect(throws: refusal) { try RecordFile(disk, "file", id: 1).append(long) }

        #expect(log.nextSequence == 1)
    }

    @Test func `a file that does not begin with the name of the format has no header of it`() {
        let header = FrameFormat.header(id: id, firstSequence: 1)
        #expect(FrameFormat.parseHeader(header)?.id == id)
        var other = Array(header.dropLast(4))
        other[0] = UInt8(ascii: "f")
        other.append(fixed32: CRC32C.checksum(other.span))
        #expect(FrameFormat.parseHeader(other) == nil)
    }

    @Test func `a frame whose records are not all there, or followed by more, gives those that are`() throws {
        var raw: [UInt8] = []
        for number in 1...3 { raw.append(prefixed: record(number)) }
        for (records, bytes) in [(4, raw), (3, raw + [0]), (2, raw)] {
            let found = try read(frame(raw: UInt32(bytes.count), records: UInt32(records), bytes))
            #expect(found.records == (1...min(3, records)).map(record))
            #expect(found.report.damage.count == 1, "\(records)")
        }
    }
}
