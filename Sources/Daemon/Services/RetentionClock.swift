import TimeSeries

/// The time by which old samples are dropped. A clock that jumps far ahead, as one that is wrong after a boot does, would
/// drop all there is: it is believed once it has said so for a while.
struct RetentionClock: Sendable {
    static let tolerance = Duration.seconds(3600)
    /// Readings, one a minute.
    static let confirmations = 10

    private(set) var trusted: Timestamp?
    private var doubts = 0

    /// - Parameter newest: the newest sample of an earlier run; nil where there is none.
    init(newest: Timestamp?) { trusted = newest }

    /// What is believed after another reading.
    mutating func settle(_ now: Timestamp) -> Timestamp {
        guard let trusted, now - trusted > Self.tolerance else {
            trusted = now
            doubts = 0
            return now
        }
        doubts += 1
        guard doubts >= Self.confirmations else { return trusted }
        doubts = 0
        self.trusted = now
        return now
    }
}
