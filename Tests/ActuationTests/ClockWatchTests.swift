import Testing
import TimeSeries

@testable import Actuation

struct ClockWatchTests {
    @Test(arguments: [3600, -3600, 11, -11])
    func `a clock that is set is noticed once, by how much`(seconds: Int) {
        let clock = ManualClock(now: Timestamp(milliseconds: 1_000_000_000))
        var watch = ClockWatch(clock)
        clock.advance(by: .seconds(400))
        #expect(watch.step(to: clock.now, uptime: clock.uptime) == nil)

        clock.advance(by: .seconds(2))
        clock.jump(to: clock.now + .seconds(seconds))

        #expect(watch.step(to: clock.now, uptime: clock.uptime) == .seconds(seconds))
        clock.advance(by: .seconds(1))
        #expect(watch.step(to: clock.now, uptime: clock.uptime) == nil)
    }

    @Test(arguments: [9, -9])
    func `a clock that is slewed was not set`(seconds: Int) {
        let clock = ManualClock(now: Timestamp(milliseconds: 1_000_000_000))
        var watch = ClockWatch(clock)
        clock.jump(to: clock.now + .seconds(seconds))

        #expect(watch.step(to: clock.now, uptime: clock.uptime) == nil)
    }
}
