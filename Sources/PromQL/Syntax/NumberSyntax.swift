import TimeSeries

extension Lexer {
    static func isHexadecimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count >= 2 && bytes.first == UInt8(ascii: "0")
            && bytes[bytes.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    }

    /// The value of a number as Go reads it: decimal, `0x` hexadecimal, octal after a leading `0`, underscores
    /// between digits. Nil for anything else, durations included.
    static func number(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, areUnderscoresBetweenDigits(bytes) else { return nil }
        let digits = text.filter { $0 != "_" }
        if isHexadecimal(bytes[...]) {
            return UInt64(digits.dropFirst(2), radix: 16).map { Double($0) }
        }
        let isInteger = digits.utf8.allSatisfy(isDigit)
        if isInteger, digits.utf8.count > 1, digits.first == "0", let octal = UInt64(digits, radix: 8) {
            return Double(octal)
        }
        let allowed = digits.utf8.allSatisfy {
            isDigit($0) || $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e")
                || $0 == UInt8(ascii: "+")
                || $0 == UInt8(ascii: "-")
        }
        guard allowed else { return nil }
        // Swift, unlike Go, wants digits on both sides of the point.
        var parts = digits.lowercased().split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        if parts[0].first == "." { parts[0] = "0" + parts[0] }
        if parts[0].last == "." { parts[0] = parts[0].dropLast() }
        return Double(parts.joined(separator: "e"))
    }

    private static func areUnderscoresBetweenDigits(_ bytes: [UInt8]) -> Bool {
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            let before = index > 0 ? bytes[index - 1] : 0
            let after = index + 1 < bytes.count ? bytes[index + 1] : 0
            let followsPrefix = index == 2 && isHexadecimal(bytes[...])
            guard isHexDigit(before) || followsPrefix, isHexDigit(after) else { return false }
        }
        return true
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
    }
}

/// Numbers as Go's `strconv` writes them.
package enum NumberSyntax {
    /// Go's `%v`: shortest digits that read back, an exponent below 1e-4 and from 1e21.
    package static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, exponent) = decimal(value)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 21 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
            return sign + digits.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + size
        }
        return sign + plain(digits, exponent)
    }

    /// Go's `strconv.FormatFloat(value, 'f', -1, 64)`, without exponent, as the HTTP API writes samples.
    package static func plainText(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, exponent) = decimal(value)
        return (value < 0 ? "-" : "") + plain(digits, exponent)
    }

    /// The shortest digits and the exponent of the first: 12.5 is ("125", 1).
    private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var digits = String(mantissa[0] + (mantissa.count > 1 ? mantissa[1] : ""))
        var exponent = mantissa[0].count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.first == "0", digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }

    private static func plain(_ digits: String, _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 {
            return digits + String(repeating: "0", count: exponent + 1 - digits.count)
        }
        return digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
}
