import PromQL
import Testing

@Suite struct ParserTests {
    @Test(arguments: [
        "1 + 2 * 3 ^ 2 ^ 2", "-a ^ 2", "-a * b", "a or b and c unless d", "a[5m:1m] @ start() offset -5m",
        "sum by (a, \"b.c\") (rate(x_total{code=~\"5..\"}[5m] offset 1h))", "topk(5, a)",
        "a / on (x) group_left (y) b", "a + ignoring (z) b", "a == bool b", "{\"foo.bar\",x=\"y\"}",
        "(1 + 2) * 3",
        "histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))", "sum without (a) (b)", "+Inf", "Inf ^ a",
        "2 ^ +Inf", "5m",
        "a @ 12.500",
    ])
    func `canonical text reads back to itself`(text: String) throws {
        #expect(try Expression.parse(text).description == text)
    }

    @Test(arguments: ["-NaN", "+NaN", "-0", "-Inf"])
    func `what a missing series is filled with reads back`(value: String) throws {
        let expression = try Expression.parse("a + fill(\(value)) b", features: .all)

        #expect(try Expression.parse(expression.description, features: .all) == expression)
    }

    @Test func `a quoted name means the same wherever it stands among the matchers`() throws {
        let canonical = try Expression.parse("{\"foo.bar\",a=\"b\",c!=\"d\"}")

        for text in ["{a=\"b\",\"foo.bar\",c!=\"d\"}", "{a=\"b\",c!=\"d\",\"foo.bar\"}"] {
            let expression = try Expression.parse(text)
            #expect(expression.description == canonical.description)
            #expect(try Expression.parse(expression.description) == expression)
        }
    }

    @Test func `operators bind as in Prometheus`() throws {
        guard case .sign(let sign) = try Expression.parse("-a ^ 2"), case .binary(let power) = sign.operand
        else {
            Issue.record("a sign binds looser than a power")
            return
        }
        #expect(power.operation == .power)
        guard case .binary(let or) = try Expression.parse("a or b and c") else { return }
        #expect(or.operation == .or)
    }

    @Test(arguments: [
        ("", "1:1: parse error: no expression found in input"),
        ("a +", "1:4: parse error: unexpected end of input"),
        ("sum(a", "1:6: parse error: unclosed left parenthesis"),
        ("a)", "1:2: parse error: unexpected right parenthesis ')'"),
        ("a\n + foo(b)", "2:4: parse error: unknown function with name \"foo\""),
        (
            "rate(a)",
            "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"
        ),
        ("1 == 2", "1:1: parse error: comparisons between scalars must use BOOL modifier"),
        ("{x=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("a[0s]", "1:3: parse error: duration must be greater than 0"),
        (
            "limitk(2, a)",
            "1:1: parse error: aggregation \"limitk\" is experimental and not enabled "
                + "(--enable-feature=promql-experimental-functions)"
        ),
        ("\"abc", "1:1: parse error: unterminated quoted string"),
    ])
    func `errors say where and what`(text: String, message: String) {
        let error = #expect(throws: QueryError.self) { try Expression.parse(text) }
        #expect(error?.description == message)
    }

    @Test func `a deeply nested query is refused`() {
        let text = String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000)
        let error = #expect(throws: QueryError.self) { try Expression.parse(text) }
        #expect(error?.message == "expression is nested deeper than the limit of 128")
    }

    @Test func `a huge query is refused`() {
        #expect(throws: QueryError.self) { try Expression.parse(String(repeating: "a", count: 10 << 20)) }
    }

    @Test func `a long chain of operators is refused`() {
        let text = Array(repeating: "1", count: 20_000).joined(separator: "+")
        let error = #expect(throws: QueryError.self) { try Expression.parse(text) }
        #expect(error?.message == "expression has more operators than the limit of 500")
    }

    @Test(arguments: [
        ("1_000_000", 1e6), ("0x1F", 31), ("0755", 493), (".5", 0.5), ("5.", 5), ("1e-3", 0.001),
        ("1h30m", 5400),
    ])
    func `numbers are read as Go reads them`(text: String, value: Double) throws {
        guard case .number(let literal) = try Expression.parse(text) else { return }
        #expect(literal.value == value)
    }

    @Test func `keywords may name metrics`() throws {
        for name in ["sum", "offset", "by", "start", "fill", "bool", "on", "group_left"] {
            #expect(try Expression.parse(name).metricNames == [name])
        }
    }

    @Test func `a long query is laid out over lines`() throws {
        let text =
            "sum by (job, instance) (rate(http_requests_total{job=\"api\",code=~\"5..\"}[5m])) / "
            + "sum by (job, instance) (rate(http_requests_total{job=\"api\"}[5m]))"
        #expect(
            try Expression.parse(text).formatted() == """
                  sum by (job, instance) (rate(http_requests_total{job="api",code=~"5.."}[5m]))
                /
                  sum by (job, instance) (rate(http_requests_total{job="api"}[5m]))
                """)
    }
}
