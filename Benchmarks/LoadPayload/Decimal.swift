/// A value that moves, as an integer of its last digit: exact, and cheap to write.
struct Decimal {
    var digits: Int64
    /// The value is `digits` / 10^`places`.
    var places: Int

    /// Reads a plain or scientific number; nil for NaN, infinities and what needs more than 17 digits.
    init?(_ text: Substring) {
        let parts = text.split(separator: "e", maxSplits: 1)
        let exponent = parts.count > 1 ? Int(parts[1]) : 0
        let halves = parts.first?.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        guard let whole = halves.first, let exponent else { return nil }
        let fraction = halves.count > 1 ? halves[1] : ""
        guard var digits = Int64(whole + fraction), (whole + fraction).count <= 17 else { return nil }
        var places = fraction.count - exponent
        while places < 0 {
            guard digits.magnitude < 1 << 58 else { return nil }
            digits *= 10
            places += 1
        }
        guard places <= 12 else { return nil }
        self.digits = digits
        self.places = places
    }

    /// Appends the number as Go's client library writes it: scientific from a million on and below 0.0001.
    func write(to bytes: inout [UInt8]) {
        guard digits != 0 else { return bytes.append(UInt8(ascii: "0")) }
        if digits < 0 { bytes.append(UInt8(ascii: "-")) }
        var (rest, places) = (digits.magnitude, places)
        while places > 0, rest % 10 == 0 { (rest, places) = (rest / 10, places - 1) }
        let start = bytes.count
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
        place(from: start, exponent: bytes.count - start - places - 1, in: &bytes)
    }

    /// Puts the point, or the exponent, into the digits behind `start`.
    private func place(from start: Int, exponent: Int, in bytes: inout [UInt8]) {
        let count = bytes.count - start
        let point = UInt8(ascii: ".")
        if exponent >= 6 || exponent < -4 {
            while bytes.count > start + 1, bytes[bytes.count - 1] == UInt8(ascii: "0") { bytes.removeLast() }
            if bytes.count > start + 1 { bytes.insert(point, at: start + 1) }
            bytes.append(contentsOf: exponent < 0 ? "e-".utf8 : "e+".utf8)
            bytes.append(UInt8(ascii: "0") + UInt8(exponent.magnitude / 10))
            bytes.append(UInt8(ascii: "0") + UInt8(exponent.magnitude % 10))
        } else if exponent < 0 {
            let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 1 - exponent)
            bytes.insert(contentsOf: zeros, at: start)
            bytes.insert(point, at: start + 1)
        } else if exponent + 1 < count {
            bytes.insert(point, at: start + exponent + 1)
        }
    }
}
