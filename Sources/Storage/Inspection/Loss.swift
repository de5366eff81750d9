package import TimeSeries

/// Acknowledged records that recovery did not find.
package struct Loss: Hashable, Sendable {
    /// The file or folder that lacks them.
    package var path: String
    /// The sequences of the log that are missing; nil for a chunk file.
    package var sequences: ClosedRange<UInt64>?
    /// The newest moment before them and the first behind them, by the records that are there; nil where there is none.
    package var from: Timestamp?
    package var to: Timestamp?

    init(path: String, sequences: ClosedRange<UInt64>? = nil, from: Int64?, to: Int64?) {
        self.path = path
        self.sequences = sequences
        self.from = from.flatMap { Timestamp(known: $0) }
        self.to = to.flatMap { Timestamp(known: $0) }
    }

    package init(path: String, from: Timestamp?, to: Timestamp?) {
        self.path = path
        self.from = from
        self.to = to
    }

    /// The seconds that losses cover, where two cover the same once. One without an end covers none: it is there all the same.
    package static func seconds(_ losses: [Loss]) -> Double {
        let spans = losses.compactMap { loss in
            loss.from.flatMap { from in loss.to.map { (from: from, to: max(from, $0)) } }
        }
        var seconds = 0.0
        var end = Timestamp.distantPast
        for span in spans.sorted(by: { $0.from < $1.from }) where span.to > end {
            seconds += (span.to - max(span.from, end)).inSeconds
            end = span.to
        }
        return seconds
    }
}

/// Notices which sequences a pass over the log leaves out, and about when they were written.
struct LossTracker {
    private var expected: UInt64
    private var newest: Int64
    private(set) var losses: [Loss] = []
    /// How many of the last losses wait for a moment behind them.
    private var open = 0

    /// - Parameters:
    ///   - sequence: the last one that is known otherwise.
    ///   - newest: the newest moment up to there; the least number where there is none.
    init(after sequence: UInt64, newest: Int64) {
        expected = sequence + 1
        self.newest = newest
    }

    mutating func visit(_ sequence: UInt64, _ record: [UInt8]) {
        if sequence > expected {
            losses.append(Loss(path: "log", sequences: expected...sequence - 1, from: newest, to: nil))
            open += 1
        }
        expected = sequence + 1
        guard let moment = StoreRecord.moment(of: record) else { return }
        while open > 0 {
            losses[losses.count - open].to = Timestamp(milliseconds: max(moment, newest))
            open -= 1
        }
        newest = max(newest, moment)
    }
}
