import Testing
import TimeSeries

struct RFC3339Tests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_435_781_430_781, "2015-07-01T20:10:30.781Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (1500, "1970-01-01T00:00:01.5Z"), (4_102_444_799_000, "2099-12-31T23:59:59Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
    ])
    func `a moment is written and read back`(_ milliseconds: Int64, _ text: String) {
        let moment = Timestamp(milliseconds: milliseconds)

        #expect(RFC3339.text(moment) == text)
        #expect(RFC3339.parse(text) == moment)
    }

    @Test(arguments: [
        "", "2015", "2015-07-01", "2015-07-01T20:10:30", "2015-13-01T00:00:00Z", "2015-02-29T00:00:00Z",
        "2015-07-01T24:00:00Z", "2015-07-01T20:10:30.Z", "2015-07-01T20:10:30+2:00", "2015-07-01 20:10:30Z",
        "2015-07-01T20:10:30Zx", "x015-07-01T20:10:30Z", "2015-07-00T00:00:00Z",
    ])
    func `what is no moment is refused`(_ text: String) {
        #expect(RFC3339.parse(text) == nil)
    }

    @Test func `zones and long fractions are understood`() {
        #expect(RFC3339.parse("2015-07-01T22:10:30.781999+02:00")?.milliseconds == 1_435_781_430_781)
        #expect(RFC3339.parse("2015-07-01T18:40:30-01:30")?.milliseconds == 1_435_781_430_000)
    }

    @Test func `what never happened is the zero time of Go`() {
        #expect(RFC3339.text(nil) == "0001-01-01T00:00:00Z")
    }
}
