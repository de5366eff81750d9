import Codecs

/// Reads codes, many from one load of 64 bits: what one code is waiting for is then the length of the
/// code before it alone, not memory as well.
struct CodeReader {
    private let order: Int
    /// Of the next code, in bits from the start of the bytes.
    private(set) var position: Int
    /// The bits from there on, the next one on top, zeros behind those that were loaded.
    private var word: UInt64 = 0
    private var loaded = 0

    /// - Parameter cursor: where the first code begins.
    init(order: Int, _ cursor: ByteCursor) {
        self.order = order
        position = 8 * cursor.position
    }

    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 { try next(bytes, order: order) }

    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>, order: Int) throws(CodecError) -> UInt64 {
        var zeros = word.leadingZeroBitCount
        var length = 2 &* zeros &+ 1 &+ order
        if length > loaded {
            try load(bytes)
            zeros = word.leadingZeroBitCount
            length = 2 &* zeros &+ 1 &+ order
            guard length <= loaded else { return try long(bytes, order) }
        }
        let whole =
            (word &<< UInt64(truncatingIfNeeded: zeros))
            &>> UInt64(truncatingIfNeeded: 63 &- zeros &- order)
        // By 64 it is not shifted at all; nothing is loaded then, so that nobody looks at it.
        word = word &<< UInt64(truncatingIfNeeded: length)
        loaded &-= length
        position &+= length
        return whole &- (1 &<< UInt64(truncatingIfNeeded: order))
    }

    /// The next so many bits and more, the first one on top.
    @inline(__always)
    mutating func peek(_ count: Int, _ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        if loaded < count { try load(bytes) }
        return word
    }

    @inline(__always)
    private mutating func load(_ bytes: Span<UInt8>) throws(CodecError) {
        let offset = position &>> 3
        guard offset <= bytes.count &- 8 else { throw .truncated(at: offset) }
        let skipped = position & 7
        word = bytes.word(at: offset) &<< UInt64(truncatingIfNeeded: skipped)
        loaded = 64 &- skipped
    }

    @inline(__always)
    mutating func skip(_ length: Int) {
        word &<<= UInt64(truncatingIfNeeded: length)
        loaded &-= length
        position &+= length
    }

    /// A code that one load does not hold: rare.
    @inline(never)
    private mutating func long(_ bytes: Span<UInt8>, _ order: Int) throws(CodecError) -> UInt64 {
        var reader = BitReader(position: position)
        let code = try reader.readExpGolomb(bytes, order: order)
        position = reader.position
        word = 0
        loaded = 0
        return code
    }
}
