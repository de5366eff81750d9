import Journal
import TimeSeries

/// What a record of the log refers to and a reader of it does not have.
enum LostReference: Hashable, Sendable {
    /// A table, some of its columns, or the row before in it.
    case table(UInt32)
    case series(UInt32)
}

/// A pass over the log that fills a head: it notices what is missing, looks behind it for what is said again there, and tells
/// what refers to the rest.
struct LogReplay {
    private(set) var losses: LossTracker
    /// Records that make no sense, or refer to something lost.
    private(set) var unreadableRecords = 0
    private var foreseen: ForeseenDefinitions?
    private let workers: Workers

    /// - Parameters:
    ///   - sequence: the last one that is known otherwise.
    ///   - newest: the newest moment up to there.
    ///   - workers: take samples of single series.
    init(after sequence: UInt64, newest: Int64, _ workers: Workers) {
        self.workers = workers
        losses = LossTracker(after: sequence, newest: newest)
    }

    mutating func take(_ sequence: UInt64, _ record: [UInt8], of log: Log, into head: inout Head) throws {
        if losses.visit(sequence, record), foreseen == nil {
            foreseen = try ForeseenDefinitions(log, from: sequence)
        }
        do {
            let lacking = try head.replay(record, at: sequence, foreseen ?? ForeseenDefinitions(), workers)
            if lacking != nil { unreadableRecords += 1 }
            losses.note(lacking, in: record)
        } catch {
            unreadableRecords += 1
        }
    }

    /// Ends the pass at the sequence that the log gives next.
    mutating func finish(next sequence: UInt64, _ head: inout Head) {
        head.loose.settle()
        losses.finish(next: sequence)
    }
}
