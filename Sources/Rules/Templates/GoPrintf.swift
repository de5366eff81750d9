/// Go's `fmt.Sprintf` for the types of templates. What does not fit is written into the text as Go does
/// (`%!d(string=x)`), never an error.
struct GoPrintf {
    private struct Specification {
        var minus = false, plus = false, space = false, zero = false, sharp = false
        var width = 0
        var precision: Int?
    }

    /// Widths and precisions above this are cut, so that a template cannot ask for a gigabyte.
    private static let maxWidth = 1000

    static func format(_ format: String, _ arguments: [TemplateValue]) -> String {
        var result = ""
        var rest = Substring(format)
        var used = 0
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            let specification = takeSpecification(&rest)
            guard let verb = rest.popFirst() else { return result + "%!(NOVERB)" }
            if verb == "%" {
                result += "%"
            } else if used < arguments.count {
                result += pad(text(arguments[used], verb, specification), specification)
                used += 1
            } else {
                result += "%!\(verb)(MISSING)"
            }
        }
        result += rest
        if used < arguments.count {
            let extra = arguments[used...].map { "\($0.typeName)=\($0.text)" }.joined(separator: ", ")
            result += "%!(EXTRA \(extra))"
        }
        return result
    }

    private static func takeSpecification(_ rest: inout Substring) -> Specification {
        var result = Specification()
        flags: while let flag = rest.first {
            switch flag {
            case "-": result.minus = true
            case "+": result.plus = true
            case " ": result.space = true
            case "0": result.zero = true
            case "#": result.sharp = true
            default: break flags
            }
            rest.removeFirst()
        }
        result.width = takeNumber(&rest) ?? 0
        if rest.first == "." {
            rest.removeFirst()
            result.precision = takeNumber(&rest) ?? 0
        }
        return result
    }

    private static func takeNumber(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest[digits.endIndex...]
        return digits.isEmpty ? nil : min(Int(digits) ?? maxWidth, maxWidth)
    }

    private static func text(
        _ value: TemplateValue, _ verb: Character, _ specification: Specification
    ) -> String {
        switch (verb, value) {
        case ("T", _): return value.typeName
        case ("v", .float), ("g", .float), ("G", .float), ("e", .float), ("E", .float), ("f", .float),
            ("F", .float):
            guard case .float(let number) = value else { return "" }
            return signed(float(number, verb, specification), specification)
        case ("v", .integer(let number)), ("d", .integer(let number)):
            return signed(String(number), specification)
        case ("x", .integer(let number)): return (specification.sharp ? "0x" : "") + String(number, radix: 16)
        case ("X", .integer(let number)):
            return (specification.sharp ? "0X" : "") + String(number, radix: 16, uppercase: true)
        case ("o", .integer(let number)): return String(number, radix: 8)
        case ("b", .integer(let number)): return String(number, radix: 2)
        case ("c", .integer(let number)):
            return UInt32(exactly: number).flatMap(Unicode.Scalar.init).map { String($0) } ?? "\u{fffd}"
        case ("t", .bool): return value.text
        case ("s", .string(let text)), ("v", .string(let text)): return cut(text, specification)
        case ("q", .string(let text)): return quoted(cut(text, specification))
        case ("x", .string(let text)), ("X", .string(let text)):
            return text.utf8.map { hexadecimal($0, uppercase: verb == "X") }.joined()
        case ("s", .labels), ("s", .map), ("s", .list), ("s", .record), ("v", _): return value.text
        case (_, .none): return "%!\(verb)(<nil>)"
        default: return "%!\(verb)(\(value.typeName)=\(value.text))"
        }
    }

    private static func float(
        _ number: Double, _ verb: Character, _ specification: Specification
    ) -> String {
        switch verb {
        case "e", "f": GoNumber.format(number, verb: verb, precision: specification.precision ?? 6)
        case "E": GoNumber.format(number, verb: "e", precision: specification.precision ?? 6).uppercased()
        case "F": GoNumber.format(number, verb: "f", precision: specification.precision ?? 6)
        default:
            specification.precision.map { GoNumber.format(number, verb: "g", precision: $0) }
                ?? GoNumber.shortest(number)
        }
    }

    private static func signed(_ text: String, _ specification: Specification) -> String {
        if text.hasPrefix("+"), !specification.plus { return text }
        guard !text.hasPrefix("-"), !text.hasPrefix("+") else { return text }
        return specification.plus ? "+" + text : specification.space ? " " + text : text
    }

    private static func cut(_ text: String, _ specification: Specification) -> String {
        specification.precision.map { String(String.UnicodeScalarView(text.unicodeScalars.prefix($0))) }
            ?? text
    }

    private static func hexadecimal(_ byte: UInt8, uppercase: Bool) -> String {
        let digits = String(byte, radix: 16, uppercase: uppercase)
        return digits.count < 2 ? "0" + digits : digits
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                result += "\\x" + hexadecimal(UInt8(scalar.value), uppercase: false)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func pad(_ text: String, _ specification: Specification) -> String {
        let missing = specification.width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        if specification.minus { return text + String(repeating: " ", count: missing) }
        guard specification.zero, let first = text.first else {
            return String(repeating: " ", count: missing) + text
        }
        let zeros = String(repeating: "0", count: missing)
        return first == "-" || first == "+" ? "\(first)\(zeros)\(text.dropFirst())" : zeros + text
    }
}
