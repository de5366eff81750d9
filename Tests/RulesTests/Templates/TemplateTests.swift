import PromQL
import Testing
import TimeSeries

@testable import Rules

/// A template with the text that it yields, in the words of Prometheus' own table of cases.
struct TemplateCase: Sendable, CustomTestStringConvertible {
    var text: String
    var output: String
    var testDescription: String { text }

    init(_ text: String, _ output: String) {
        self.text = text
        self.output = output
    }
}

@Suite struct TemplateTests {
    static let a = VectorElement(
        labels: Labels([("__name__", "metric"), ("instance", "a"), ("__value__", "v")]), number: .float(11))
    static let b = VectorElement(
        labels: Labels([("__name__", "metric"), ("instance", "b")]), number: .float(21))

    static let context = TemplateContext(
        labels: Labels([("instance", "host:9100"), ("job", "node")]), value: .float(0.95),
        externalLabels: Labels([("cluster", "prod")]), externalURL: "http://testhost:9090/path/prefix",
        now: Timestamp(milliseconds: 1_435_065_584_128),
        answers: [
            "metric": [b, a], "missing": [], "1.5": [VectorElement(labels: .empty, number: .float(1.5))],
        ])

    private func expand(_ text: String) throws -> String { try Template(text).expand(Self.context) }

