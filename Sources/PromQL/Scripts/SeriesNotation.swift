package import TimeSeries

/// Series as promqltest scripts and rule unit tests write them: `name{a="b"} 1 2+3x4 _ stale {{sum:1 count:2}}x3`.
package struct SeriesNotation: Sendable {
    /// One element of a sequence, at its place in time.
    package enum Element: Sendable {
        case omitted
        case number(Double)
        /// `hasHint` says whether a counter reset hint was written, which tests then compare.
        case histogram(FloatHistogram, hasHint: Bool)
    }

    package var labels: Labels
    package var values: [Element]

    /// The most elements that one series may have.
    private static let limit = 1_000_000

    /// - Throws: `.badData` with the column.
    package init(_ line: String) throws(QueryError) {
        let bytes = Array(line.utf8)
        let end = SeriesNotation.endOfName(bytes)
        labels = try SeriesNotation.labels(String(decoding: bytes[..<end], as: UTF8.self))
        values = []
        for (item, column) in SeriesNotation.items(bytes, from: end) {
            do {
                values += try SeriesNotation.elements(item)
            } catch {
                throw QueryError(.badData, error.message, line: 1, column: column)
            }
            guard values.count <= SeriesNotation.limit else {
                throw QueryError(.badData, "series has more than \(SeriesNotation.limit) values")
            }
        }
    }

    /// Where name and labels end: at the first space outside braces and quotes.
    private static func endOfName(_ bytes: [UInt8]) -> Int {
        var quote: UInt8?
        var isInBraces = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") { index += 1 }
                if byte == open { quote = nil }
            } else if isInBraces,
                byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
            {
                quote = byte
            } else if byte == UInt8(ascii: "{") {
                isInBraces = true
            } else if byte == UInt8(ascii: "}") {
                isInBraces = false
            } else if !isInBraces, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                return index
            }
            index += 1
        }
        return bytes.count
    }

    /// The labels in `name{a="b"}` or `{"name", a="b"}`.
    package static func labels(_ text: String) throws(QueryError) -> Labels {
        let tokens = try Lexer.tokens(of: text)
        var pairs: [(name: String, value: String)] = []
        var index = 0
        if tokens[0].kind == .word {
            pairs.append(("__name__", tokens[0].text))
            index = 1
        }
        func error(_ token: Token) -> QueryError {
            QueryError(
                .badData,
                "unexpected \(token.description) in label set, expected identifier, \"=\" and string",
                line: token.range.line, column: token.range.column)
        }
        if tokens[index].isMark("{") {
            index += 1
            while !tokens[index].isMark("}") {
                let name: String
                switch tokens[index].kind {
                case .word: name = tokens[index].text
                case .string(let value, nil): name = value
                default: throw error(tokens[index])
                }
                if tokens[index + 1].isMark("="), case .string(let value, nil) = tokens[index + 2].kind {
                    pairs.append((name, value))
                    index += 3
                } else if case .string = tokens[index].kind, !tokens[index + 1].isMark("=") {
                    pairs.append(("__name__", name))
                    index += 1
                } else {
                    throw error(tokens[index + 1])
                }
                if tokens[index].isMark(",") {
                    index += 1
                } else if !tokens[index].isMark("}") {
                    throw error(tokens[index])
                }
            }
            index += 1
        }
        guard tokens[index].kind == .end else { throw error(tokens[index]) }
        return Labels(pairs)
    }

    /// The items between spaces, histograms in one piece, with the column where each starts.
    private static func items(_ bytes: [UInt8], from start: Int) -> [(text: String, column: Int)] {
        var items: [(text: String, column: Int)] = []
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
                index += 1
                continue
            }
            let first = index
            var depth = 0
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "{") { depth += 1 }
                if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
                if depth <= 0, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
                    break
                }
                index += 1
            }
            items.append((String(decoding: bytes[first..<index], as: UTF8.self), first + 1))
        }
        return items
    }

    private static func elements(_ item: String) throws(QueryError) -> [Element] {
        if item.hasPrefix("{{") { return try HistogramNotation.elements(item) }
        if item == "stale" { return [.number(Marker.stale)] }
        var rest = Substring(item)
        if rest.first == "_" {
            rest.removeFirst()
            return [Element](repeating: .omitted, count: try times(rest, item) ?? 1)
        }
        guard let start = number(&rest) else { throw bad(item) }
        if let count = try times(rest, item) {
            return [Element](repeating: .number(start), count: count + 1)
        }
        if rest.isEmpty { return [.number(start)] }
        guard rest.first == "+" || rest.first == "-", let step = number(&rest),
            let count = try times(rest, item)
        else { throw bad(item) }
        var values: [Element] = []
        var value = start
        for _ in 0...count {
            values.append(.number(value))
            value += step
        }
        return values
    }

    static func bad(_ item: String) -> QueryError {
        QueryError(
            .badData,
            "unexpected \(Labels.quoted(item)) in series values, expected a number, \"stale\", \"_\", a histogram or "
                + "an expansion such as 1+2x3")
    }

    /// The N of `xN`; nil where nothing of the kind stands there.
    static func times(_ text: Substring, _ item: String) throws(QueryError) -> Int? {
        guard text.first == "x" else { return nil }
        guard let count = Int(text.dropFirst()), count >= 0 else { throw bad(item) }
        guard count <= limit else {
            throw QueryError(
                .badData, "\(Labels.quoted(item)) repeats more often than the \(limit) times that are allowed"
            )
        }
        return count
    }

    /// The number at the start of the text, which moves behind it.
    static func number(_ text: inout Substring) -> Double? {
        let bytes = Array(text.utf8)
        var end = 0
        if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") { end += 1 }
        let sign: Double = bytes.first == UInt8(ascii: "-") ? -1 : 1
        let body = String(decoding: bytes[end...], as: UTF8.self).lowercased()
        if body.hasPrefix("inf") || body.hasPrefix("nan") {
            text = text.dropFirst(end + 3)
            return body.hasPrefix("inf") ? sign * .infinity : Marker.notANumber
        }
        let digits = end
        while end < bytes.count {
            let byte = bytes[end]
            let isExponent = byte | 0x20 == UInt8(ascii: "e") && end > digits
            let isSign =
                (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && end > digits
                && bytes[end - 1] | 0x20 == UInt8(ascii: "e")
            guard Lexer.isDigit(byte) || byte == UInt8(ascii: ".") || isExponent || isSign else { break }
            end += 1
        }
        guard end > digits, let value = Lexer.number(String(decoding: bytes[digits..<end], as: UTF8.self))
        else {
            return nil
        }
        text = text.dropFirst(end)
        return sign * value
    }
}
