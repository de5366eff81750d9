/// Runs of decimal digits, eight at once: no branch asks how many there are, which is another number on each line.
///
/// Safety: a word is loaded where the span has eight bytes more, which is checked.
@usableFromInline package enum Digits {
    /// The eight bytes at `position`, the first one lowest; nil where there are fewer.
    @inline(__always)
    @inlinable static func word(_ text: Span<UInt8>, at position: Int) -> UInt64? {
        guard position >= 0, position <= text.count &- 8 else { return nil }
        let bytes = unsafe text.bytes
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
    }

    /// How many digits a word begins with.
    @inline(__always)
    @inlinable static func count(_ word: UInt64) -> Int {
        let digits = word ^ 0x3030_3030_3030_3030
        // Above 9 the sum reaches into the upper half; where it carries into the next byte, that one is beyond the first.
        let others = ((digits &+ 0x0606_0606_0606_0606) | digits) & 0xf0f0_f0f0_f0f0_f0f0
        return others.trailingZeroBitCount >> 3
    }

    /// The number that the first `count` bytes of a word are, 1 to 8 digits.
    @inline(__always)
    @inlinable static func number(_ word: UInt64, _ count: Int) -> UInt64 {
        // Zeros before the others, then twice as many digits in each part as before.
        let digits = (word ^ 0x3030_3030_3030_3030) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        let pairs = digits &* 10 &+ (digits &>> 8)
        let low = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
        let high = ((pairs &>> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
        return (low &+ high) &>> 32
    }

    /// Reads the digits at `index`, which moves behind them, on into `mantissa`, which wraps around; how many they are.
    @inline(__always)
    static func read(_ text: Span<UInt8>, _ index: inout Int, into mantissa: inout UInt64) -> Int {
        let start = index
        while let word = word(text, at: index) {
            let count = count(word)
            guard count > 0 else { return index &- start }
            mantissa = mantissa &* tens[count] &+ number(word, count)
            index &+= count
            if count < 8 { return index &- start }
        }
        while index < text.count, text[index].isDigit {
            mantissa = mantissa &* 10 &+ UInt64(text[index] &- UInt8(ascii: "0"))
            index &+= 1
        }
        return index &- start
    }

    private static let tens: [UInt64] = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]
}
