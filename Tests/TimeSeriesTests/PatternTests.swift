import Testing
import TimeSeries

struct PatternTests {
    @Test func `a pattern matches the whole text only`() throws {
        let pattern = try Pattern("a.*b|c")

        #expect(pattern.matches("a123b"))
        #expect(pattern.matches("a\nb"))
        #expect(pattern.matches("c"))
        #expect(!pattern.matches("cc"))
        #expect(!pattern.matches("xa1b"))
    }

    @Test func `plain alternatives are known as literals`() throws {
        #expect(try Pattern("api|web").literals == ["api", "web"])
        #expect(try Pattern("api.*").literals == nil)
        #expect(try Pattern("api|").matches(""))
    }

    @Test(arguments: [
        ("node_.*", "node_"), ("abc*", "ab"), ("a|b.*", ""), ("(?i)node_.*", ""), ("grüß?.*", "grü"),
    ])
    func `the prefix is what every match starts with`(text: String, prefix: String) throws {
        #expect(try Pattern(text).prefix == prefix)
    }

    @Test func `groups expand as in Go`() throws {
        let pattern = try Pattern("(?<host>[^:]+):(\\d+)")

        #expect(pattern.expand("$1-$2", matching: "n1:80") == "n1-80")
        #expect(pattern.expand("${host}/$$/${9}", matching: "n1:80") == "n1/$/")
        #expect(pattern.expand("$1x", matching: "n1:80") == "")
        #expect(pattern.expand("$1", matching: "n1") == nil)
    }

    @Test func `a broken expression says what is wrong`() {
        #expect(throws: PatternError.self) { try Pattern("a(b") }
    }

    @Test func `a matcher treats an absent label as empty`() throws {
        let labels = Labels(["job": "node"])

        #expect(try Matcher("zone", .regex, ".*").matches(labels))
        #expect(try !Matcher("zone", .regex, ".+").matches(labels))
        #expect(try Matcher("zone", .notEqual, "a").matches(labels))
        #expect(try Matcher("job", .notRegex, "api|web").matches(labels))
    }

    @Test(arguments: [")(", "a)|(b", "(?i:a)b)(c", #"\C"#, #"a\C*"#])
    func `what is no expression in Go is refused`(text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test func `escapes that only look like refused ones are taken`() throws {
        #expect(try Pattern(#"\\C"#).matches(#"\C"#))
        #expect(try Pattern(#"\Q\C)(\E|b"#).matches(#"\C)("#))
        #expect(try Pattern(#"(a)\)[)]"#).matches("a))"))
    }
}
