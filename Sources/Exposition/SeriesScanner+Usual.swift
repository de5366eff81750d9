import TimeSeries

/// What nearly all series look like, `name` or `name{a="b",c="d"}` of ASCII without escapes and further blanks, with its
/// labels in order: read in one go, without an error to make. All others, wrong ones included, are `scan`'s.
extension SeriesScanner {
    /// Where a series ends that looks as usual; nil where it does not, or has more labels than any before.
    mutating func scanUsual(_ text: Span<UInt8>, from start: Int) -> Int? {
        let end = sameNameEnd(text, start) ?? nameEnd(text, start, colons: true)
        guard end > start, end < text.count else { return nil }
        metricName = start..<end
        isMetricNameQuoted = false
        partCount = 0
        if text[end] == UInt8(ascii: " ") {
            // Labels may stand behind blanks.
            let isAlone =
                end + 1 < text.count && text[end + 1] > UInt8(ascii: " ")
                && text[end + 1] != UInt8(ascii: "{")
            return isAlone ? end : nil
        }
        guard text[end] == UInt8(ascii: "{") else { return nil }
        return scanUsualLabels(text, from: end)
    }

    /// Where the name ends if it is the one of the line before, which nearly always has the same as its neighbours.
    @inline(__always)
    private func sameNameEnd(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard let metricName, !isMetricNameQuoted else { return nil }
        let end = start + metricName.count
        guard end < text.count, text[end] == UInt8(ascii: "{") || text[end] == UInt8(ascii: " "),
            Runs.same(text.extracting(metricName), text.extracting(start..<end))
        else { return nil }
        return end
    }

    /// The same for its labels, from the opening brace on.
    @inline(__always)
    private mutating func scanUsualLabels(_ text: Span<UInt8>, from brace: Int) -> Int? {
        var window = self.window
        var room = parts.mutableSpan
        var found = 0
        var position = brace
        var isWhole = false
        while found < room.count {
            let name = position + 1
            let nameEnd = window.wordEnd(text, from: name)
            guard nameEnd > name, nameEnd + 1 < text.count, !text[name].isDigit,
                text[nameEnd] == UInt8(ascii: "="), text[nameEnd + 1] == UInt8(ascii: "\"")
            else { break }
            let value = nameEnd + 2
            let valueEnd = window.plainEnd(text, from: value)
            guard valueEnd + 1 < text.count, text[valueEnd] == UInt8(ascii: "\"") else { break }
            room[found] = Part(name: name..<nameEnd, value: value..<valueEnd)
            found += 1
            position = valueEnd + 1
            if text[position] == UInt8(ascii: ",") { continue }
            isWhole = text[position] == UInt8(ascii: "}")
            break
        }
        self.window = window
        guard isWhole else { return nil }
        partCount = found
        return position + 1
    }
}

extension SeriesScanner {
    /// The labels of a series without escapes, without a string in between; nil for others, and where a name is there
    /// twice. A label without a value is none.
    func plainLabels(_ text: Span<UInt8>) -> Labels? {
        guard let metricName, !isMetricNameQuoted, let ordered = orderedParts(text) else { return nil }
        let parts = ordered.span
        let prefix = SeriesScanner.prefixedMetricName
        var size = prefix.count + SeriesScanner.sizeWithLength(metricName)
        var metricNamePlace = 0
        for index in 0..<partCount {
            let part = parts[index]
            guard !part.isNameEscaped, !part.isValueEscaped,
                let isBefore = SeriesScanner.isBeforeMetricName(text, part.name)
            else { return nil }
            if isBefore { metricNamePlace = index + 1 }
            if part.value.isEmpty { continue }
            size += SeriesScanner.sizeWithLength(part.name) + SeriesScanner.sizeWithLength(part.value)
        }
        func write(to room: inout MutableSpan<UInt8>) {
            let parts = ordered.span
            var end = 0
            for index in 0...partCount {
                if index == metricNamePlace {
                    Runs.copy(prefix.span, to: &room, at: &end)
                    SeriesScanner.copy(text, metricName, to: &room, at: &end)
                }
                if index == partCount || parts[index].value.isEmpty { continue }
                SeriesScanner.copy(text, parts[index].name, to: &room, at: &end)
                SeriesScanner.copy(text, parts[index].value, to: &room, at: &end)
            }
        }
        var bytes: [UInt8] = []
        if size <= SeriesScanner.usualSize {
            // An array that is filled when it is made costs half of one that is made and filled.
            var room = InlineArray<256, UInt8>(repeating: 0)
            var span = room.mutableSpan
            write(to: &span)
            Runs.append(room.span.extracting(0..<size), to: &bytes)
        } else {
            bytes = [UInt8](repeating: 0, count: size)
            var span = bytes.mutableSpan
            write(to: &span)
        }
        return Labels(canonical: bytes)
    }

    /// What the labels of nearly all series need at most.
    private static let usualSize = 256

    /// The parts as they are where their names are in order, as nearly always; else in order, nil where one is there twice.
    private func orderedParts(_ text: Span<UInt8>) -> [Part]? {
        if SeriesScanner.areOrdered(text, parts, partCount) { return parts }
        let ordered = parts[..<partCount].sorted { SeriesScanner.precedes(text, $0.name, $1.name) }
        return SeriesScanner.areOrdered(text, ordered, partCount) ? ordered : nil
    }

    /// Whether the names of the first so many parts ascend, none being there twice.
    @inline(__always)
    private static func areOrdered(_ text: Span<UInt8>, _ parts: [Part], _ count: Int) -> Bool {
        for index in 1..<max(1, count) where !precedes(text, parts[index - 1].name, parts[index].name) {
            return false
        }
        return true
    }

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

    /// A length as LEB128 and the bytes, the form of `Labels`.
    @inline(__always)
    private static func copy(
        _ text: Span<UInt8>, _ range: Range<Int>, to bytes: inout MutableSpan<UInt8>, at position: inout Int
    ) {
        var length = range.count
        while length >= 0x80 {
            bytes[position] = UInt8(truncatingIfNeeded: length) | 0x80
            position += 1
            length >>= 7
        }
        bytes[position] = UInt8(truncatingIfNeeded: length)
        position += 1
        Runs.copy(text.extracting(range), to: &bytes, at: &position)
    }

    @inline(__always)
    private static func sizeWithLength(_ range: Range<Int>) -> Int {
        var size = range.count + 1
        var length = range.count
        while length >= 0x80 {
            size += 1
            length >>= 7
        }
        return size
    }
}
