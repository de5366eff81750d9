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
        var isNameEscaped = false
        let name: Range<Int>
        if isQuoted {
            isNameEscaped = try SeriesScanner.passQuoted(text, &position)
            name = start + 1..<position - 1
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
        let isValueEscaped = try SeriesScanner.passQuoted(text, &position)
        parts.append(
            Part(
                name: name, value: value + 1..<position - 1, isNameEscaped: isNameEscaped,
                isValueEscaped: isValueEscaped))
    }

    /// The labels that were scanned last.
    func labels(_ text: Span<UInt8>) throws(ExpositionError) -> Labels {
        if let plain = plainLabels(text) { return plain }
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(parts.count + 1)
        var names: Set<String> = ["__name__"]
        let name = metricName ?? 0..<0
        pairs.append(
            (name: "__name__", value: SeriesScanner.unescaped(text, name, quotes: isMetricNameQuoted)))
        for part in parts {
            let label = SeriesScanner.unescaped(text, part.name, quotes: part.isNameEscaped)
            guard names.insert(label).inserted else {
                throw ExpositionError(.duplicateLabel(label), at: part.name.lowerBound, in: text)
            }
            pairs.append((name: label, value: SeriesScanner.unescaped(text, part.value, quotes: true)))
        }
        return Labels(pairs)
    }

    /// The usual case, without a string in between: no escapes, names in order. A label without a value is none.
    private func plainLabels(_ text: Span<UInt8>) -> Labels? {
        guard let metricName, !isMetricNameQuoted else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            32 + metricName.count + parts.reduce(0) { $0 + $1.name.count + $1.value.count + 4 })
        var isNameWritten = false
        for (index, part) in parts.enumerated() {
            guard !part.isNameEscaped, !part.isValueEscaped,
                index == 0 || SeriesScanner.precedes(text, parts[index - 1].name, part.name),
                let isBefore = SeriesScanner.isBeforeMetricName(text, part.name)
            else { return nil }
            if !isBefore, !isNameWritten {
                SeriesScanner.append(text, metricName: metricName, to: &bytes)
                isNameWritten = true
            }
            if part.value.isEmpty { continue }
            SeriesScanner.append(text, part.name, to: &bytes)
            SeriesScanner.append(text, part.value, to: &bytes)
        }
        if !isNameWritten { SeriesScanner.append(text, metricName: metricName, to: &bytes) }
        return Labels(canonical: bytes)
    }
}

extension SeriesScanner {
    /// Byte order of two names; false for equal ones.
    private static func precedes(_ text: Span<UInt8>, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
        var offset = 0
        while offset < a.count, offset < b.count {
            let (x, y) = (text[a.lowerBound + offset], text[b.lowerBound + offset])
            if x != y { return x < y }
            offset += 1
        }
        return a.count < b.count
    }

    /// Whether a label's name comes before `__name__`; nil where it is that name.
    private static func isBeforeMetricName(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool? {
        var index = name.lowerBound
        for byte in "__name__".utf8 {
            guard index < name.upperBound else { return true }
            if text[index] != byte { return text[index] < byte }
            index += 1
        }
        return name.count == 8 ? nil : false
    }

    /// `__name__` behind its length.
    private static let prefixedMetricName: [UInt8] = [8] + Array("__name__".utf8)

    private static func append(_ text: Span<UInt8>, metricName: Range<Int>, to bytes: inout [UInt8]) {
        bytes += prefixedMetricName
        append(text, metricName, to: &bytes)
    }

    /// A length as LEB128 and the bytes, the form of `Labels`.
    private static func append(_ text: Span<UInt8>, _ range: Range<Int>, to bytes: inout [UInt8]) {
        var length = range.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: length))
        Runs.append(text.extracting(range), to: &bytes)
    }
}

extension SeriesScanner {
    static func skipSpaces(_ text: Span<UInt8>, _ position: inout Int) {
        while position < text.count, text[position].isSpaceOrTab { position += 1 }
    }

    /// Where a name without quotes ends; `start` itself where none begins.
    static func nameEnd(_ text: Span<UInt8>, _ start: Int, colons: Bool) -> Int {
        guard start < text.count, !text[start].isDigit else { return start }
        return Runs.wordEnd(text, from: start, colons: colons)
    }

    /// Moves from an opening quote behind the closing one; whether there is a backslash between them.
    static func passQuoted(_ text: Span<UInt8>, _ position: inout Int) throws(ExpositionError) -> Bool {
        let start = position
        var index = start + 1
        var hasEscape = false
        while true {
            index = Runs.plainEnd(text, from: index)
            guard index < text.count else { throw ExpositionError(.unterminated, at: start, in: text) }
            switch text[index] {
            case UInt8(ascii: "\""):
                position = index + 1
                guard isUTF8(text, start + 1..<index) else {
                    throw ExpositionError(.invalidUTF8, at: start, in: text)
                }
                return hasEscape
            default:
                hasEscape = true
                index += 2
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
