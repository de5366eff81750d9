import TimeSeries

/// Finds the parts of a series as it is written, `name{a="b",...}` or `{"name",...}`, and builds its labels.
struct SeriesScanner: Sendable {
    /// A label or the name: ranges of the bytes between the quotes where there are any.
    struct Part {
        var name: Range<Int>
        var value: Range<Int>
        var isNameEscaped = false
        var isValueEscaped = false
    }

    var metricName: Range<Int>?
    var isMetricNameQuoted = false
    /// The first `partCount` are of the series that was scanned last; the others are room for the next one.
    var parts: [Part] = []
    var partCount = 0
    var window = ByteWindow()

    /// Scans one series; returns where it ends.
    mutating func scan(_ text: Span<UInt8>, from start: Int) throws(ExpositionError) -> Int {
        if let end = scanUsual(text, from: start) { return end }
        metricName = nil
        isMetricNameQuoted = false
        partCount = 0
        var position = nameEnd(text, start, colons: true)
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
        var isNameEscaped = false
        let name: Range<Int>
        if isQuoted {
            isNameEscaped = try passQuoted(text, &position)
            name = start + 1..<position - 1
        } else {
            position = nameEnd(text, start, colons: false)
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
        let isValueEscaped = try passQuoted(text, &position)
        let part = Part(
            name: name, value: value + 1..<position - 1, isNameEscaped: isNameEscaped,
            isValueEscaped: isValueEscaped)
        if partCount < parts.count { parts[partCount] = part } else { parts.append(part) }
        partCount += 1
    }

    /// The labels that were scanned last.
    func labels(_ text: Span<UInt8>) throws(ExpositionError) -> Labels {
        if let plain = plainLabels(text) { return plain }
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(partCount + 1)
        var names: Set<String> = ["__name__"]
        let name = metricName ?? 0..<0
        pairs.append(
            (name: "__name__", value: SeriesScanner.unescaped(text, name, quotes: isMetricNameQuoted)))
        for part in parts[..<partCount] {
            let label = SeriesScanner.unescaped(text, part.name, quotes: part.isNameEscaped)
            guard names.insert(label).inserted else {
                throw ExpositionError(.duplicateLabel(label), at: part.name.lowerBound, in: text)
            }
            pairs.append((name: label, value: SeriesScanner.unescaped(text, part.value, quotes: true)))
        }
        return Labels(pairs)
    }
}

extension SeriesScanner {
    static func skipSpaces(_ text: Span<UInt8>, _ position: inout Int) {
        while position < text.count, text[position].isSpaceOrTab { position += 1 }
    }

    /// Where a name without quotes ends; `start` itself where none begins.
    @inline(__always)
    mutating func nameEnd(_ text: Span<UInt8>, _ start: Int, colons: Bool) -> Int {
        guard start < text.count, !text[start].isDigit else { return start }
        var end = window.wordEnd(text, from: start)
        while colons, end < text.count, text[end] == UInt8(ascii: ":") {
            end = window.wordEnd(text, from: end + 1)
        }
        return end
    }

    /// Moves from an opening quote behind the closing one; whether there is a backslash between them.
    mutating func passQuoted(
        _ text: Span<UInt8>, _ position: inout Int
    ) throws(ExpositionError) -> Bool {
        let start = position
        var index = start + 1
        var isASCII = true
        var hasEscape = false
        while true {
            index = window.plainEnd(text, from: index)
            guard index < text.count else { throw ExpositionError(.unterminated, at: start, in: text) }
            switch text[index] {
            case UInt8(ascii: "\""):
                position = index + 1
                // Behind a backslash any byte may stand.
                guard isASCII && !hasEscape || SeriesScanner.isUTF8(text, start + 1..<index) else {
                    throw ExpositionError(.invalidUTF8, at: start, in: text)
                }
                return hasEscape
            case UInt8(ascii: "\\"):
                hasEscape = true
                index += 2
            default:
                isASCII = false
                index += 1
            }
        }
    }

    static func isUTF8(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if Runs.isASCII(text.extracting(range)) { return true }
        return String(validating: bytes(text, range), as: UTF8.self) != nil
    }

    static func string(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: bytes(text, range), as: UTF8.self)
    }

    private static func bytes(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        Runs.append(text.extracting(range), to: &bytes)
        return bytes
    }

    /// Without `\\`, `\n` and, in quoted strings, `\"`; any other backslash stays as it is.
    static func unescaped(_ text: Span<UInt8>, _ range: Range<Int>, quotes: Bool) -> String {
        guard Runs.first(UInt8(ascii: "\\"), in: text.extracting(range)) != nil else {
            return string(text, range)
        }
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
