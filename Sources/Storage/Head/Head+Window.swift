import Journal
import TimeSeries

extension Head {
    /// Takes the window that is due and tells the log of a change. Where that takes nothing, it stays as it was.
    mutating func settleWindow(now: Int64, _ log: Log) {
        let due = dueWindow(now: now)
        guard due != window, (try? log.append(StoreRecord.window(due))) != nil else { return }
        window = due
    }

    /// How far the newest sample may be ahead of the clock without a doubt about either.
    private static let slack: Int64 = 120_000

    /// How much older than the newest sample of its series a sample may be, in milliseconds.
    ///
    /// Samples from a clock that was ahead for a while would keep those of the right time out until that comes round
    /// again; so the window reaches back to the clock as it is now, and as far again as it always does.
    func dueWindow(now: Int64) -> Int64 {
        let own = max(0, configuration.outOfOrderWindow.milliseconds)
        let (ahead, overflow) = newest.subtractingReportingOverflow(now)
        guard newest != .min, !overflow, ahead > Head.slack, ahead < 1 << 51 else { return own }
        // Whole minutes, since each change of the window is a record of the log.
        return own + (ahead / 60_000 + 2) * 60_000
    }
}
