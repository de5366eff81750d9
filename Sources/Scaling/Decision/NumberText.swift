import TimeSeries

extension SignalPolicy.Unit {
    /// A number for people, in four significant digits, with its unit. Built from integers: the same text
    /// everywhere.
    package func text(_ value: Double) -> String {
        switch self {
        case .plain: Self.rounded(value)
        case .share: Self.rounded(value * 100) + "%"
        case .seconds where abs(value) < 1: Self.rounded(value * 1000) + "ms"
        case .seconds: Self.rounded(value) + "s"
        case .bytes: Self.bytes(value)
        }
    }

    private static func bytes(_ value: Double) -> String {
        var rest = value
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if abs(rest) < 1024 { return rounded(rest) + unit }
            rest /= 1024
        }
        return rounded(rest) + "PiB"
    }

    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale: Int64 = 1
        while scale < 1_000_000, abs(value) * Double(scale) < 999.95, value != 0 { scale *= 10 }
        guard let scaled = Int64(clamping: abs(value) * Double(scale)) else { return "\(value)" }
        let sign = value < 0 && scaled != 0 ? "-" : ""
        let whole = scaled / scale
        var fraction = scaled % scale
        guard fraction != 0 else { return sign + "\(whole)" }
        var digits = ""
        var position = scale
        while fraction != 0 {
            position /= 10
            digits += "\(fraction / position)"
            fraction %= position
        }
        return sign + "\(whole).\(digits)"
    }
}