    @Test(arguments: [
        TemplateCase("plain text", "plain text"),
        TemplateCase("{{ 1 }}", "1"),
        TemplateCase("{{ \"<b>\" }}", "<b>"),
        TemplateCase("{{ $labels.instance }} of {{ $labels.job }}", "host:9100 of node"),
        TemplateCase("{{ .Labels.instance }}{{ $.Labels.job }}", "host:9100node"),
        TemplateCase("[{{ $labels.nothing }}]", "[]"),
        TemplateCase("{{ $value }} {{ .Value }}", "0.95 0.95"),
        TemplateCase("{{ $externalLabels.cluster }} {{ .ExternalLabels.cluster }}", "prod prod"),
        TemplateCase("{{ $externalURL }}", "http://testhost:9090/path/prefix"),
        TemplateCase("a  {{- 1 -}}  b", "a1b"),
        TemplateCase("a{{/* a comment */}}b {{- /* trimmed */ -}} c", "abc"),
        TemplateCase(
            "{{ if gt $value 0.9 }}high{{ else if gt $value 0.5 }}mid{{ else }}low{{ end }}", "high"),
        TemplateCase("{{ if and true (eq $labels.job \"x\" \"node\") }}y{{ end }}", "y"),
        TemplateCase("{{ if not (or false 0) }}y{{ else }}n{{ end }}", "y"),
        TemplateCase(
            "{{ with $labels.job }}{{ . }}{{ end }}{{ with $labels.no }}x{{ else }}none{{ end }}", "nodenone"),
        TemplateCase("{{ range $i, $e := query \"metric\" }}{{ $i }}={{ $e.Value }} {{ end }}", "0=21 1=11 "),
        TemplateCase(
            "{{ range $k, $v := $labels }}{{ $k }}:{{ $v }};{{ end }}", "instance:host:9100;job:node;"),
        TemplateCase("{{ range query \"missing\" }}x{{ else }}empty{{ end }}", "empty"),
        TemplateCase(
            "{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "02"),
        TemplateCase("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        TemplateCase("{{define \"x\"}}{{.arg0}} {{.arg1}}{{end}}{{template \"x\" (args 1 \"2\")}}", "1 2"),
        TemplateCase("{{ block \"y\" 7 }}<{{ . }}>{{ end }}", "<7>"),
        TemplateCase("{{ query \"1.5\" | first | value }}", "1.5"),
        TemplateCase("{{ query \"metric\" | first | label \"instance\" }}", "b"),
        TemplateCase("{{ query \"metric\" | sortByLabel \"instance\" | first | strvalue }}", "v"),
        TemplateCase(
            "{{ range query \"metric\" | sortByLabel \"instance\" }}{{.Labels.instance}}:{{.Value}}: {{end}}",
            "a:11: b:21: "),
        TemplateCase("{{ $x := query \"metric\" | first }}[{{ $x.Labels.foo }}]", "[]"),
        TemplateCase("{{ (index (query \"metric\") 1).Value }} {{ len (query \"metric\") }}", "11 2"),
        TemplateCase("{{ index $labels \"job\" }}{{ len $labels }}{{ slice \"abc\" 1 2 }}", "node2b"),
        TemplateCase(
            "{{ \"foo.example.com:12345\" | stripPort }} {{ \"[2001:0DB8::1]:12345\" | stripPort }}",
            "foo.example.com 2001:0DB8::1"),
        TemplateCase(
            "{{ \"[2001:0DB8::1]::12345\" | stripPort }} {{ \"2001:0DB8::1\" | stripPort }}",
            "[2001:0DB8::1]::12345 2001:0DB8::1"),
        TemplateCase(
            "{{ \"foo.example.com:12345\" | stripDomain }} {{ \"192.0.2.1:80\" | stripDomain }}",
            "foo:12345 192.0.2.1:80"),
        TemplateCase("{{ reReplaceAll \"(a)b\" \"x$1\" \"ab\" }}", "xa"),
        TemplateCase("{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}", "host"),
        TemplateCase("{{ match \"a+\" \"xaay\" }} {{ match \"a+\" \"b\" }}", "true false"),
        TemplateCase(
            "{{ \"aa bb CC\" | title }}{{ \"aa\" | toUpper }}{{ \"AA\" | toLower }}", "Aa Bb CCAAaa"),
        TemplateCase(
            "{{ graphLink \"up\" }} {{ tableLink \"a b\" }}",
            "/graph?g0.expr=up&g0.tab=0 /graph?g0.expr=a+b&g0.tab=1"),
        TemplateCase("{{ pathPrefix }} {{ externalURL }}", "/path/prefix http://testhost:9090/path/prefix"),
        TemplateCase("{{ printf \"%0.2f\" (parseDuration \"1h2m10ms\") }}", "3720.01"),
        TemplateCase(
            "{{ printf \"%.1f%% of %s, %d, %5.1f|%-4s|%04d %q %x %v\" 12.34 \"x\" 7 1.25 \"a\" 42 \"q\" 255 true }}",
            "12.3% of x, 7,   1.2|a   |0042 \"q\" ff true"),
        TemplateCase(
            "{{ printf \"%d\" 1.5 }} {{ printf \"%s\" }} {{ printf \"a\" 1 }}",
            "%!d(float64=1.5) %!s(MISSING) a%!(EXTRA int=1)"),
        TemplateCase("{{ html \"<a>\" }} {{ urlquery \"a b\" }} {{ print 1 2 }}", "&lt;a&gt; a+b 1 2"),
        TemplateCase(
            "{{ 1234567.0 }} {{ 100000.0 }} {{ 0.00001 }} {{ 1e100 }} {{ 123.456 }}",
            "1.234567e+06 100000 1e-05 1e+100 123.456"),
        TemplateCase(
            "{{ 0x1f }} {{ 'a' }} {{ `raw\\n` }} {{ \"\\u00e9\\x41\" }} {{ -1.5 }}", "31 97 raw\\n éA -1.5"),
        TemplateCase("{{ true }} {{ $labels }}", "true map[instance:host:9100 job:node]"),
    ]) func `a template expands`(_ example: TemplateCase) throws {
        #expect(try expand(example.text) == example.output)
    }

    @Test(arguments: [
        ("humanize", "0:1:1.235M:120m:+Inf:NaN", "0.0 1.0 1234567.0 .12 +Inf NaN"),
        ("humanize1024", "0:1:1Mi:0.12", "0 1 1048576 .12"),
        (
            "humanizeDuration", "0s:1s:1m 0s:1h 0m 0s:1d 1h 0m 0s:-2d 3h 4m 5s:14m 59s",
            "0 1 60 3600 90000 -183845 899.99"
        ),
        ("humanizeDuration", "100ms:100us:123.5ms:1m 0s:1.234s:12.35s", ".1 .0001 .12345 60.1 1.2345 12.345"),
        (
            "humanizePercentage", "-22.22%:0%:12.35%:123.5%:1.235e+08%",
            "-0.22222 0.0 0.1234567 1.23456 1234567"
        ),
        (
            "humanizeTimestamp",
            "1970-01-01 00:00:00 +0000 UTC:1969-12-31 23:59:59 +0000 UTC:2015-06-23 13:19:44.128 +0000 UTC:2262-04-11 23:47:16 +0000 UTC:-Inf",
            "0 -1 1435065584.128 9223372036 -Inf"
        ),
    ]) func `numbers become readable`(_ function: String, _ output: String, _ inputs: String) throws {
        let text = inputs.split(separator: " ").map { "{{ \"\($0)\" | \(function) }}" }.joined(separator: ":")

        #expect(try expand(text) == output)
    }

    @Test(arguments: [
        ("{{", 1, 1, "unclosed action: {{ without }}"),
        (
            "{{ $label.foo }}", 1, 4,
            "undefined variable \"$label\"; known are $labels, $externalLabels, $externalURL, $value"
        ),
        ("ab\n {{ nofunction 1 }}", 2, 5, "function \"nofunction\" not defined"),
        ("{{ if true }}", 1, 4, "missing {{end}}"),
        ("x{{ end }}", 1, 5, "unexpected {{end}}"),
        ("{{ }}", 1, 4, "missing value for command"),
        ("{{ 1 | 2 }}", 1, 8, "non executable command in pipeline stage 2"),
        ("{{ (1 }}", 1, 7, "unclosed left parenthesis"),
        ("{{ break }}", 1, 4, "{{break}} outside {{range}}"),
        ("{{ \"x }}", 1, 4, "unterminated string"),
        ("{{ define \"x\" }}{{ $labels.a }}{{ end }}", 1, 20, "undefined variable \"$labels\"; known are "),
        ("{{\u{a0}}}", 1, 3, "unexpected character \"\u{a0}\" in an action"),
    ]) func `what cannot work is refused when it is loaded`(
        _ text: String, _ line: Int, _ column: Int, _ message: String
    ) {
        #expect(throws: TemplateError(message, line: line, column: column)) { try Template(text) }
    }

    @Test(arguments: [
        ("{{ query \"missing\" | first }}", "error calling first: first() called on vector with no elements"),
        (
            "{{ $.labels.service }}",
            "can't evaluate field labels; there are .Labels, .ExternalLabels, .ExternalURL, .Value"
        ),
        ("{{ (query \"missing\").banana }}", "can't evaluate field banana in type list"),
        ("{{ humanize \"one\" }}", "error calling humanize: parsing \"one\": invalid syntax"),
        (
            "{{ if gt $value 1 }}{{ end }}",
            "error calling gt: incompatible types for comparison: int and float64"
        ),
        ("{{ template \"nope\" }}", "template \"nope\" not defined"),
        (
            "{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}",
            "templates call each other deeper than 32"
        ),
        ("{{ range 400 }}{{ range 400 }}{{ $x := 1 }}{{ end }}{{ end }}", "more than 100000 steps"),
        ("{{ reReplaceAll \"(\" \"\" \"\" }}", "missing ): (?-s:()"),
    ]) func `what fails while expanding is told`(_ text: String, _ message: String) throws {
        do {
            Issue.record("expanded to \(try expand(text))")
        } catch Template.Failure.failed(let error) {
            #expect(error.message.hasSuffix(message) || error.message.contains(message))
        }
    }

    @Test func `a query without an answer is asked for`() throws {
        #expect(throws: Template.Failure.needsAnswer(query: "sum(up)")) {
            try Template("{{ query \"sum(up)\" | first | value }}").expand(Self.context)
        }
    }

    @Test func `a long result is cut`() throws {
        let text = try expand("{{ range 5000 }}é{{ end }}")

        #expect(text.utf8.count <= Template.maxBytes)
        #expect(text.hasSuffix("é…"))
    }
}
