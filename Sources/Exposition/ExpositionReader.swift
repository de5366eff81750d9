package import TimeSeries

/// Reads the Prometheus text format 0.0.4 or OpenMetrics 1.0, entry by entry, from bytes that the caller holds.
///
/// A value with a position: give the same bytes to every call. It accepts what Prometheus' own parser accepts,
/// quoted UTF-8 names included, and never reads a stale marker out of a text.
package struct ExpositionReader: Sendable {
    package enum Format: Hashable, Sendable {
        case text, openMetrics

        /// By the answer's `Content-Type`; `standard` where that names neither.
        package init(contentType: String?, otherwise standard: Format = .text) {
            let media = contentType?.split(separator: ";").first.map { $0.lowercased() } ?? ""
            self =
                media.hasPrefix("application/openmetrics-text")
                ? .openMetrics : media.hasPrefix("text/plain") ? .text : standard
        }
    }

    package let format: Format
    /// Where the next entry begins, or the blank before it.
    package private(set) var position: Int
    /// The labels of the sample that was read last.
    var scanner = SeriesScanner()
    private var isAtEOF = false
    /// The name of the last HELP, TYPE or UNIT line.
    private var noted = 0..<0

    /// - Parameter position: the first byte to read; the begin of a line.
    package init(_ format: Format = .text, from position: Int = 0) {
        self.format = format
        self.position = position
    }

    /// The next entry, or nil at the end; comments and blank lines are passed over.
    package mutating func next(_ text: Span<UInt8>) throws(ExpositionError) -> ExpositionEntry? {
        while true {
            skipBlank(text)
            guard position < text.count else {
                if format == .openMetrics, !isAtEOF {
                    throw ExpositionError(.missingEOF, at: position, in: text)
                }
                return nil
            }
            if isAtEOF { throw ExpositionError(.textAfterEOF, at: position, in: text) }
            guard text[position] == UInt8(ascii: "#") else { return .sample(try sample(text)) }
            if let entry = try comment(text) { return entry }
        }
    }

    /// The labels of the sample that `next` returned last, `__name__` included.
    package func labels(_ text: Span<UInt8>) throws(ExpositionError) -> Labels { try scanner.labels(text) }

    /// Continues at another place of the same bytes: the begin of a line, or the end of what a sample's line says.
    package mutating func move(to position: Int) { self.position = position }

    /// The labels of a series that was read before, from the text that it was read from.
    package static func labels(
        _ text: Span<UInt8>, ofSeriesAt start: Int
    ) throws(ExpositionError) -> Labels {
        var scanner = SeriesScanner()
        _ = try scanner.scan(text, from: start)
        return try scanner.labels(text)
    }

    /// What a name in a HELP, TYPE or UNIT line means: without quotes and escapes.
    package static func name(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        guard !range.isEmpty, text[range.lowerBound] == UInt8(ascii: "\"") else { return string(text, range) }
        return SeriesScanner.unescaped(text, range.lowerBound + 1..<range.upperBound - 1, quotes: true)
    }

    /// The help text without its escapes.
    package static func help(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        SeriesScanner.unescaped(text, range, quotes: false)
    }

    package static func string(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        SeriesScanner.string(text, range)
    }

    private mutating func skipBlank(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"): position += 1
            default: return
            }
        }
    }

    private mutating func skipSpaces(_ text: Span<UInt8>) {
        while position < text.count, text[position].isSpaceOrTab { position += 1 }
    }

    /// Where the line ends that `position` is in, and whether it is of ASCII up to there.
    @inline(__always)
    private func endOfLine(_ text: Span<UInt8>) -> (end: Int, isASCII: Bool) {
        let end = ByteWindow.lineEnd(text, from: position)
        if end >= text.count || text[end] == UInt8(ascii: "\n") { return (end, true) }
        let rest = text.extracting(end..<text.count)
        return (Runs.firstNewline(rest).map { end + $0 } ?? text.count, false)
    }
}

