import TimeSeries

/// Reads numbers as expositions write them; the result is the one nearest to the text, bit for bit.
///
/// Short decimals take Clinger's path (one exact multiplication), longer ones Eisel and Lemire's (one 128-bit product),
/// the few beyond their range the standard library's.
package enum DecimalNumber {
    /// The number at `position`, which moves behind it; nil where there is none. The caller checks what follows.
    /// "NaN" is `Marker.notANumber` whatever its case; hexadecimal numbers and digit separators are refused.
    package static func parse(_ text: Span<UInt8>, _ position: inout Int) -> Double? {
        let start = position
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
        while index < count, text[index].isDigit {
            mantissa = mantissa &* 10 &+ UInt64(text[index] &- UInt8(ascii: "0"))
            index += 1
        }
        var digits = index - firstDigit
        var exponent = 0
        if index < count, text[index] == UInt8(ascii: ".") {
            index += 1
            let fraction = index
            while index < count, text[index].isDigit {
                mantissa = mantissa &* 10 &+ UInt64(text[index] &- UInt8(ascii: "0"))
                index += 1
            }
            exponent = fraction - index
            digits += index - fraction
        }
        guard digits > 0 else { return word(text, &position, from: firstDigit, isNegative: isNegative) }
        if index < count, text[index] | 0x20 == UInt8(ascii: "e") {
            guard let power = power(text, &index) else { return nil }
            exponent += power
        }
        position = index
        if digits <= 19 {
            if let magnitude = magnitude(mantissa, exponent) { return isNegative ? -magnitude : magnitude }
        }
        return Double(SeriesScanner.string(text, start..<index))
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
        _ text: Span<UInt8>, _ position: inout Int, from start: Int, isNegative: Bool
    ) -> Double? {
        func reads(_ word: String) -> Bool {
            var index = start
            for byte in word.utf8 {
                guard index < text.count, text[index] | 0x20 == byte else { return false }
                index += 1
            }
            return true
        }
        if reads("nan"), start == position {
            position = start + 3
            return Marker.notANumber
        }
        guard reads("inf") else { return nil }
        position = start + (reads("infinity") ? 8 : 3)
        return isNegative ? -.infinity : .infinity
    }
}
