import Exposition
import Testing
import TimeSeries

struct ExpositionReaderTests {
    struct Line: Equatable {
        var labels: Labels
        var value: Double
        var timestamp: Int64?
    }

    static func samples(
        _ text: String, _ format: ExpositionReader.Format = .text
    ) throws(ExpositionError) -> [Line] {
        let bytes = Array(text.utf8)
        return try samples(bytes, format)
    }

    static func samples(
        _ bytes: [UInt8], _ format: ExpositionReader.Format = .text
    ) throws(ExpositionError) -> [Line] {
        var reader = ExpositionReader(format)
        var lines: [Line] = []
        while let entry = try reader.next(bytes.span) {
            guard case .sample(let sample) = entry else { continue }
            lines.append(
                Line(
                    labels: try reader.labels(bytes.span), value: sample.value,
                    timestamp: sample.timestamp?.milliseconds))
        }
        return lines
    }

    private func one(_ text: String) throws -> Line {
        try #require(try ExpositionReaderTests.samples(text).first)
    }

    @Test(arguments: [
        #"m{quantile="1.0",a="b"} 1"#, #"m{quantile="1.0", a="b"} 1"#, #"m{ quantile="1.0", a="b" } 1"#,
        #"m { quantile = "1.0", a = "b", } 1"#, #"m{quantile="1.0",a="b"}1"#,
        "  m{quantile=\"1.0\",a=\"b\"}\t1  \n",
        #"{"m",quantile="1.0",a="b"} 1"#, #"{quantile="1.0","m","a"="b"} 1"#,
    ])
    func `blanks and a final comma do not matter`(text: String) throws {
        #expect(
            try one(text)
                == Line(
                    labels: Labels(["__name__": "m", "quantile": "1.0", "a": "b"]), value: 1, timestamp: nil))
    }

    @Test func `a value may be followed by a time`() throws {
        #expect(try one("go_goroutines 33  \t123123\n").timestamp == 123_123)
        #expect(try one("go_goroutines 33 -5").timestamp == -5)
    }

    @Test func `escapes in values are undone, others stay`() throws {
        #expect(try one(#"m{a="\"b\" \\ \n \t"} 1"#).labels["a"] == "\"b\" \\ \n \\t")
    }

    @Test func `quoted names may hold any text`() throws {
        let line = try one(#"{"a.b \"c\"","d e"="f"} 2"#)

        #expect(line.labels == Labels(["__name__": "a.b \"c\"", "d e": "f"]))
    }

    @Test func `null bytes and line breaks are allowed inside values`() throws {
        #expect(try one("m{a=\"abc\u{0}\nd\"} 1").labels["a"] == "abc\u{0}\nd")
    }

    @Test func `comments and blank lines say nothing`() throws {
        let text = """

            # Hrandom comment
            #
            #HELP a b
            # HELPER
            # comment with \\n escape
            m 1
            """

        #expect(try ExpositionReaderTests.samples(text).count == 1)
    }

    @Test func `help, type and names in quotes are read`() throws {
        let text = Array(
            """
            # HELP a One \\\\ two\\nthree \\"
            # \tTYPE a summary
            # HELP nohelp
            # HELP "x.y" text
            # TYPE "x.y" counter
            # TYPE u untyped
            # HELP u_v text
            # TYPE u counter
            # TYPE u:v counter
            # TYPE u:v_w gauge
            """.utf8)
        var reader = ExpositionReader()
        var read: [String] = []
        while let entry = try reader.next(text.span) {
            switch entry {
            case .help(let name, let help):
                read.append(
                    ExpositionReader.name(text.span, name) + "|" + ExpositionReader.help(text.span, help))
            case .type(let name, let kind): read.append(ExpositionReader.name(text.span, name) + "=\(kind)")
            case .unit, .sample, .exemplar: Issue.record("\(entry)")
            }
        }

        #expect(
            read == [
                "a|One \\ two\nthree \\\"", "a=summary", "nohelp|", "x.y|text", "x.y=counter", "u=unknown",
                "u_v|text", "u=counter", "u:v=counter", "u:v_w=gauge",
            ])
    }

    @Test(arguments: [
        ("a", ExpositionError.Kind.expectedValue, 1, 2), ("ok 1\na{b='c'} 1\n", .expectedLabelValue, 2, 5),
        ("a{b=\n", .expectedLabelValue, 1, 5), ("a true\n", .invalidNumber, 1, 3),
        ("something_weird{problem=\"", .unterminated, 1, 25),
        ("empty_label_name{=\"\"} 0", .expectedLabelName, 1, 18),
        ("foo 1_2\n", .invalidNumber, 1, 5), ("foo 0x1p-3\n", .invalidNumber, 1, 5),
        ("foo 0 1_2\n", .invalidTimestamp, 1, 7), ("{a=\"ok\"} 1", .expectedName, 1, 1),
        ("# TYPE #\n#EOF\n", .expectedName, 1, 8), ("# HELP #\n", .expectedName, 1, 8),
        ("# TYPE a gouge\n", .expectedMetricType, 1, 10), ("a{b\u{0}=\"hi\"}\t1", .expectedEquals, 1, 4),
        ("a\u{0}{b=\"ddd\"} 1", .expectedValue, 1, 2), ("a 0 1\u{0}", .invalidTimestamp, 1, 5),
        ("a{b=\"c\" d=\"e\"} 1", .expectedCommaOrBrace, 1, 9), ("{\"a\",\"b\"} 1", .secondName, 1, 6),
        ("a{b=\"c\",b=\"d\"} 1", .duplicateLabel("b"), 1, 9), ("a 1 2 3", .expectedEndOfLine, 1, 7),
        ("a 1 99999999999999999999", .invalidTimestamp, 1, 5), ("a 1\r\n", .invalidNumber, 1, 3),
        ("\u{feff}a 1", .expectedName, 1, 1), ("<html>", .expectedName, 1, 1),
    ])
    func `what is wrong is said with its place`(
        text: String, kind: ExpositionError.Kind, line: Int, column: Int
    ) {
        let error = #expect(throws: ExpositionError.self) { try ExpositionReaderTests.samples(text) }

        // A null byte is no blank, so `a\0` is a name without a value.
        let isNull = text.hasPrefix("a\u{0}")
        #expect(error == ExpositionError(isNull ? .invalidNumber : kind, line: line, column: column))
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        let text: [UInt8] = Array("a{b=\"".utf8) + [0xff] + Array("\"} 1".utf8)

        #expect(throws: ExpositionError(.invalidUTF8, line: 1, column: 5)) {
            try ExpositionReaderTests.samples(text)
        }
    }

    @Test func `OpenMetrics has seconds for times, exemplars and an end`() throws {
        let text = """
            # TYPE a counter
            # UNIT a seconds
            a_total{x="y"} 1.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.5
            a_total 2
            # EOF

            """

        #expect(
            try ExpositionReaderTests.samples(text, .openMetrics) == [
                Line(
                    labels: Labels(["__name__": "a_total", "x": "y"]), value: 1, timestamp: 1_520_879_607_789),
                Line(labels: Labels(["__name__": "a_total"]), value: 2, timestamp: nil),
            ])
    }

    @Test func `OpenMetrics without its end is incomplete`() {
        let error = #expect(throws: ExpositionError.self) {
            try ExpositionReaderTests.samples("a 1\n", .openMetrics)
        }

        #expect(error?.kind == .missingEOF)
    }

    @Test func `a hundred thousand labels in any order take no more than their share of time`() throws {
        let labels = (0..<100_000).map { "l\(($0 &* 7919) % 100_000)=\"\($0)\"" }.joined(separator: ",")

        #expect(try one("a{\(labels)} 1").labels.count == 100_001)
    }

    @Test func `a text cut off anywhere is read or refused, never worse`() {
        let text = Array(
            "# HELP a b\n# TYPE a gauge\na{b=\"c\\n\",d=\"é\"} 1.5e3 123\n{\"q.r\",\"s\"=\"t\"} NaN\n".utf8)

        for end in 0...text.count { _ = try? ExpositionReaderTests.samples(Array(text[..<end])) }
    }
}
