/// Go's escapes in quoted strings.
enum StringSyntax {
    /// The bytes that the content of a quoted string stands for; nil for an escape that Go does not know.
    static func unescape(_ content: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\") else {
                result.append(content[index])
                index += 1
                continue
            }
            guard index + 1 < content.count else { return nil }
            let kind = content[index + 1]
            index += 2
            if let simple = simpleEscapes[kind] {
                result.append(simple)
                continue
            }
            guard let (length, radix, isScalar) = numericEscape(kind) else { return nil }
            if radix == 8 { index -= 1 }
            guard index + length <= content.count else { return nil }
            let digits = String(decoding: content[index..<index + length], as: UTF8.self)
            guard let number = UInt32(digits, radix: radix), !digits.hasPrefix("+") else { return nil }
            index += length
            if isScalar {
                guard let scalar = Unicode.Scalar(number) else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            } else {
                guard let byte = UInt8(exactly: number) else { return nil }
                result.append(byte)
            }
        }
        return result
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
        UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): 92,
        UInt8(ascii: "'"): 39, UInt8(ascii: "\""): 34,
    ]

    private static func numericEscape(_ kind: UInt8) -> (length: Int, radix: Int, isScalar: Bool)? {
        switch kind {
        case UInt8(ascii: "x"): (2, 16, false)
        case UInt8(ascii: "u"): (4, 16, true)
        case UInt8(ascii: "U"): (8, 16, true)
        case UInt8(ascii: "0")...UInt8(ascii: "7"): (3, 8, false)
        default: nil
        }
    }

    /// In double quotes as Go's `%q` writes bytes that need not be UTF-8.
    static func quoted(_ bytes: [UInt8]) -> String {
        var result = "\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): result += "\\\""
            case UInt8(ascii: "\\"): result += "\\\\"
            case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result + "\""
    }
}
