import Exposition
import Synchronization
import TimeSeries

/// The text of a scrape without its values. Immutable, so that targets whose lines are equal share it: it is most of what
/// a target costs, and stays in the processor's caches from one to the next.
final class LineText: Sendable {
    let text: [UInt8]
    /// Where each line ends in `text`.
    let ends: [UInt32]
    /// Where the series begins in each line, behind its comments.
    let seriesStarts: [UInt32]
    /// What follows the last value.
    let tail: [UInt8]

    init(text: [UInt8], ends: [UInt32], seriesStarts: [UInt32], tail: [UInt8]) {
        self.text = text
        self.ends = ends
        self.seriesStarts = seriesStarts
        self.tail = tail
    }

    fileprivate var hash: UInt64 {
        let text = text
        return Bytes.hashLong(text.span) ^ UInt64(ends.count)
    }

    fileprivate func isSame(as other: LineText) -> Bool {
        text == other.text && ends == other.ends && seriesStarts == other.seriesStarts && tail == other.tail
    }
}

/// What the first scrape of a target taught: its text, and the columns that it became in a table of its own. Another
/// target with the same lines takes it over without parsing one of them.
final class LineTemplate: Sendable {
    struct Key: Hashable {
        /// `SeriesRules.kind`.
        var rules: String
        var format: ExpositionReader.Format
        var reportColumns: Int
        /// Of the last line, which tells bodies apart more often than the first.
        var ending: UInt64

        /// Nil for a body without a line.
        init?(
            _ rules: String, _ format: ExpositionReader.Format, reportColumns: Int, _ body: Span<UInt8>
        ) {
            var end = body.count
            while end > 0, body[end - 1] <= UInt8(ascii: " ") { end -= 1 }
            guard end > 0 else { return nil }
            var start = end
            while start > 0, body[start - 1] != UInt8(ascii: "\n") { start -= 1 }
            while end > start, body[end - 1] != UInt8(ascii: " ") { end -= 1 }
            self.rules = rules
            self.format = format
            self.reportColumns = reportColumns
            ending = Bytes.hash(body.extracting(start..<end))
        }
    }

    let layout: LineLayout
    /// The columns behind those of the report.
    let columns: [Labels]

    private let reportColumns: Int
    private let made = Mutex<[UInt64: LineLayout.Destination]?>(nil)

    init(_ layout: LineLayout, columns: [Labels], reportColumns: Int) {
        self.layout = layout
        self.columns = columns
        self.reportColumns = reportColumns
    }

    /// Where the labels of the columns go, by their hash; made when they are asked for first.
    var destinations: [UInt64: LineLayout.Destination] {
        made.withLock { made in
            if let made { return made }
            var destinations: [UInt64: LineLayout.Destination] = [:]
            destinations.reserveCapacity(columns.count)
            for (index, labels) in columns.enumerated() {
                destinations[labels.processHash] = LineLayout.Destination(reportColumns + index)
            }
            made = destinations
            return destinations
        }
    }
}

/// The texts and templates that are in use, each once; it keeps none alive.
final class LineTextRegistry: Sendable {
    private struct Reference<Object: AnyObject & Sendable> {
        weak var object: Object?
    }

    private struct State {
        var texts: [UInt64: Reference<LineText>] = [:]
        var templates: [LineTemplate.Key: Reference<LineTemplate>] = [:]
        var cleanAbove = 64
    }

    private let state = Mutex(State())

    /// The text that an equal one was registered as before, or the text itself.
    func shared(_ text: LineText) -> LineText {
        let hash = text.hash
        return state.withLock { state in
            if let known = state.texts[hash]?.object { return known.isSame(as: text) ? known : text }
            if state.texts.count > state.cleanAbove {
                state.texts = state.texts.filter { $0.value.object != nil }
                state.templates = state.templates.filter { $0.value.object != nil }
                state.cleanAbove = max(64, 2 * state.texts.count)
            }
            state.texts[hash] = Reference(object: text)
            return text
        }
    }

    func template(_ key: LineTemplate.Key) -> LineTemplate? {
        state.withLock { $0.templates[key]?.object }
    }

    func register(_ template: LineTemplate, _ key: LineTemplate.Key) {
        state.withLock { $0.templates[key] = Reference(object: template) }
    }
}
