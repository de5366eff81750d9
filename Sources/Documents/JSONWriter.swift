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

    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 { escape(byte) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
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
        separate()
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1000)
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(whole)
        if rest > 0 {
            bytes.append(UInt8(ascii: "."))
            for unit: UInt64 in [100, 10, 1] { bytes.append(48 &+ UInt8(rest / unit % 10)) }
        }
        needsComma = true
    }

    /// A number in quotes, whole.
    package mutating func quoted(_ value: Int64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(value)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Text in quotes that has nothing to escape.
    package mutating func quoted(plain text: Substring.UTF8View) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Text given as UTF-8.
    package mutating func string(utf8 text: ArraySlice<UInt8>) {
        for byte in text where byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c {
            return string(String(decoding: text, as: UTF8.self))
        }
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func key(utf8 name: ArraySlice<UInt8>) {
        string(utf8: name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func append(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(value.magnitude)
    }

    private mutating func append(_ value: UInt64) {
        guard value >= 10 else { return bytes.append(48 &+ UInt8(value)) }
        var first = bytes.count
        var rest = value
        while rest > 0 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.append(48 &+ UInt8(digit))
            rest = quotient
        }
        var last = bytes.count - 1
        while first < last {
            bytes.swapAt(first, last)
            first += 1
            last -= 1
        }
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
