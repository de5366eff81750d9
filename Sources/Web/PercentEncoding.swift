/// Percent-encoded text of URLs and forms (RFC 3986, WHATWG URL).
package enum PercentEncoding {
    /// The decoded text, or nil for a broken escape or bytes that are not UTF-8.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        decode(String(text).utf8Span.span, plusIsSpace: plusIsSpace)
    }

    /// The pairs of `a=1&b=2`, in order.
    /// - Throws: `WebError` 400 for a broken escape.
    package static func pairs(_ text: String) throws(WebError) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        let bytes = text.utf8Span.span
        var start = 0
        while start < bytes.count {
            let end = find("&", in: bytes, from: start, to: bytes.count)
            defer { start = end + 1 }
            guard end > start else { continue }
            let equals = find("=", in: bytes, from: start, to: end)
            guard let name = decode(bytes.extracting(start..<equals), plusIsSpace: true),
                let value = decode(bytes.extracting(min(equals + 1, end)..<end), plusIsSpace: true)
            else {
                let part = String(text.utf8.dropFirst(start).prefix(end - start)) ?? ""
                throw .badRequest("broken escape in the parameter \"\(part.prefix(100))\"")
            }
            pairs.append((name: name, value: value))
        }
        return pairs
    }

    private static func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                    let low = digit(bytes[index + 2])
                else { return nil }
                decoded.append(high << 4 | low)
                index += 2
            case UInt8(ascii: "+") where plusIsSpace: decoded.append(UInt8(ascii: " "))
            case let byte: decoded.append(byte)
            }
            index += 1
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// The place of a character, or `end` where there is none.
    private static func find(
        _ character: Unicode.Scalar, in bytes: Span<UInt8>, from start: Int, to end: Int
    ) -> Int {
        let wanted = UInt8(ascii: character)
        var index = start
        while index < end, bytes[index] != wanted { index += 1 }
        return index
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
