/// Why a text is not an exposition, and where: 1-based line, 1-based column in bytes.
package struct ExpositionError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        case expectedName, expectedLabelName, expectedEquals, expectedLabelValue, expectedCommaOrBrace
        case expectedValue, expectedEndOfLine, expectedMetricType
        case invalidNumber, invalidTimestamp, invalidUTF8, invalidExemplar
        case secondName, duplicateLabel(String), unterminated, missingEOF, textAfterEOF
    }

    package var kind: Kind
    package var line: Int
    package var column: Int

    package init(_ kind: Kind, line: Int, column: Int) {
        self.kind = kind
        self.line = line
        self.column = column
    }

    /// The place of a byte of `text` is worked out only now, when something is wrong.
    init(_ kind: Kind, at position: Int, in text: Span<UInt8>) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(position, text.count) where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.init(kind, line: line, column: position - lineStart + 1)
    }

    package var description: String { "line \(line), column \(column): \(reason)" }

    private var reason: String {
        switch kind {
        case .expectedName: "expected a metric name"
        case .expectedLabelName: "expected a label name"
        case .expectedEquals: "expected = behind the label name"
        case .expectedLabelValue: "expected a label value in double quotes"
        case .expectedCommaOrBrace: "expected a comma or a closing brace behind the label"
        case .expectedValue: "expected a value behind the series"
        case .expectedEndOfLine: "expected a timestamp or the end of the line"
        case .expectedMetricType:
            "expected counter, gauge, histogram, summary or untyped (OpenMetrics: also info, stateset, gaugehistogram, unknown)"
        case .invalidNumber: "the value is not a number"
        case .invalidTimestamp: "the timestamp is not a number that fits"
        case .invalidUTF8: "not valid UTF-8"
        case .invalidExemplar: "expected an exemplar such as {trace_id=\"x\"} 1"
        case .secondName: "the metric has two names"
        case .duplicateLabel(let name): "label \"\(name)\" is given twice"
        case .unterminated: "the text ends inside a quoted string"
        case .missingEOF: "the text does not end with # EOF"
        case .textAfterEOF: "text behind # EOF"
        }
    }
}
