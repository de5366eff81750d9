package import TimeSeries

extension ExpositionReader {
    /// What an exemplar says, from the range that an entry gave; its time is nil where it has none.
    package static func exemplar(
        _ text: Span<UInt8>, _ range: Range<Int>
    ) throws(ExpositionError) -> (labels: Labels, value: Double, timestamp: Timestamp?) {
        var position = range.lowerBound + 1
        SeriesScanner.skipSpaces(text, &position)
        var scanner = SeriesScanner()
        position = try scanner.scanLabels(text, from: position)
        let labels = try scanner.labels(text)
        SeriesScanner.skipSpaces(text, &position)
        guard let value = DecimalNumber.parse(text, &position) else {
            throw ExpositionError(.invalidExemplar, at: position, in: text)
        }
        SeriesScanner.skipSpaces(text, &position)
        guard position < range.upperBound, let seconds = DecimalNumber.parse(text, &position) else {
            return (labels, value, nil)
        }
        return (labels, value, Timestamp(seconds: seconds))
    }

    /// Whether something else stands before this place in its line.
    func isBehindValue(_ text: Span<UInt8>) -> Bool {
        var index = position - 1
        while index >= 0, text[index].isSpaceOrTab { index -= 1 }
        return index >= 0 && text[index] != UInt8(ascii: "\n")
    }
}
