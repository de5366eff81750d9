import Testing

@testable import Codecs

@Suite struct BlockTests {
    private let text = Array(String(repeating: "node_cpu_seconds_total{cpu=\"0\"} 1.5\n", count: 40).utf8)

    @Test func `an LZ4 block gives back its bytes`() throws {
        for bytes in [[], [7], text] as [[UInt8]] {
            let block = LZ4.block(bytes)
            #expect(try LZ4.bytes(block, bytes.count) == bytes)
        }
    }

    @Test func `an LZ4 length that no block can reach is refused before memory is taken`() {
        #expect(throws: CodecError.tooLong(declared: 1 << 40, limit: 765)) {
            try LZ4.bytes([1, 2, 3], 1 << 40)
        }
    }

    @Test func `a damaged LZ4 block never yields bytes of another length`() {
        let block = LZ4.block(text)
        for index in block.indices {
            var damaged = block
            damaged[index] ^= 0xff
            let bytes = try? LZ4.bytes(damaged, text.count)
            #expect(bytes == nil || bytes?.count == text.count)
        }
        #expect(throws: CodecError.self) {
            try LZ4.bytes(Array(block.dropLast()), text.count)
        }
    }

    @Test func `a Snappy block gives back its bytes`() throws {
        for bytes in [[], [7], text] as [[UInt8]] {
            let block = Snappy.block(bytes)
            #expect(try Snappy.bytes(block, limit: bytes.count) == bytes)
        }
    }

    @Test func `a Snappy block above the limit is refused`() {
        let block = Snappy.block(text)

        #expect(throws: CodecError.tooLong(declared: text.count, limit: 100)) {
            try Snappy.bytes(block, limit: 100)
        }
    }

    @Test func `a damaged Snappy block is refused`() {
        #expect(throws: CodecError.self) { try Snappy.bytes([], limit: 10) }
        #expect(throws: CodecError.self) { try Snappy.bytes([5, 0xff, 0xff], limit: 10) }
    }

    @Test func `CRC32C agrees with the vectors of RFC 3720`() {
        #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.of([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46dd_794e)
        #expect(CRC32C.of(Array("123456789".utf8)) == 0xe306_9283)
    }

    @Test func `CRC32C continues from a seed`() {
        let whole = CRC32C.of(text)
        let head = CRC32C.of(text, 0..<13)

        #expect(CRC32C.of(text, 13..<text.count, seed: head) == whole)
    }

    @Test func `CRC32C is the same by the instruction and by tables, whatever the length`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0 &* 31 + 7) }
        for length in 0..<120 {
            let range = length % 9..<length % 9 + length
            let expected = CRC32C.tabulated(UInt32(length) &* 77, bytes.span, range)
            guard CRC32C.hasInstruction else { return }
            let sum = CRC32C.instructed(UInt32(length) &* 77, bytes.span, range)
            #expect(sum == expected)
        }
    }
}

/// Spans may not pass through the expectation macros, arrays may.
extension LZ4 {
    static func block(_ bytes: [UInt8]) -> [UInt8] { compress(bytes.span) }
    static func bytes(_ block: [UInt8], _ count: Int) throws -> [UInt8] {
        try decompress(block.span, byteCount: count)
    }
}

extension Snappy {
    static func block(_ bytes: [UInt8]) -> [UInt8] { compress(bytes.span) }
    static func bytes(_ block: [UInt8], limit: Int) throws -> [UInt8] {
        try decompress(block.span, limit: limit)
    }
}

extension CRC32C {
    static func of(_ bytes: [UInt8]) -> UInt32 { checksum(bytes.span) }
    static func of(_ bytes: [UInt8], _ range: Range<Int>, seed: UInt32 = 0) -> UInt32 {
        checksum(bytes.span, range, seed: seed)
    }
}
