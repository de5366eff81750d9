import Testing
import TimeSeries

@testable import Daemon

@Suite struct RetentionClockTests {
    private func minute(_ number: Int) -> Timestamp { Timestamp(milliseconds: Int64(number) * 60_000) }

    @Test func `a clock that goes on is believed, backwards too`() {
        var clock = RetentionClock(newest: minute(100))

        for now in [100, 101, 160, 30, 31] { #expect(clock.settle(minute(now)) == minute(now)) }
    }

    @Test func `a jump ahead is believed once it was told ten times, and forgotten when it is taken back`() {
        var clock = RetentionClock(newest: minute(100))
        for _ in 0..<9 { #expect(clock.settle(minute(100_000)) == minute(100)) }
        #expect(clock.settle(minute(110)) == minute(110))

        for reading in 0..<9 { #expect(clock.settle(minute(200_000 + reading)) == minute(110)) }
        #expect(clock.settle(minute(200_009)) == minute(200_009))
    }

    @Test func `without an earlier run the first reading is all there is`() {
        var clock = RetentionClock(newest: nil)

        #expect(clock.settle(minute(7)) == minute(7))
    }
}
