extension Double {
    /// The shortest text that reads back as the same number, as Prometheus' client libraries write it (Go's `%g`
    /// with the shortest precision): `0.005`, `123456`, `1.234567e+06`, `+Inf`, `NaN`.
    package var expositionText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
        if self == 0 { return sign == .minus ? "-0" : "0" }
        var (digits, exponent) = Double.shortestDigits(magnitude)
        let sign = self < 0 ? "-" : ""
        // Go's bounds of the plain form: at least 1e-4 and less than 1e6.
        if exponent < -3 || exponent > 6 {
            let power = exponent - 1
            let head = String(digits.removeFirst())
            let tail = digits.isEmpty ? "" : "." + digits
            let size = String(power.magnitude)
            return sign + head + tail + (power < 0 ? "e-" : "e+") + (size.count < 2 ? "0" + size : size)
        }
        if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
        if exponent >= digits.count {
            return sign + digits + String(repeating: "0", count: exponent - digits.count)
        }
        return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
    }

    /// The significant digits without zeros at either end, and where the point stands: 0.`digits` x 10^`exponent`.
    private static func shortestDigits(_ value: Double) -> (digits: String, exponent: Int) {
        let text = value.description
        let parts = text.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        let written = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let all = String(mantissa[0] + fraction)
        let leading = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leading)
        while digits.last == "0" { digits = digits.dropLast() }
        return (String(digits), mantissa[0].count - leading + written)
    }
}
