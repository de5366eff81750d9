import Exposition
import TimeSeries

/// A sample whose series is not in the target's table.
struct OwnSample: Sendable {
    /// Into the cache's list of such series.
    var series: Int
    var value: Double
    var timestamp: Timestamp?
}

/// What the next scrape will very likely repeat: the lines of the last one, and where their values go.
///
/// A line is the run of bytes from the end of one value to the begin of the next, so comments ride along; to check it is
/// one memcmp.
struct LineLayout: Sendable {
    /// Where the value of a line goes: at least 0 is a column, `dropped` and `repeated` nowhere, below them a series of its
    /// own.
    typealias Destination = Int32
    /// Relabelling drops the line.
    static let dropped: Destination = -1
    /// A line before it has its column.
    static let repeated: Destination = -2
    static func own(_ index: Int) -> Destination { Destination(-3 - index) }
    static func ownIndex(_ destination: Destination) -> Int { -3 - Int(destination) }
    static func isOwn(_ destination: Destination) -> Bool { destination < repeated }

    static let empty = LineLayout(LineText(text: [], ends: [], seriesStarts: [], tail: []), destinations: [])

    private(set) var lines: LineText
    let destinations: [Destination]
    /// Lines that are not dropped, and those of them that repeat another one's series.
    let keptCount: Int
    let repeatedCount: Int
    /// Lines that go to columns, each to one of its own.
    let columnCount: Int

    init(_ lines: LineText, destinations: [Destination]) {
        self.lines = lines
        self.destinations = destinations
        keptCount = destinations.count { $0 != LineLayout.dropped }
        repeatedCount = destinations.count { $0 == LineLayout.repeated }
        columnCount = destinations.count { $0 >= 0 }
    }

    var text: [UInt8] { lines.text }
    var count: Int { lines.ends.count }

    /// Uses the text of another target, where one has the same.
    mutating func share(through registry: LineTextRegistry) { lines = registry.shared(lines) }

    /// The range of a line in `text`.
    func range(_ line: Int) -> Range<Int> {
        (line == 0 ? 0 : Int(lines.ends[line - 1]))..<Int(lines.ends[line])
    }

    /// The range of the series in a line, with the blank before its value.
    func seriesRange(_ line: Int) -> Range<Int> {
        Int(lines.seriesStarts[line])..<Int(lines.ends[line])
    }

    /// How far a body has been matched: the next line, and the end of the last value.
    struct Progress {
        var line = 0
        var position = 0
    }

    /// Reads values for as long as the body repeats the layout. Stops, without harm, before the first line that differs.
    /// In OpenMetrics, what follows a value is left to the reader: exemplars, and times, which are in seconds there. So is a
    /// time that counts behind the value of a column, which has none of its own.
    func advance(
        _ progress: inout Progress, over body: Span<UInt8>, _ format: ExpositionReader.Format,
        honoringTimes: Bool, into row: inout [Double], own: inout [OwnSample]
    ) {
        // A span cannot be of a class's property; the arrays are retained, not copied.
        let (textArray, endArray, destinationArray) = (lines.text, lines.ends, destinations)
        let text = textArray.span
        let ends = endArray.span
        let destinations = destinationArray.span
        var cells = row.mutableSpan
        var start = progress.line == 0 ? 0 : Int(ends[progress.line - 1])
        var line = progress.line
        var position = progress.position
        while line < ends.count {
            let end = Int(ends[line])
            guard Bytes.repeats(text, start, end, in: body, at: position),
                let number = DecimalNumber.number(body, at: position &+ (end &- start))
            else { break }
            let value = number.value
            var cursor = number.end
            let destination = Int(destinations[line])
            if destination >= 0, cursor < body.count, body[cursor] == UInt8(ascii: "\n") {
                cells[destination] = value
            } else {
                var timestamp: Timestamp?
                guard LineLayout.finishLine(body, format, &cursor, &timestamp) else { break }
                if !honoringTimes { timestamp = nil }
                if destination >= 0 {
                    guard timestamp == nil else { break }
                    cells[destination] = value
                } else if LineLayout.isOwn(Destination(destination)) {
                    let series = LineLayout.ownIndex(Destination(destination))
                    own.append(OwnSample(series: series, value: value, timestamp: timestamp))
                }
            }
            position = cursor
            start = end
            line += 1
        }
        progress = Progress(line: line, position: position)
    }

