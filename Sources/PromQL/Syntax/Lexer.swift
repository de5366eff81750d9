import TimeSeries

/// Cuts a query into tokens. Comments run from `#` to the end of the line.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var lineStart = 0
    /// Inside `{}` and `[]` a colon is no part of a word.
    private var isInBraces = false
    private var isInBrackets = false
    private var openParentheses = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// All tokens of the text; the last one is `.end`.
    static func tokens(of text: String) throws(QueryError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    mutating func next() throws(QueryError) -> Token {
        skipSpace()
        guard position < bytes.count else { return try endOfInput() }
        let byte = bytes[position]
        if Lexer.isLetter(byte) || (byte == UInt8(ascii: ":") && !isInBrackets && !isInBraces) {
            return word()
        }
        if Lexer.isDigit(byte) { return try number() }
        if byte == UInt8(ascii: "."), position + 1 < bytes.count, Lexer.isDigit(bytes[position + 1]) {
            return try number()
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            return try string()
        }
        return try mark()
    }

    private func endOfInput() throws(QueryError) -> Token {
        if isInBraces { throw error("unexpected end of input inside braces", at: position) }
        if openParentheses > 0 { throw error("unclosed left parenthesis", at: position) }
        if isInBrackets { throw error("unclosed left bracket", at: position) }
        return Token(kind: .end, text: "", range: range(from: position, to: position))
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\n"):
                line += 1
                lineStart = position + 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "#"):
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
                continue
            default: return
            }
            position += 1
        }
    }

    private mutating func word() -> Token {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isColon = byte == UInt8(ascii: ":") && !isInBrackets && !isInBraces
            guard Lexer.isLetter(byte) || Lexer.isDigit(byte) || isColon else { break }
            position += 1
        }
        let text = text(start..<position)
        let range = range(from: start, to: position)
        switch text.lowercased() {
        case "inf" where !isInBraces:
            return Token(kind: .number(.infinity, isDuration: false), text: text, range: range)
        case "nan" where !isInBraces:
            return Token(kind: .number(Marker.notANumber, isDuration: false), text: text, range: range)
        default: return Token(kind: .word, text: text, range: range)
        }
    }

    private mutating func number() throws(QueryError) -> Token {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isExponentSign =
                (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && position > start
                && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
                && !Lexer.isHexadecimal(bytes[start..<position])
            guard Lexer.isLetter(byte) || Lexer.isDigit(byte) || byte == UInt8(ascii: ".") || isExponentSign
            else { break }
            position += 1
        }
        let text = text(start..<position)
        let range = range(from: start, to: position)
        if let value = Lexer.number(text) {
            return Token(kind: .number(value, isDuration: false), text: text, range: range)
        }
        if let duration = Duration(prometheus: text) {
            let seconds = Double(duration.milliseconds) / 1000
            return Token(kind: .number(seconds, isDuration: true), text: text, range: range)
        }
        throw error("bad number or duration syntax: \(Labels.quoted(text))", at: start)
    }

    private mutating func string() throws(QueryError) -> Token {
        let start = position
        let quote = bytes[position]
        position += 1
        while true {
            guard position < bytes.count else { throw error("unterminated quoted string", at: start) }
            let byte = bytes[position]
            if byte == quote { break }
            if byte == UInt8(ascii: "\n"), quote != UInt8(ascii: "`") {
                throw error("unterminated quoted string", at: start)
            }
            position += byte == UInt8(ascii: "\\") && quote != UInt8(ascii: "`") ? 2 : 1
        }
        let content = Array(bytes[start + 1..<position])
        position += 1
        let range = range(from: start, to: position)
        let lines = content.indices.filter { content[$0] == UInt8(ascii: "\n") }
        if let last = lines.last {
            line += lines.count
            lineStart = start + 1 + last + 1
        }
        guard let value = quote == UInt8(ascii: "`") ? content : StringSyntax.unescape(content) else {
            throw QueryError(
                .badData, "error unquoting string \(text(range.start..<range.end)): invalid syntax",
                line: range.line, column: range.column)
        }
        let text = String(validating: value, as: UTF8.self)
        return Token(
            kind: .string(
                text ?? String(decoding: value, as: UTF8.self), invalidBytes: text == nil ? value : nil),
            text: self.text(range.start..<range.end), range: range)
    }

    private mutating func mark() throws(QueryError) -> Token {
        let start = position
        let one = text(start..<start + 1)
        let two = start + 1 < bytes.count ? text(start..<start + 2) : one
        let mark: String
        if ["==", "!=", "=~", "!~", "<=", ">=", "</", ">/"].contains(two) {
            mark = two
        } else if "+-*/%^<>=,(){}[]@:".contains(one) {
            mark = one
        } else {
            throw error("unexpected character: '\(character(at: start))'", at: start)
        }
        try track(mark)
        position += mark.utf8.count
        return Token(kind: .mark, text: mark, range: range(from: start, to: position))
    }

    /// Keeps account of what is open.
    private mutating func track(_ mark: String) throws(QueryError) {
        switch mark {
        case "(": openParentheses += 1
        case ")":
            guard openParentheses > 0 else { throw error("unexpected right parenthesis ')'", at: position) }
            openParentheses -= 1
        case "{": isInBraces = true
        case "}":
            guard isInBraces else { throw error("unexpected character: '}'", at: position) }
            isInBraces = false
        case "[":
            guard !isInBrackets else { throw error("unexpected left bracket '['", at: position) }
            isInBrackets = true
        case "]":
            guard isInBrackets else { throw error("unexpected right bracket ']'", at: position) }
            isInBrackets = false
        default: break
        }
    }

    private func character(at index: Int) -> String {
        var end = index + 1
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        return text(index..<end)
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func range(from start: Int, to end: Int) -> SourceRange {
        SourceRange(start: start, end: end, line: line, column: start - lineStart + 1)
    }

    private func error(_ message: String, at index: Int) -> QueryError {
        QueryError(.badData, message, line: line, column: index - lineStart + 1)
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
