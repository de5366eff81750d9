import Control
import TimeSeries

/// Notices that the wall clock was set: else it goes on as the time since the machine's start does, but for what
/// slewing makes of it.
struct ClockWatch {
    private var now: Timestamp
    private var uptime: Duration

    init(_ clock: any Clock) {
        now = clock.now
        uptime = clock.uptime
    }

    /// By how much the clock was set since the last time; nil where it was not.
    mutating func step(to now: Timestamp, uptime: Duration) -> Duration? {
        let step = (now - self.now) - (uptime - self.uptime)
        self.now = now
        self.uptime = uptime
        let slack = ControlLoop.clockSlack
        return step > slack || step < .zero - slack ? step : nil
    }
}
