/// The escapes of Go's interpreted strings.
enum GoEscapes {
    /// The text behind the escapes; nil where one is unknown or malformed.
    static func decode(_ raw: String.UnicodeScalarView) -> String? {
        var bytes: [UInt8] = []
        var rest = Substring.UnicodeScalarView(raw)
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                bytes += Array(String(scalar).utf8)
                continue
            }
            guard let letter = rest.popFirst(), append(letter, &rest, to: &bytes) else { return nil }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(
        _ letter: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView, to bytes: inout [UInt8]
    ) -> Bool {
        let simple: [Unicode.Scalar: UInt8] = [
            "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 0x5c, "'": 0x27, "\"": 0x22,
        ]
        if let byte = simple[letter] {
            bytes.append(byte)
            return true
        }
        func number(_ count: Int, radix: Int) -> UInt32? {
            let digits = String(rest.prefix(count))
            guard digits.unicodeScalars.count == count else { return nil }
            rest = rest.dropFirst(count)
            return UInt32(digits, radix: radix)
        }
        switch letter {
        case "x":
            guard let value = number(2, radix: 16) else { return false }
            bytes.append(UInt8(truncatingIfNeeded: value))
        case "u", "U":
            guard let value = number(letter == "u" ? 4 : 8, radix: 16), let scalar = Unicode.Scalar(value)
            else { return false }
            bytes += Array(String(scalar).utf8)
        case "0"..."7":
            guard let low = number(2, radix: 8), let high = UInt32(String(letter)), high < 4 else {
                return false
            }
            bytes.append(UInt8(truncatingIfNeeded: high << 6 | low))
        default: return false
        }
        return true
    }
}