    /// Passes over a time in milliseconds; false where the rest of the line is anything else, for the reader to judge.
    private static func finishLine(
        _ body: Span<UInt8>, _ format: ExpositionReader.Format, _ cursor: inout Int,
        _ timestamp: inout Timestamp?
    ) -> Bool {
        var position = skipBlanks(body, cursor)
        guard position < body.count, body[position] != UInt8(ascii: "\n") else { return true }
        guard position > cursor, format == .text else { return false }
        let isNegative = body[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = position
        var milliseconds: Int64 = 0
        // Up to 18 digits cannot overflow; more are left to the reader.
        while position < body.count, position < digits + 18, body[position] &- UInt8(ascii: "0") < 10 {
            milliseconds = milliseconds * 10 + Int64(body[position] - UInt8(ascii: "0"))
            position += 1
        }
        guard position > digits else { return false }
        let end = position
        position = skipBlanks(body, position)
        guard position == body.count || body[position] == UInt8(ascii: "\n") else { return false }
        timestamp = Timestamp(milliseconds: isNegative ? -milliseconds : milliseconds)
        cursor = end
        return true
    }

    private static func skipBlanks(_ body: Span<UInt8>, _ start: Int) -> Int {
        var position = start
        while position < body.count,
            body[position] == UInt8(ascii: " ") || body[position] == UInt8(ascii: "\t")
        {
            position += 1
        }
        return position
    }

    /// Whether the rest of a body, behind its last value, is what it was.
    func endsWith(_ body: Span<UInt8>, from position: Int) -> Bool {
        let tail = lines.tail
        return Runs.same(tail.span, body.extracting(position..<body.count))
    }
}

/// Puts a layout together from runs of an old one and new lines.
struct LineLayoutBuilder {
    private var text: [UInt8] = []
    private var ends: [UInt32] = []
    private var seriesStarts: [UInt32] = []
    private var destinations: [LineLayout.Destination] = []

    init(reserving bytes: Int) { text.reserveCapacity(bytes) }

    mutating func copy(_ lines: Range<Int>, of layout: LineLayout) {
        guard !lines.isEmpty else { return }
        let from = layout.range(lines.lowerBound).lowerBound
        let shift = text.count - from
        let source = layout.text
        Runs.append(
            source.span.extracting(from..<layout.range(lines.upperBound - 1).upperBound), to: &text)
        for line in lines {
            ends.append(UInt32(Int(layout.lines.ends[line]) + shift))
            seriesStarts.append(UInt32(Int(layout.lines.seriesStarts[line]) + shift))
        }
        destinations += layout.destinations[lines]
    }

    mutating func append(
        _ body: Span<UInt8>, line: Range<Int>, seriesStart: Int, to destination: LineLayout.Destination
    ) {
        seriesStarts.append(UInt32(text.count + seriesStart - line.lowerBound))
        Runs.append(body.extracting(line), to: &text)
        ends.append(UInt32(text.count))
        destinations.append(destination)
    }

    /// Makes room for the lines of a body that has never been seen.
    mutating func reserve(lines: Int) {
        ends.reserveCapacity(lines)
        seriesStarts.reserveCapacity(lines)
        destinations.reserveCapacity(lines)
    }

    /// How many lines go to columns.
    var columnLineCount: Int { destinations.count { $0 >= 0 } }

    /// How many lines are not dropped.
    var keptCount: Int { destinations.count { $0 != LineLayout.dropped } }

    func finish(tail: Span<UInt8>) -> LineLayout {
        var end: [UInt8] = []
        Runs.append(tail, to: &end)
        return LineLayout(
            LineText(text: text, ends: ends, seriesStarts: seriesStarts, tail: end),
            destinations: destinations)
    }
}
