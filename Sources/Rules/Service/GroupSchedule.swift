import TimeSeries

/// When a group is evaluated: at its slots, one after the other. Slots that pass during a long evaluation are missed,
/// never piled up; when the wall clock goes back, the slots begin anew.
struct GroupSchedule {
    struct Turn: Equatable {
        var moment: Timestamp
        var missed: Int
        /// By how much the wall clock moved more than time did.
        var clockJump: Duration
    }

    /// Smaller differences between wall clock and uptime are slewing and rounding.
    static let jumpTolerance = Duration.seconds(2)

    private let group: RuleGroup
    private var next: Timestamp
    private var last: (now: Timestamp, uptime: Duration)

    init(_ group: RuleGroup, now: Timestamp, uptime: Duration) {
        self.group = group
        next = group.slot(atOrBefore: now) + group.interval
        last = (now, uptime)
    }

    /// How long to sleep until the next slot.
    mutating func wait(now: Timestamp) -> Duration {
        if next - now > group.interval { next = group.slot(atOrBefore: now) + group.interval }
        return max(.zero, next - now)
    }

    /// The slot to evaluate now, or nil where none has come yet.
    mutating func turn(now: Timestamp, uptime: Duration) -> Turn? {
        guard now >= next else { return nil }
        let drift = (now - last.now) - (uptime - last.uptime)
        let jump = drift > Self.jumpTolerance || drift < .zero - Self.jumpTolerance ? drift : .zero
        last = (now, uptime)
        let step = max(1, group.interval.milliseconds)
        let passed = (now - next).milliseconds / step
        // Slots that a jump skipped never were; they are not missed.
        let missed = jump == .zero ? Int(passed) : 0
        let moment = next + .milliseconds(passed * step)
        next = moment + group.interval
        return Turn(moment: moment, missed: missed, clockJump: jump)
    }
}
