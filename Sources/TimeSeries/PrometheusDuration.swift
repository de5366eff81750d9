extension Duration {
    /// Reads Prometheus' notation: `1h30m`, `15s`, `250ms`, `14d`, `0`. Units y, w, d, h, m, s, ms, each at most
    /// once and in this order. Nil for anything else.
    package init?(prometheus text: some StringProtocol) {
        if text == "0" {
            self = .zero
            return
        }
        let units: [(String, Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
            ("s", 1000), ("ms", 1),
        ]
        var rest = Substring(text)
        var total: Int64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let number = Int64(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { $0.isASCII && $0.isLetter }
            guard let unit = units[nextUnit...].firstIndex(where: { $0.0 == letters }) else { return nil }
            rest = rest[letters.endIndex...]
            nextUnit = unit + 1
            let (product, overflow) = number.multipliedReportingOverflow(by: units[unit].1)
            let (sum, carry) = total.addingReportingOverflow(product)
            guard !overflow, !carry else { return nil }
            total = sum
        }
        self = .milliseconds(total)
    }

    /// Prometheus' notation of a duration, `0s` for nothing; negative ones with a minus sign.
    package var prometheusText: String {
        var rest = milliseconds
        guard rest != 0 else { return "0s" }
        let sign = rest < 0 ? "-" : ""
        rest = abs(rest)
        var text = ""
        func take(_ unit: String, _ size: Int64, exact: Bool) {
            if exact, rest % size != 0 { return }
            if rest / size > 0 {
                text += "\(rest / size)\(unit)"
                rest %= size
            }
        }
        take("y", 31_536_000_000, exact: true)
        take("w", 604_800_000, exact: true)
        take("d", 86_400_000, exact: false)
        take("h", 3_600_000, exact: false)
        take("m", 60_000, exact: false)
        take("s", 1000, exact: false)
        take("ms", 1, exact: false)
        return sign + text
    }
}
