import TimeSeries

/// Finds the parts of a series as it is written, `name{a="b",...}` or `{"name",...}`, and builds its labels.
struct SeriesScanner: Sendable {
    /// A label or the name: ranges of the bytes between the quotes where there are any.
    private struct Part {
        var name: Range<Int>
        var value: Range<Int>
        var isNameEscaped = false
        var isValueEscaped = false
    }

    private var metricName: Range<Int>?
    private var isMetricNameQuoted = false
    private var parts: [Part] = []

    /// Scans one series; returns where it ends.
    mutating func scan(_ text: Span<UInt8>, from start: Int) throws(ExpositionError) -> Int {
        metricName = nil
        isMetricNameQuoted = false
        parts.removeAll(keepingCapacity: true)
        var position = SeriesScanner.nameEnd(text, start, colons: true)
        if position > start { metricName = start..<position }
        let afterName = position
        while position < text.count, text[position].isSpaceOrTab { position += 1 }
        guard position < text.count, text[position] == UInt8(ascii: "{") else {
            guard metricName != nil else { throw ExpositionError(.expectedName, at: start, in: text) }
            return afterName
        }
        let end = try scanLabels(text, from: position)
        guard metricName != nil else { throw ExpositionError(.expectedName, at: start, in: text) }
        return end
    }

    /// Scans from the opening brace; returns the position behind the closing one.
    mutating func scanLabels(_ text: Span<UInt8>, from start: Int) throws(ExpositionError) -> Int {
        var position = start + 1
        while true {
            SeriesScanner.skipSpaces(text, &position)
            guard position < text.count else {
                throw ExpositionError(.expectedLabelName, at: position, in: text)
            }
            if text[position] == UInt8(ascii: "}") { return position + 1 }
            try scanLabel(text, &position)
            SeriesScanner.skipSpaces(text, &position)
            guard position < text.count else {
                throw ExpositionError(.expectedCommaOrBrace, at: position, in: text)
            }
            if text[position] == UInt8(ascii: ",") {
                position += 1
            } else if text[position] != UInt8(ascii: "}") {
                throw ExpositionError(.expectedCommaOrBrace, at: position, in: text)
            }
        }
    }

    private mutating func scanLabel(
        _ text: Span<UInt8>, _ position: inout Int
    ) throws(ExpositionError) {
        let start = position
        let isQuoted = text[start] == UInt8(ascii: "\"")
        let name: Range<Int>
        if isQuoted {
            position = try SeriesScanner.quotedEnd(text, start)
            name = start + 1..<position - 1
            guard SeriesScanner.isUTF8(text, name) else {
                throw ExpositionError(.invalidUTF8, at: start, in: text)
            }
        } else {
            position = SeriesScanner.nameEnd(text, start, colons: false)
            name = start..<position
        }
        guard !name.isEmpty else { throw ExpositionError(.expectedLabelName, at: start, in: text) }
        SeriesScanner.skipSpaces(text, &position)
        guard position < text.count, text[position] == UInt8(ascii: "=") else {
            guard isQuoted else { throw ExpositionError(.expectedEquals, at: position, in: text) }
            guard metricName == nil else { throw ExpositionError(.secondName, at: start, in: text) }
            metricName = name
            isMetricNameQuoted = true
            return
        }
        position += 1
        SeriesScanner.skipSpaces(text, &position)
        guard position < text.count, text[position] == UInt8(ascii: "\"") else {
            throw ExpositionError(.expectedLabelValue, at: position, in: text)
        }
        let value = position
        position = try SeriesScanner.quotedEnd(text, value)
        let inside = value + 1..<position - 1
        guard SeriesScanner.isUTF8(text, inside) else {
            throw ExpositionError(.invalidUTF8, at: value, in: text)
        }
        parts.append(
            Part(
                name: name, value: inside, isNameEscaped: isQuoted && SeriesScanner.hasEscape(text, name),
                isValueEscaped: SeriesScanner.hasEscape(text, inside)))
    }

    /// The labels that were scanned last.
    func labels(_ text: Span<UInt8>) throws(ExpositionError) -> Labels {
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(parts.count + 1)
        let name = metricName ?? 0..<0
        pairs.append(
            (
                name: "__name__",
                value: isMetricNameQuoted
                    ? SeriesScanner.unescaped(text, name, quotes: true) : SeriesScanner.string(text, name)
            ))
        for part in parts {
            let label =
                part.isNameEscaped
                ? SeriesScanner.unescaped(text, part.name, quotes: true)
                : SeriesScanner.string(text, part.name)
            guard !pairs.contains(where: { $0.name == label }) else {
                throw ExpositionError(.duplicateLabel(label), at: part.name.lowerBound, in: text)
            }
            let value =
                part.isValueEscaped
                ? SeriesScanner.unescaped(text, part.value, quotes: true)
                : SeriesScanner.string(text, part.value)
            pairs.append((name: label, value: value))
        }
        return Labels(pairs)
    }
}

extension SeriesScanner {
    static func skipSpaces(_ text: Span<UInt8>, _ position: inout Int) {
        while position < text.count, text[position].isSpaceOrTab { position += 1 }
    }

    /// Where a name without quotes ends; `start` itself where none begins.
    static func nameEnd(_ text: Span<UInt8>, _ start: Int, colons: Bool) -> Int {
        var end = start
        while end < text.count {
            let byte = text[end]
            let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
            guard isLetter || (byte.isDigit && end > start) || (colons && byte == UInt8(ascii: ":")) else {
                break
            }
            end += 1
        }
        return end
    }

    /// The position behind the quote that closes the string that begins at `start`.
    static func quotedEnd(_ text: Span<UInt8>, _ start: Int) throws(ExpositionError) -> Int {
        var position = start + 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\\"): position += 2
            case UInt8(ascii: "\""): return position + 1
            default: position += 1
            }
        }
        throw ExpositionError(.unterminated, at: start, in: text)
    }

    static func hasEscape(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where text[index] == UInt8(ascii: "\\") { return true }
        return false
    }

    static func isUTF8(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound, text[index] < 0x80 { index += 1 }
        if index == range.upperBound { return true }
        return String(validating: bytes(text, range), as: UTF8.self) != nil
    }

    static func string(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: bytes(text, range), as: UTF8.self)
    }

    private static func bytes(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(text[index]) }
        return bytes
    }

    /// Without `\\`, `\n` and, in quoted strings, `\"`; any other backslash stays as it is.
    static func unescaped(_ text: Span<UInt8>, _ range: Range<Int>, quotes: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index + 1 < range.upperBound {
                switch text[index + 1] {
                case UInt8(ascii: "\\"): bytes.append(byte)
                case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\"") where quotes: bytes.append(UInt8(ascii: "\""))
                case let other: bytes += [byte, other]
                }
                index += 2
            } else {
                bytes.append(byte)
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
