import Testing
import TimeSeries

struct TimeTests {
    @Test(arguments: ["1h30m", "15s", "250ms", "14d", "1y2w3d4h5m6s7ms", "0s"])
    func `a duration reads back as it is written`(text: String) throws {
        let duration = try #require(text == "0s" ? .zero : Duration(prometheus: text))

        #expect(Duration(prometheus: duration.prometheusText) == duration)
    }

    @Test(arguments: ["", "5", "1m1h", "1s1s", "-1s", "1.5h", "99999999999999y", "h"])
    func `what is not a duration is refused`(text: String) {
        #expect(Duration(prometheus: text) == nil)
    }

    @Test func `differences of far moments saturate`() {
        #expect((Timestamp.distantFuture - Timestamp.distantPast).milliseconds == .max)
        #expect(Timestamp.distantFuture + .seconds(1) == .distantFuture)
        #expect(Timestamp.distantPast - .seconds(1) == .distantPast)
    }

    @Test func `only finite numbers become integers, and they clamp`() {
        #expect(Int64(clamping: .nan) == nil)
        #expect(Int64(clamping: -.infinity) == nil)
        #expect(Int64(clamping: 1e300) == .max)
        #expect(Int64(clamping: -1e300) == .min)
        #expect(Int64(clamping: 2.5) == 3)
    }

    @Test func `sleepers of a manual clock wake in the order of their deadlines`() async throws {
        let clock = ManualClock(now: Timestamp(milliseconds: 1000))
        async let late: Void = clock.sleep(for: .seconds(2))
        // Else it may fall asleep after the clock has moved, until later.
        while clock.nextDeadline != .seconds(2) { await Task.yield() }
        async let early: Void = clock.sleep(for: .seconds(1))
        while clock.nextDeadline != .seconds(1) { await Task.yield() }

        clock.advance(by: .seconds(1))
        try await early
        while clock.nextDeadline != .seconds(2) { await Task.yield() }
        clock.advance(by: .seconds(1))
        try await late

        #expect(clock.now == Timestamp(milliseconds: 3000))
    }
}
