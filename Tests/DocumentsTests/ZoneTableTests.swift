import Testing

@testable import Documents

struct ZoneTableTests {
    private let hour: Int64 = 3_600_000
    /// 25 October 2026, 00:00 UTC: clocks go back at 01:00 UTC in Berlin.
    private let autumn: Int64 = 1_792_886_400_000
    /// 29 March 2026, 00:00 UTC: clocks go forward at 01:00 UTC in Berlin.
    private let spring: Int64 = 1_774_742_400_000

    @Test func `offsets follow daylight saving time`() throws {
        let berlin = try #require(ZoneTable("Europe/Berlin"))

        #expect(berlin.offset(atMilliseconds: spring + hour - 1) == 3600)
        #expect(berlin.offset(atMilliseconds: spring + hour) == 7200)
        #expect(berlin.offset(atMilliseconds: autumn + hour - 1) == 7200)
        #expect(berlin.offset(atMilliseconds: autumn + hour) == 3600)
        #expect(ZoneTable("UTC")?.offset(atMilliseconds: autumn) == 0)
    }

    @Test func `a time that comes twice is the first, and one that is skipped counts by the clock before`()
        throws
    {
        let berlin = try #require(ZoneTable("Europe/Berlin"))

        #expect(berlin.moment(ofLocalMilliseconds: autumn + 5 * hour / 2) == autumn + hour / 2)
        #expect(berlin.moment(ofLocalMilliseconds: spring + 5 * hour / 2) == spring + hour)
        #expect(berlin.moment(ofLocalMilliseconds: spring + 4 * hour) == spring + 2 * hour)
        #expect(berlin.moment(ofLocalMilliseconds: autumn + 4 * hour) == autumn + 3 * hour)
    }

    @Test(arguments: ["", "Berlin", "Europe/Atlantis", "../etc/passwd", "CEST"])
    func `what the database does not have is refused`(name: String) {
        #expect(ZoneTable(name) == nil)
    }
}
