import TimeSeries

/// Reads numbers as expositions write them; the result is the one nearest to the text, bit for bit.
///
/// Short decimals take Clinger's path (one exact multiplication), longer ones Eisel and Lemire's (one 128-bit product),
/// the few beyond their range the standard library's.
@usableFromInline package enum DecimalNumber {
    /// The number at `position`, which moves behind it; nil where there is none. The caller checks what follows.
    /// "NaN" is `Marker.notANumber` whatever its case; hexadecimal numbers and digit separators are refused.
    package static func parse(_ text: Span<UInt8>, _ position: inout Int) -> Double? {
        guard let (value, end) = number(text, at: position) else { return nil }
        position = end
        return value
    }

    /// The same, and where it ends. What most values are is read in place: up to seven digits and a line break.
    @inline(__always)
    @inlinable package static func number(_ text: Span<UInt8>, at position: Int) -> (value: Double, end: Int)?
    {
        if let word = Digits.word(text, at: position) {
            let count = Digits.count(word)
            let behind = UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 8 &* count))
            if count > 0, behind == UInt8(ascii: "\n") {
                return (Double(Int64(truncatingIfNeeded: Digits.number(word, count))), position &+ count)
            }
        }
        return anyNumber(text, at: position)
    }

    @usableFromInline
    static func anyNumber(_ text: Span<UInt8>, at start: Int) -> (value: Double, end: Int)? {
        var index = start
        let count = text.count
        guard index < count else { return nil }
        var isNegative = false
        if text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let firstDigit = index
        var mantissa: UInt64 = 0
        var digits = Digits.read(text, &index, into: &mantissa)
        var exponent = 0
        if index < count, text[index] == UInt8(ascii: ".") {
            index += 1
            let places = Digits.read(text, &index, into: &mantissa)
            exponent = -places
            digits += places
        }
        guard digits > 0 else {
            return word(text, from: firstDigit, isNegative: isNegative, isSigned: firstDigit > start)
        }
        if index < count, text[index] | 0x20 == UInt8(ascii: "e") {
            guard let power = power(text, &index) else { return nil }
            exponent += power
        }
        if digits <= 19, let magnitude = magnitude(mantissa, exponent) {
            return (isNegative ? -magnitude : magnitude, index)
        }
        return Double(SeriesScanner.string(text, start..<index)).map { ($0, index) }
    }

    /// The exponent behind an `e`; nil where no digit follows. Beyond 9,999 the digits no longer matter.
    private static func power(_ text: Span<UInt8>, _ index: inout Int) -> Int? {
        index += 1
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var power = 0
        while index < text.count, text[index].isDigit {
            if power < 10_000 { power = power * 10 + Int(text[index] - UInt8(ascii: "0")) }
            index += 1
        }
        guard index > start else { return nil }
        return isNegative ? -power : power
    }

    /// `mantissa` x 10^`exponent`, nil where neither fast path is sure of the last bit.
    @inline(__always)
    private static func magnitude(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa < 1 << 53, -22...22 ~= exponent {
            let exact = Double(mantissa)
            return exponent < 0
                ? exact / PowersOfFive.exactTens[-exponent] : exact * PowersOfFive.exactTens[exponent]
        }
        guard mantissa != 0 else { return 0 }
        guard PowersOfFive.smallest...PowersOfFive.largest ~= exponent else { return nil }
        return lemire(mantissa, exponent)
    }

    private static func lemire(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        let shift = mantissa.leadingZeroBitCount
        let normalised = mantissa << UInt64(shift)
        let row = 2 * (exponent - PowersOfFive.smallest)
        var (high, low) = normalised.multipliedFullWidth(by: PowersOfFive.words[row])
        if high & 0x1ff == 0x1ff {
            let correction = normalised.multipliedFullWidth(by: PowersOfFive.words[row + 1]).high
            let (sum, carried) = low.addingReportingOverflow(correction)
            low = sum
            if carried { high &+= 1 }
        }
        if low == .max, !(-27...55 ~= exponent) { return nil }
        let upperBit = high >> 63
        let cut = upperBit + 9
        var fraction = high >> cut
        var power = (217_706 * exponent) >> 16 + 63 + Int(upperBit) - shift + 1023
        // Exactly half way: only there the even neighbour must be chosen by hand.
        if low <= 1, -4...23 ~= exponent, fraction & 3 == 1, fraction << cut == high { fraction &= ~1 }
        fraction += fraction & 1
        fraction >>= 1
        if fraction >= 2 << 52 {
            fraction = 1 << 52
            power += 1
        }
        return Double(bitPattern: (fraction & ~(1 << 52)) | UInt64(power) << 52)
    }

    /// NaN, Inf and Infinity in any case.
    private static func word(
        _ text: Span<UInt8>, from start: Int, isNegative: Bool, isSigned: Bool
    ) -> (value: Double, end: Int)? {
        guard text.count - start >= 3 else { return nil }
        let (a, b, c) = (text[start], text[start + 1], text[start + 2])
        switch (UInt32(a) << 16 | UInt32(b) << 8 | UInt32(c)) | 0x20_2020 {
        case 0x6e_616e: return isSigned ? nil : (Marker.notANumber, start + 3)
        case 0x69_6e66: break
        default: return nil
        }
        var end = start + 3
        for byte in "inity".utf8 {
            guard end < text.count, text[end] | 0x20 == byte else {
                end = start + 3
                break
            }
            end += 1
        }
        return (isNegative ? -.infinity : .infinity, end)
    }
}
