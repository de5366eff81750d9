/// Writes JSON straight into bytes: no tree, no reflection. Numbers and escapes as Prometheus' API writes them.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        try body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        try body(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// The elements that another writer has written.
    package mutating func elements(of other: JSONWriter) {
        guard !other.bytes.isEmpty else { return }
        separate()
        bytes += other.bytes
        needsComma = true
    }

    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        let utf8 = text.utf8Span.span
        if utf8.isPlainASCII || JSONWriter.isPlain(utf8) {
            return element(room: utf8.count + 2) { bytes in
                bytes.append(UInt8(ascii: "\""))
                bytes.append(copying: utf8)
                bytes.append(UInt8(ascii: "\""))
            }
        }
        separate()
        bytes.append(UInt8(ascii: "\""))
        for index in utf8.indices { escape(utf8[index]) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Whether there is nothing to escape.
    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x22 || byte == 0x5c { return false }
        }
        return true
    }

    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    package mutating func null() { literal("null") }

    package mutating func integer(_ value: some BinaryInteger) {
        guard let value = Int64(exactly: value) else { return literal(String(value)) }
        separate()
        append(value)
        needsComma = true
    }

    /// Thousandths as a number, with three decimals where they are not whole: `1435781430.781`.
    package mutating func thousandths(_ value: Int64) {
        element(room: JSONWriter.thousandthsRoom) { JSONWriter.append(thousandths: value, to: &$0) }
    }

    /// The most bytes of a number of thousandths.
    package static let thousandthsRoom = 24

    package static func append(thousandths value: Int64, to bytes: inout OutputSpan<UInt8>) {
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1000)
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(whole, to: &bytes)
        guard rest > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        bytes.append(48 &+ UInt8(truncatingIfNeeded: rest / 100))
        bytes.append(48 &+ UInt8(truncatingIfNeeded: rest / 10 % 10))
        bytes.append(48 &+ UInt8(truncatingIfNeeded: rest % 10))
    }

    /// Text given as a part of bytes that are UTF-8.
    package mutating func string(_ text: Span<UInt8>, _ range: Range<Int>) {
        let part = text.extracting(range)
        guard part.isPlainASCII else {
            var copy: [UInt8] = []
            for index in part.indices { copy.append(part[index]) }
            return string(String(decoding: copy, as: UTF8.self))
        }
        element(room: part.count + 2) { bytes in
            bytes.append(UInt8(ascii: "\""))
            bytes.append(copying: part)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    package mutating func key(_ text: Span<UInt8>, _ range: Range<Int>) {
        string(text, range)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// An element that `write` writes itself, into room for so many bytes.
    package mutating func element(room: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        separate()
        bytes.append(addingCapacity: room, initializingWith: write)
        needsComma = true
    }

    private mutating func append(_ value: Int64) {
        bytes.append(addingCapacity: 20) { JSONWriter.append(value, to: &$0) }
    }

    private mutating func append(_ value: UInt64) {
        bytes.append(addingCapacity: 20) { JSONWriter.append(value, to: &$0) }
    }

    /// The digits of a number, at most 20.
    package static func append(_ value: UInt64, to bytes: inout OutputSpan<UInt8>) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = value
        // Two digits a division, since each waits for the one before.
        while rest >= 10 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            first &-= 2
            let tens = UInt8(truncatingIfNeeded: pair) / 10
            digits[first] = 48 &+ tens
            digits[first &+ 1] = 48 &+ (UInt8(truncatingIfNeeded: pair) &- 10 &* tens)
            rest = quotient
        }
        if rest > 0 || first == 20 {
            first &-= 1
            digits[first] = 48 &+ UInt8(truncatingIfNeeded: rest)
        }
        bytes.append(copying: digits.span.extracting(first..<20))
    }

    package static func append(_ value: Int64, to bytes: inout OutputSpan<UInt8>) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(value.magnitude, to: &bytes)
    }

    /// A JSON number in its shortest exact form; null for NaN and infinities, which JSON lacks.
    package mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        if value == value.rounded(.towardZero), abs(value) < 1e15 {
            literal(String(Int64(value)))
        } else {
            literal("\(value)")
        }
    }

    /// Text that already is JSON.
    package mutating func literal(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
        needsComma = true
    }

    /// Bytes that already are JSON.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    package mutating func field(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    package mutating func field(_ name: String, _ value: Int) {
        key(name)
        integer(value)
    }

    package mutating func field(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case UInt8(ascii: "\r"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
        case UInt8(ascii: "\t"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: bytes.append(byte)
        }
    }
}
