import Synchronization

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
        return Bytes.hash(text.span) ^ UInt64(ends.count)
    }

    fileprivate func isSame(as other: LineText) -> Bool {
        text == other.text && ends == other.ends && seriesStarts == other.seriesStarts && tail == other.tail
    }
}

/// The texts that are in use, each once; it keeps none alive.
final class LineTextRegistry: Sendable {
    private struct Reference {
        weak var text: LineText?
    }

    private struct State {
        var texts: [UInt64: Reference] = [:]
        var cleanAbove = 64
    }

    private let state = Mutex(State())

    /// The text that an equal one was registered as before, or the text itself.
    func shared(_ text: LineText) -> LineText {
        let hash = text.hash
        return state.withLock { state in
            if let known = state.texts[hash]?.text { return known.isSame(as: text) ? known : text }
            if state.texts.count > state.cleanAbove {
                state.texts = state.texts.filter { $0.value.text != nil }
                state.cleanAbove = max(64, 2 * state.texts.count)
            }
            state.texts[hash] = Reference(text: text)
            return text
        }
    }
}