extension ExpositionReader {
    private enum Keyword {
        case help, type, unit

        init?(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
            switch UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d) {
            case 0x4845_4c50: self = .help
            case 0x5459_5045: self = .type
            case 0x554e_4954: self = .unit
            default: return nil
            }
        }
    }

    /// A line that begins with #; nil for a comment that says nothing to a machine.
    @inline(__always)
    private mutating func comment(_ text: Span<UInt8>) throws(ExpositionError) -> ExpositionEntry? {
        let (end, isASCII) = endOfLine(text)
        var word = position + 1
        while word < end, text[word].isSpaceOrTab { word += 1 }
        if format == .openMetrics, word < end, text[word] == UInt8(ascii: "{"), isBehindValue(text) {
            return .exemplar(try exemplar(text))
        }
        guard word > position + 1 else {
            position = end
            return nil
        }
        if format == .openMetrics, end - word == 3, text.matches("EOF", at: word) {
            isAtEOF = true
            position = end
            return nil
        }
        guard word + 4 < end, text[word + 4].isSpaceOrTab,
            let keyword = Keyword(text[word], text[word + 1], text[word + 2], text[word + 3]),
            keyword != .unit || format == .openMetrics
        else {
            position = end
            return nil
        }
        position = word + 4
        skipSpaces(text)
        let name = try metadataName(text)
        // One blank separates the name from the text; what is behind it belongs to the text.
        let rest = min(name.upperBound + 1, end)..<end
        defer { position = end }
        switch keyword {
        case .type:
            guard let kind = kind(text, rest) else {
                throw ExpositionError(.expectedMetricType, at: rest.lowerBound, in: text)
            }
            return .type(name: name, kind: kind)
        case .unit: return .unit(name: name, text: rest)
        case .help:
            guard isASCII || SeriesScanner.isUTF8(text, rest) else {
                throw ExpositionError(.invalidUTF8, at: rest.lowerBound, in: text)
            }
            return .help(name: name, text: rest)
        }
    }

    private mutating func metadataName(_ text: Span<UInt8>) throws(ExpositionError) -> Range<Int> {
        let start = position
        // TYPE follows HELP, of the same metric.
        let same = start..<start + noted.count
        if !noted.isEmpty, same.upperBound < text.count, text[same.upperBound] == UInt8(ascii: " "),
            Runs.same(text.extracting(noted), text.extracting(same))
        {
            noted = same
            return same
        }
        noted = 0..<0
        if start < text.count, text[start] == UInt8(ascii: "\"") {
            var end = start
            _ = try scanner.passQuoted(text, &end)
            return start..<end
        }
        let end = scanner.nameEnd(text, start, colons: true)
        guard end > start else { throw ExpositionError(.expectedName, at: start, in: text) }
        noted = start..<end
        return noted
    }

    private func kind(_ text: Span<UInt8>, _ range: Range<Int>) -> MetricMetadata.Kind? {
        func reads(_ word: StaticString) -> Bool { text.matches(word, at: range.lowerBound) }
        guard !range.isEmpty else { return nil }
        let isOpen = format == .openMetrics
        switch (range.count, text[range.lowerBound]) {
        case (7, UInt8(ascii: "c")): return reads("counter") ? .counter : nil
        case (5, _): return reads("gauge") ? .gauge : nil
        case (9, _): return reads("histogram") ? .histogram : nil
        case (7, UInt8(ascii: "s")): return reads("summary") ? .summary : nil
        case (7, _): return reads(isOpen ? "unknown" : "untyped") ? .unknown : nil
        case (14, _): return isOpen && reads("gaugehistogram") ? .gaugehistogram : nil
        case (4, _): return isOpen && reads("info") ? .info : nil
        case (8, _): return isOpen && reads("stateset") ? .stateset : nil
        default: return nil
        }
    }

    @inline(__always)
    private mutating func sample(_ text: Span<UInt8>) throws(ExpositionError) -> ExpositionSample {
        let start = position
        position = try scanner.scan(text, from: start)
        let series = start..<position
        skipSpaces(text)
        let valueStart = position
        guard valueStart < text.count, text[valueStart] != UInt8(ascii: "\n") else {
            throw ExpositionError(.expectedValue, at: valueStart, in: text)
        }
        guard let number = DecimalNumber.number(text, at: valueStart) else {
            throw ExpositionError(.invalidNumber, at: valueStart, in: text)
        }
        position = number.end
        var sample = ExpositionSample(
            series: series, valueStart: valueStart, end: position, value: number.value)
        if position < text.count, text[position] == UInt8(ascii: "\n") { return sample }
        guard isDelimited(text) else { throw ExpositionError(.invalidNumber, at: valueStart, in: text) }
        skipSpaces(text)
        if position < text.count, text[position] != UInt8(ascii: "\n"), text[position] != UInt8(ascii: "#") {
            sample.timestamp = try timestamp(text)
            sample.end = position
            skipSpaces(text)
        }
        if format == .openMetrics, position < text.count, text[position] == UInt8(ascii: "#") {
            sample.exemplar = try exemplar(text)
            sample.end = position
            skipSpaces(text)
        }
        guard position == text.count || text[position] == UInt8(ascii: "\n") else {
            throw ExpositionError(.expectedEndOfLine, at: position, in: text)
        }
        return sample
    }

    private func isDelimited(_ text: Span<UInt8>) -> Bool {
        position == text.count || text[position].isSpaceOrTab || text[position] == UInt8(ascii: "\n")
    }

    /// Milliseconds in the text format, seconds with a fraction in OpenMetrics.
    private mutating func timestamp(_ text: Span<UInt8>) throws(ExpositionError) -> Timestamp {
        let start = position
        if format == .openMetrics {
            guard let seconds = DecimalNumber.parse(text, &position), isDelimited(text),
                let time = Timestamp(seconds: seconds)
            else { throw ExpositionError(.invalidTimestamp, at: start, in: text) }
            return time
        }
        let isNegative = text[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = position
        var milliseconds: Int64 = 0
        var overflows = false
        while position < text.count, text[position].isDigit {
            let (product, tooBig) = milliseconds.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int64(text[position] - UInt8(ascii: "0")))
            overflows = overflows || tooBig || carried
            milliseconds = sum
            position += 1
        }
        guard position > digits else { throw ExpositionError(.expectedEndOfLine, at: start, in: text) }
        guard !overflows, isDelimited(text) else {
            throw ExpositionError(.invalidTimestamp, at: start, in: text)
        }
        return Timestamp(milliseconds: isNegative ? -milliseconds : milliseconds)
    }

    /// Passes over an exemplar, whose form is checked.
    private mutating func exemplar(_ text: Span<UInt8>) throws(ExpositionError) -> Range<Int> {
        let start = position
        position += 1
        skipSpaces(text)
        var labels = SeriesScanner()
        guard position < text.count, text[position] == UInt8(ascii: "{") else {
            throw ExpositionError(.invalidExemplar, at: start, in: text)
        }
        position = try labels.scanLabels(text, from: position)
        for required in [true, false] {
            skipSpaces(text)
            guard position < text.count, text[position] != UInt8(ascii: "\n") else {
                if required { throw ExpositionError(.invalidExemplar, at: position, in: text) }
                return start..<position
            }
            guard DecimalNumber.parse(text, &position) != nil, isDelimited(text) else {
                throw ExpositionError(.invalidExemplar, at: position, in: text)
            }
        }
        return start..<position
    }
}

extension UInt8 {
    var isSpaceOrTab: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}

extension Span<UInt8> {
    /// Whether these bytes stand at `position`.
    func matches(_ word: StaticString, at position: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard length <= count - position else { return false }
        return word.withUTF8Buffer { bytes in
            (0..<length).allSatisfy { unsafe self[position + $0] == bytes[$0] }
        }
    }
}
