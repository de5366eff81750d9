/// What start timestamps tell about counters.
enum StartTimes {
    /// Whether a counter started anew between two samples.
    ///
    /// A start at the previous sample is a reset for deltas, whose previous start is known, and none for a
    /// cumulative series of unknown start (OpenTelemetry's data model).
    static func isReset(previous: (start: Int64, time: Int64), current: (start: Int64, time: Int64)) -> Bool {
        guard current.start != 0, current.start < current.time else { return false }
        if current.start != previous.time { return current.start > previous.time }
        return previous.start < previous.time && previous.start != 0
    }

    /// Whether a sample claims to have started before the one in front of it was taken.
    static func overlap(previous: (start: Int64, time: Int64), current: Int64) -> Bool {
        current != 0 && current < previous.time && current != previous.start
    }
}
