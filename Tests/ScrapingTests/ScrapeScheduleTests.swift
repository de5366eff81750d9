import Scraping
import Testing
import TimeSeries

struct ScrapeScheduleTests {
    @Test func `the next start is on the grid, after now and at most one interval away`() {
        for hash in UInt64(0)..<50 {
            let now = Timestamp(milliseconds: 1_700_000_000_123)
            let next = ScrapeSchedule.next(
                after: now, hash: hash &* 0x9e37_79b9_7f4a_7c15, interval: .seconds(15))

            #expect(next > now)
            #expect(next - now <= .seconds(15))
            #expect(next.milliseconds % 100 == 0)
        }
    }

    @Test func `a start does not follow itself at once`() {
        let first = ScrapeSchedule.next(after: Timestamp(milliseconds: 5), hash: 42, interval: .seconds(10))
        let second = ScrapeSchedule.next(after: first, hash: 42, interval: .seconds(10))

        #expect(second - first == .seconds(10))
    }

    @Test func `many targets are spread over their interval`() {
        let offsets = (0..<1000).map {
            ScrapeSchedule.offset(hash: UInt64($0), interval: .seconds(10)).milliseconds
        }
        let quarters = Dictionary(grouping: offsets) { $0 / 2500 }.mapValues(\.count)

        #expect(quarters.count == 4)
        #expect(quarters.values.allSatisfy { (150...350).contains($0) })
    }

    @Test func `short intervals have shorter slots, and time before 1970 has starts too`() {
        #expect(ScrapeSchedule.slot(of: .milliseconds(200)) == .milliseconds(20))
        #expect(ScrapeSchedule.slot(of: .milliseconds(3)) == .milliseconds(1))
        let before = Timestamp(milliseconds: -12_345)
        let next = ScrapeSchedule.next(after: before, hash: 7, interval: .seconds(1))
        #expect(next > before)
        #expect(next - before <= .seconds(1))
    }

    @Test func `samples bear the planned time unless the start was late`() {
        let planned = Timestamp(milliseconds: 1000)

        #expect(
            ScrapeSchedule.timestamp(
                planned: planned, started: planned + .milliseconds(9), interval: .seconds(15))
                == planned)
        #expect(
            ScrapeSchedule.timestamp(
                planned: planned, started: planned + .milliseconds(11), interval: .seconds(15))
                == planned + .milliseconds(11))
    }
}
