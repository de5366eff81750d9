import Glibc

/// Numbers as Go's fmt and strconv write and read them. Alone in calling vsnprintf: the buffer's length is passed with
/// it, the format is made here and takes exactly one double.
enum GoNumber {
    /// `%g` with the fewest digits that identify the number: 0.1, 1e+06, +Inf, NaN.
    static func shortest(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        var (digits, exponent) = decimal(value)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 6 { return sign + scientific(digits, exponent) }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 {
            digits += String(repeating: "0", count: exponent + 1 - digits.count)
            return sign + digits
        }
        let point = digits.index(digits.startIndex, offsetBy: exponent + 1)
        return sign + digits[..<point] + "." + digits[point...]
    }

    /// With `%e`, `%f` or `%g` and a precision.
    static func format(_ value: Double, verb: Character, precision: Int) -> String {
        if let special = special(value) { return special }
        let format = "%.\(min(max(0, precision), 300))\(verb)"
        var buffer = [CChar](repeating: 0, count: 700)
        let length = unsafe withVaList([value]) { unsafe vsnprintf(&buffer, buffer.count, format, $0) }
        let bytes = buffer.prefix(min(Int(length), buffer.count - 1)).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func parse(_ text: String) -> Double? {
        switch text.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": .infinity
        case "-inf", "-infinity": -.infinity
        case "nan": .nan
        default: text.utf8.first.map { $0 > 0x20 } == true ? Double(text) : nil
        }
    }

    private static func special(_ value: Double) -> String? {
        value.isNaN ? "NaN" : value == .infinity ? "+Inf" : value == -.infinity ? "-Inf" : nil
    }

    /// The shortest digits and the power of ten of the first of them.
    private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
        let parts = "\(abs(value))".split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let all = whole + fraction
        let leading = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leading))
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        return (digits, power + whole.count - 1 - leading)
    }

    private static func scientific(_ digits: String, _ exponent: Int) -> String {
        let rest = digits.dropFirst()
        let size = abs(exponent)
        return digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + (exponent < 0 ? "e-" : "e+")
            + (size < 10 ? "0" : "") + String(size)
    }
}
