import Codecs
import Testing

@Suite struct CursorTests {
    @Test func `varints give back their numbers`() throws {
        for value in [0, 1, 127, 128, 300, 1 << 32, .max] as [UInt64] {
            var bytes: [UInt8] = []
            bytes.append(varint: value)
            var cursor = ByteCursor(count: bytes.count)
            let read = try cursor.varint(bytes.span)
            #expect(read == value)
            #expect(cursor.isAtEnd)
        }
        for value in [0, -1, 1, .min, .max] as [Int64] {
            var bytes: [UInt8] = []
            bytes.append(signedVarint: value)
            var cursor = ByteCursor(count: bytes.count)
            let read = try cursor.signedVarint(bytes.span)
            #expect(read == value)
        }
    }

    @Test func `a varint of more than 64 bits is refused`() {
        let bytes = [UInt8](repeating: 0xff, count: 9) + [2]
        #expect(throws: CodecError.malformed("varint above 64 bits", at: 9)) {
            var cursor = ByteCursor(count: bytes.count)
            return try cursor.varint(bytes.span)
        }
    }

    @Test
    func `a varint that fills a range is read at any place and length, and nothing that ends elsewhere`() {
        for bits in 0...64 {
            let value: UInt64 =
                bits == 64 ? .max : (1 << UInt64(bits)) - 1 ^ (bits > 2 ? 1 << UInt64(bits / 2) : 0)
            for before in [0, 1, 7, 8, 20] {
                var bytes = [UInt8](repeating: 0xff, count: before)
                bytes.append(varint: value)
                let end = bytes.count
                bytes += [0xff, 1]
                #expect(bytes.span.varint(filling: before..<end) == value)
                // It ends behind the range, and before its end.
                #expect(bytes.span.varint(filling: before..<end + 1) == nil)
                if end - before > 1 { #expect(bytes.span.varint(filling: before..<end - 1) == nil) }
                #expect(bytes.span.varint(filling: before..<before) == nil)
            }
        }
    }

    @Test func `a length beyond what remains is refused`() {
        let bytes: [UInt8] = [200, 1, 0, 0]
        #expect(throws: CodecError.truncated(at: 0)) {
            var cursor = ByteCursor(count: bytes.count)
            return try cursor.length(bytes.span)
        }
        #expect(throws: CodecError.tooLong(declared: 200, limit: 100)) {
            var cursor = ByteCursor(count: bytes.count)
            return try cursor.length(bytes.span, limit: 100)
        }
    }

    @Test func `bits come back in the order in which they were written`() throws {
        var writer = BitWriter()
        for count in 0...56 {
            writer.write(count == 0 ? 0 : (1 << UInt64(count)) - 1 - (count > 1 ? 1 : 0), count)
        }
        writer.write64(0xdead_beef_0123_4567)
        let bytes = writer.finish() + [UInt8](repeating: 0, count: 8)

        var reader = BitReader()
        for count in 0...56 {
            let expected: UInt64 = count == 0 ? 0 : (1 << UInt64(count)) - 1 - (count > 1 ? 1 : 0)
            let read = try reader.read(bytes.span, count)
            #expect(read == expected)
        }
        let last = try reader.read64(bytes.span)
        #expect(last == 0xdead_beef_0123_4567)
    }

    @Test(arguments: 0...40) func `Exp-Golomb codes give back their numbers`(order: Int) throws {
        let values: [UInt64] = [0, 1, 2, 3, 100, 65_535, 1 << 40, (1 << 54) - 1]
        var writer = BitWriter()
        for value in values { writer.writeExpGolomb(value, order: order) }
        let bytes = writer.finish() + [UInt8](repeating: 0, count: 8)

        var reader = BitReader()
        for value in values {
            let read = try reader.readExpGolomb(bytes.span, order: order)
            #expect(read == value)
        }
    }

    @Test func `reading bits beyond the padding throws`() {
        let bytes = [UInt8](repeating: 0, count: 9)
        #expect(throws: CodecError.self) {
            var reader = BitReader(position: 16)
            return try reader.read(bytes.span, 8)
        }
        #expect(throws: CodecError.self) {
            var reader = BitReader()
            return try reader.readExpGolomb(bytes.span, order: 0)
        }
    }

    @Test func `protobuf fields come in wire order, nested ones as ranges`() throws {
        var inner: [UInt8] = []
        inner.append(protobufField: 1, text: "a")
        var bytes: [UInt8] = []
        bytes.append(protobufField: 1, bytes: inner)
        bytes.append(protobufField: 2, integer: -5)
        bytes.append(protobufField: 3, double: 1.5)

        var cursor = ProtobufCursor(0..<bytes.count)
        var fields: [ProtobufCursor.Field] = []
        while let field = try cursor.next(bytes.span) { fields.append(field) }
        #expect(fields.map(\.number) == [1, 2, 3])
        #expect(fields[1].payload.integer == -5)
        #expect(fields[2].payload.double == 1.5)

        var nested = ProtobufCursor(try #require(fields[0].payload.range))
        let name = try nested.next(bytes.span)?.payload.range
        #expect(name.map { Array(bytes[$0]) } == Array("a".utf8))
    }

    @Test func `damaged protobuf throws and never traps`() {
        for bytes in [[0x0a, 0x05, 1], [0x00], [0x0b], [0x80], [0x09, 1, 2]] as [[UInt8]] {
            #expect(throws: CodecError.self) {
                var cursor = ProtobufCursor(0..<bytes.count)
                while try cursor.next(bytes.span) != nil {}
            }
        }
    }
}
