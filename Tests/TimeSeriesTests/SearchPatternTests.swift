import Testing

@testable import TimeSeries

@Suite struct SearchPatternTests {
    @Test func `it matches in the middle`() throws {
        #expect(try SearchPattern("b+").matches("abbc"))
        #expect(try !SearchPattern("^b").matches("abbc"))
    }

    @Test func `every match is replaced with its groups expanded`() throws {
        let pattern = try SearchPattern("(a)(?P<rest>b*)")

        #expect(pattern.replacingAll(in: "abb-a-é", with: "<${rest}$1>") == "<bba>-<a>-é")
    }

    @Test func `empty matches stand between characters`() throws {
        #expect(try SearchPattern("x*").replacingAll(in: "aé", with: "-") == "-a-é-")
    }

    @Test func `a dot does not match a newline`() throws {
        #expect(try !SearchPattern("a.b").matches("a\nb"))
    }
}
