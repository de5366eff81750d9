package import TimeSeries

/// Acknowledged records that recovery did not find.
package struct Loss: Hashable, Sendable, CustomStringConvertible {
    /// The file or folder that lacks them.
    package var path: String
    /// The sequences of the log that are missing; nil for a chunk file.
    package var sequences: ClosedRange<UInt64>?
    /// The newest moment before them and the first behind them, by the records that are there; nil where there is none. Before the
    /// first record of a store there is none: then `from` is as long before `to` as as many records took that follow.
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

    package var description: String {
        let records = sequences.map { "records \($0.lowerBound) to \($0.upperBound)" } ?? "samples"
        let beginning = from.map { RFC3339.text($0) } ?? "an unknown beginning"
        return
            "\(path): \(records) are lost, about from \(beginning) to \(to.map { RFC3339.text($0) } ?? "an unknown end")"
    }

    /// The seconds that losses cover, where two cover the same once. One whose beginning is not known covers as much as
    /// samples are kept; one without an end covers none yet.
    package static func seconds(_ losses: [Loss], retention: Duration) -> Double {
        let spans = losses.compactMap { loss in
            loss.to.map { to in (from: loss.from ?? to - retention, to: max(loss.from ?? to, to)) }
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
    /// The first records of all, where they are lost: how many there were, and the first moment behind them with its record.
    private struct Beginning {
        let count: UInt64
        var behind: (sequence: UInt64, moment: Int64)?
    }

    private var beginning: Beginning?
    /// Which loss what refers to something lost is put down to, until that is there again.
    private var causes: [LostReference: Int] = [:]

    /// - Parameters:
    ///   - sequence: the last one that is known otherwise.
    ///   - newest: the newest moment up to there; the least number where there is none.
    init(after sequence: UInt64, newest: Int64) {
        expected = sequence + 1
        self.newest = newest
    }

    /// Whether records are missing right before this one.
    mutating func visit(_ sequence: UInt64, _ record: [UInt8]) -> Bool {
        let isBehindLoss = sequence > expected
        if isBehindLoss {
            losses.append(Loss(path: "log", sequences: expected...sequence - 1, from: newest, to: nil))
            open += 1
            if expected == 1, newest == .min { beginning = Beginning(count: sequence - 1) }
        }
        expected = sequence + 1
        guard let moment = StoreRecord.moment(of: record) else { return isBehindLoss }
        while open > 0 {
            losses[losses.count - open].to = Timestamp(milliseconds: max(moment, newest))
            open -= 1
        }
        newest = max(newest, moment)
        guard let count = beginning?.count else { return isBehindLoss }
        let behind = beginning?.behind ?? (sequence, moment)
        beginning?.behind = behind
        if sequence - behind.sequence >= count { settleBeginning() }
        return isBehindLoss
    }

    /// The first records of all are taken to have come as fast as those behind them.
    private mutating func settleBeginning() {
        guard let count = beginning?.count, let behind = beginning?.behind, newest > behind.moment else {
            return
        }
        let records = Double(expected - 1 - behind.sequence)
        let span = Double(newest - behind.moment) * Double(count) / records
        guard let milliseconds = Int64(exactly: span.rounded()) else { return }
        losses[0].from = Timestamp(milliseconds: behind.moment - milliseconds)
        beginning = nil
    }

    /// Notes what a record refers to and is lost, if anything: the loss reaches to it.
    mutating func note(_ lacking: LostReference?, in record: [UInt8]) {
        guard let lacking else {
            if !causes.isEmpty, let table = StoreRecord.table(ofRow: record) { causes[.table(table)] = nil }
            return
        }
        guard !losses.isEmpty, let moment = StoreRecord.moment(of: record) else { return }
        let cause = causes[lacking] ?? losses.count - 1
        causes[lacking] = cause
        let end = Timestamp(milliseconds: moment)
        if let to = losses[cause].to, to < end { losses[cause].to = end }
    }

    /// Notes the sequence that the log gives next: where it is ahead of what came, the rest of the log is lost.
    mutating func finish(next: UInt64) {
        settleBeginning()
        guard next > expected else { return }
        losses.append(Loss(path: "log", sequences: expected...next - 1, from: newest, to: nil))
        expected = next
    }
}
