import TimeSeries

/// A number with its unit, as policy files write it: `50`, `1.5`, `250ms`, `1m30s`, `5%`, `1GiB`.
struct Quantity: Hashable {
    /// In the base unit: 1, seconds, bytes.
    var value: Double
    var unit: SignalPolicy.Unit

    static let expected = "a number such as 50, 60%, 250ms or 1GiB"

    private static let suffixes: [(String, SignalPolicy.Unit, Double)] = [
        ("%", .share, 0.01), ("ms", .seconds, 0.001), ("KiB", .bytes, 1024), ("MiB", .bytes, 1_048_576),
        ("GiB", .bytes, 1_073_741_824), ("TiB", .bytes, 1_099_511_627_776), ("B", .bytes, 1),
        ("s", .seconds, 1), ("m", .seconds, 60), ("h", .seconds, 3600),
    ]

    init?(_ text: String) {
        if let value = Self.decimal(text) {
            self = Quantity(value: value, unit: .plain)
        } else if let (suffix, unit, factor) = Self.suffixes.first(where: { text.hasSuffix($0.0) }),
            let value = Self.decimal(text.dropLast(suffix.count))
        {
            // Dividing keeps 5 % exactly 0.05; multiplying by 0.01 would not.
            let scaled =
                factor == 0.01 ? value / 100 : factor == 0.001 ? value / 1000 : value * factor
            self = Quantity(value: scaled, unit: unit)
        } else if let duration = Duration(prometheus: text) {
            self = Quantity(value: duration.inSeconds, unit: .seconds)
        } else {
            return nil
        }
    }

    private init(value: Double, unit: SignalPolicy.Unit) {
        self.value = value
        self.unit = unit
    }

    /// Digits with at most one point and a sign; no exponent, no hexadecimal, no "inf".
    private static func decimal(_ text: some StringProtocol) -> Double? {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            digits.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
            }), let value = Double(String(text)), value.isFinite
        else { return nil }
        return value
    }
}

extension VelocityLimit {
    static let expected =
        "\"none\", \"blocked\", a rate such as \"100% per 1m\" or \"4 per 1m\", or two rates joined by \"or\" "
        + "(whichever allows more) or \"and\" (whichever allows less), per up to 1d"

    /// Reads `none`, `blocked`, `100% per 1m`, `100% per 1m or 4 per 1m`, `50% per 1m and 10 per 1m`.
    init?(text: String) {
        switch text {
        case "none": self = .none
        case "blocked": self = .blocked
        default:
            let words = text.split(separator: " ")
            let joints = Set(words.filter { $0 == "or" || $0 == "and" })
            guard joints.count <= 1 else { return nil }
            let parts = words.split(omittingEmptySubsequences: false) { $0 == "or" || $0 == "and" }
            let rates = parts.compactMap { Rate(words: Array($0)) }
            guard rates.count == parts.count, !rates.isEmpty else { return nil }
            self = joints.contains("and") ? .smallest(rates) : .largest(rates)
        }
    }
}

extension VelocityLimit.Rate {
    /// `4 per 1m`, `100% per 30s`.
    init?(words: [Substring]) {
        guard words.count == 3, words[1] == "per", let period = Duration(prometheus: words[2]),
            period > .zero, period <= .seconds(86_400), let amount = Quantity(String(words[0])),
            amount.value > 0
        else { return nil }
        switch amount.unit {
        case .share: self.init(.share(amount.value), per: period)
        case .plain:
            guard let count = Int(exactly: amount.value) else { return nil }
            self.init(.replicas(count), per: period)
        case .seconds, .bytes: return nil
        }
    }
}

extension SignalPolicy.Step {
    static let expected = "such as \"above 80%: +20%\", \"above 100: +2\" or \"below 20%: -1\""

    /// Reads `above 80%: +20%`; the unit is that of the bound.
    static func parse(_ text: String) -> (step: Self, unit: SignalPolicy.Unit)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let words = parts[0].split(separator: " ")
        let changeText = parts[1].drop { $0 == " " }
        guard words.count == 2, let bound = Quantity(String(words[1])),
            changeText.hasPrefix("+") || changeText.hasPrefix("-"),
            let amount = Quantity(String(changeText)), amount.value != 0
        else { return nil }
        let change: Change
        switch amount.unit {
        case .share: change = .share(amount.value)
        case .plain:
            guard let count = Int(exactly: amount.value) else { return nil }
            change = .replicas(count)
        case .seconds, .bytes: return nil
        }
        switch words[0] {
        case "above": return (Self(.above(bound.value), change), bound.unit)
        case "below": return (Self(.below(bound.value), change), bound.unit)
        default: return nil
        }
    }
}
