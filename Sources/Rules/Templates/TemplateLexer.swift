/// Splits a template into tokens. The delimiters are `{{` and `}}`, with `-` to trim white space beside them.
struct TemplateLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var position = TemplatePosition()
    private var tokens: [TemplateToken] = []

    static func tokens(of text: String) throws(TemplateError) -> [TemplateToken] {
        var lexer = TemplateLexer(scalars: Array(text.unicodeScalars))
        try lexer.run()
        return lexer.tokens
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private mutating func run() throws(TemplateError) {
        var trimsLeft = false
        while index < scalars.count {
            let start = position
            var text = takeText()
            let opens = index < scalars.count
            if trimsLeft { text = String(text.drop(while: \.isWhitespace)) }
            trimsLeft = false
            let trimsRight = opens && starts("{{-") && isSpace(at: index + 3)
            if trimsRight { while text.last?.isWhitespace == true { text.removeLast() } }
            if !text.isEmpty { tokens.append(TemplateToken(kind: .text(text), position: start)) }
            guard opens else { break }
            let open = position
            advance(trimsRight ? 3 : 2)
            if let afterComment = try skipComment(open) {
                trimsLeft = afterComment
            } else {
                tokens.append(TemplateToken(kind: .open, position: open))
                trimsLeft = try action(open)
            }
        }
        tokens.append(TemplateToken(kind: .end, position: position))
    }

    private mutating func takeText() -> String {
        var text = String.UnicodeScalarView()
        while index < scalars.count, !starts("{{") {
            text.append(scalars[index])
            advance(1)
        }
        return String(text)
    }

    /// Skips `/* ... */}}`; returns whether white space behind it goes too, or nil where there is no comment.
    private mutating func skipComment(_ open: TemplatePosition) throws(TemplateError) -> Bool? {
        var ahead = index
        while ahead < scalars.count, isSpace(at: ahead) { ahead += 1 }
        guard starts("/*", at: ahead) else { return nil }
        advance(ahead - index)
        while index < scalars.count, !starts("*/") { advance(1) }
        guard index < scalars.count else { throw open.error("comment without */") }
        advance(2)
        let spaced = isSpace(at: index)
        while isSpace(at: index) { advance(1) }
        if spaced, starts("-}}") {
            advance(3)
            return true
        }
        guard starts("}}") else { throw position.error("a comment must be followed by }}") }
        advance(2)
        return false
    }

    /// The tokens up to and with `}}`; returns whether white space behind it goes too.
    private mutating func action(_ open: TemplatePosition) throws(TemplateError) -> Bool {
        var depth = 0
        while true {
            let isSpaced = isSpace(at: index)
            while isSpace(at: index) { advance(1) }
            let start = position
            guard index < scalars.count else { throw open.error("unclosed action: {{ without }}") }
            let trims = isSpaced && starts("-}}")
            if trims || starts("}}") {
                guard depth == 0 else { throw start.error("unclosed left parenthesis") }
                tokens.append(TemplateToken(kind: .close, position: start, isSpaced: isSpaced))
                advance(trims ? 3 : 2)
                return trims
            }
            let kind = try token(start)
            if kind == .leftParenthesis { depth += 1 }
            if kind == .rightParenthesis {
                depth -= 1
                guard depth >= 0 else { throw start.error("unexpected right parenthesis") }
            }
            tokens.append(TemplateToken(kind: kind, position: start, isSpaced: isSpaced))
        }
    }

    private mutating func token(_ start: TemplatePosition) throws(TemplateError) -> TemplateToken.Kind {
        let first = scalars[index]
        switch first {
        case "|": return take(.pipe)
        case "(": return take(.leftParenthesis)
        case ")": return take(.rightParenthesis)
        case ",": return take(.comma)
        case "=": return take(.assign)
        case ":":
            guard starts(":=") else { throw start.error("expected :=") }
            return take(.declare, length: 2)
        case "\"", "`", "'": return try quoted(first, start)
        case "$":
            advance(1)
            return .variable("$" + takeName())
        case "." where !isDigit(at: index + 1):
            advance(1)
            let name = takeName()
            return name.isEmpty ? .dot : .field(name)
        case _ where isNumberStart(): return try number(start)
        case _ where isNameScalar(first): return .identifier(takeName())
        default: throw start.error("unexpected character \"\(first)\" in an action")
        }
    }

    private mutating func take(_ kind: TemplateToken.Kind, length: Int = 1) -> TemplateToken.Kind {
        advance(length)
        return kind
    }

    private mutating func takeName() -> String {
        var name = String.UnicodeScalarView()
        while index < scalars.count, isNameScalar(scalars[index]) {
            name.append(scalars[index])
            advance(1)
        }
        return String(name)
    }

    private mutating func number(_ start: TemplatePosition) throws(TemplateError) -> TemplateToken.Kind {
        var text = ""
        while index < scalars.count, isNumberScalar(after: text) {
            text.unicodeScalars.append(scalars[index])
            advance(1)
        }
        let plain = text.replacing("_", with: "")
        let unsigned = plain.hasPrefix("-") || plain.hasPrefix("+") ? String(plain.dropFirst()) : plain
        let sign: Int64 = plain.hasPrefix("-") ? -1 : 1
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)] where unsigned.hasPrefix(prefix)
        {
            guard let value = Int64(unsigned.dropFirst(2), radix: radix) else { break }
            return .integer(sign * value)
        }
        if let value = Int64(plain) { return .integer(value) }
        if let value = Double(plain), value.isFinite { return .float(value) }
        throw start.error("bad number \"\(text)\"")
    }

    private func isNumberScalar(after text: String) -> Bool {
        let scalar = scalars[index]
        if scalar == "+" || scalar == "-" {
            let isHexadecimal = text.contains("x") || text.contains("X")
            return text.isEmpty || (!isHexadecimal && (text.last == "e" || text.last == "E"))
        }
        return scalar == "." || isNameScalar(scalar)
    }

    private mutating func quoted(
        _ quote: Unicode.Scalar, _ start: TemplatePosition
    ) throws(TemplateError) -> TemplateToken.Kind {
        advance(1)
        var raw = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != quote {
            guard quote == "`" || scalars[index] != "\n" else { break }
            if quote != "`", scalars[index] == "\\", index + 1 < scalars.count {
                raw.append(scalars[index])
                advance(1)
            }
            raw.append(scalars[index])
            advance(1)
        }
        guard index < scalars.count, scalars[index] == quote else { throw start.error("unterminated string") }
        advance(1)
        if quote == "`" { return .string(String(raw)) }
        guard let text = GoEscapes.decode(raw) else { throw start.error("unknown escape in a string") }
        guard quote == "'" else { return .string(text) }
        guard let only = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
            throw start.error("a character constant holds one character")
        }
        return .integer(Int64(only.value))
    }

    private mutating func advance(_ count: Int) {
        for _ in 0..<count where index < scalars.count {
            position =
                scalars[index] == "\n"
                ? TemplatePosition(line: position.line + 1, column: 1)
                : TemplatePosition(line: position.line, column: position.column + 1)
            index += 1
        }
    }

    private func starts(_ text: String) -> Bool { starts(text, at: index) }

    private func starts(_ text: String, at index: Int) -> Bool {
        index <= scalars.count && scalars[index...].starts(with: text.unicodeScalars)
    }

    private func isSpace(at index: Int) -> Bool {
        guard index < scalars.count else { return false }
        return [" ", "\t", "\n", "\r"].contains(scalars[index])
    }

    private func isDigit(at index: Int) -> Bool {
        index < scalars.count && ("0"..."9").contains(scalars[index])
    }

    private func isNumberStart() -> Bool {
        switch scalars[index] {
        case "+", "-": isDigit(at: index + 1) || (index + 1 < scalars.count && scalars[index + 1] == ".")
        case ".": true
        default: isDigit(at: index)
        }
    }

    private func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
