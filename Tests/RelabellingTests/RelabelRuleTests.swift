import Documents
import Relabelling
import Testing
import TimeSeries

struct RelabelRuleTests {
    /// Applies rules written as in a configuration file.
    private func relabel(_ labels: [String: String], _ yaml: String) throws -> Labels? {
        RelabelRule.apply(try RelabelRuleTests.rules(yaml), to: Labels(labels))
    }

    static func rules(_ yaml: String) throws -> [RelabelRule] {
        let document = DocumentReader(file: "rules.yml")
        let root = try YAMLDocument.parse(yaml, file: "rules.yml")
        let rules = document.list(root, "rules") { RelabelRule.read($0, document) }
        return try document.finish(rules)
    }

    @Test func `replace writes what the groups matched`() throws {
        let result = try relabel(
            ["a": "foo", "b": "bar", "c": "baz"],
            """
            - { source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m' }
            - { source_labels: [c, a], regex: '(b).*b(.*)ba(.*)', target_label: d, replacement: '$1$2$2$3' }
            """)

        #expect(result == Labels(["a": "boobam", "b": "bar", "c": "baz", "d": "boooom"]))
    }

    @Test func `replace leaves the set alone where the pattern does not match`() throws {
        let result = try relabel(
            ["a": "boo"], "[{ source_labels: [a], regex: f, target_label: b, replacement: bar }]")

        #expect(result == Labels(["a": "boo"]))
    }

    @Test func `replace takes its target from the groups, and does nothing for an empty target`() throws {
        let yaml = """
            - { source_labels: [a], regex: 'some-([^-]+)-([^,]+)', target_label: '${1}', replacement: '${2}' }
            - { source_labels: [a], regex: 'some-([^-]+)-([^,]+)', target_label: '${3}', replacement: 'x' }
            """

        #expect(
            try relabel(["a": "some-name-value"], yaml) == Labels(["a": "some-name-value", "name": "value"]))
    }

    @Test func `an empty replacement removes the label`() throws {
        #expect(
            try relabel(["a": "1", "b": "2"], "[{ target_label: a, replacement: '' }]") == Labels(["b": "2"]))
    }

    @Test func `keep and drop look at the whole value`() throws {
        #expect(try relabel(["a": "foo"], "[{ source_labels: [a], regex: 'f.*', action: keep }]") != nil)
        #expect(try relabel(["a": "foo"], "[{ source_labels: [a], regex: 'no', action: keep }]") == nil)
        #expect(try relabel(["a": "foo"], "[{ source_labels: [a], regex: '.*o.*', action: drop }]") == nil)
        #expect(try relabel(["a": "foo"], "[{ source_labels: [a], regex: 'f|o', action: drop }]") != nil)
    }

    @Test func `keepequal and dropequal compare with the target`() throws {
        let labels = ["t": "1234", "p1": "1234", "p2": "5678"]

        #expect(try relabel(labels, "[{ source_labels: [t], action: keepequal, target_label: p1 }]") != nil)
        #expect(try relabel(labels, "[{ source_labels: [t], action: keepequal, target_label: p2 }]") == nil)
        #expect(try relabel(labels, "[{ source_labels: [t], action: dropequal, target_label: p1 }]") == nil)
        #expect(try relabel(labels, "[{ source_labels: [t], action: dropequal, target_label: p2 }]") != nil)
    }

    @Test(arguments: [("baz", "976"), ("foo\nbar", "734")])
    func `hashmod gives Prometheus' shards`(value: String, shard: String) throws {
        let result = try relabel(
            ["c": value], "[{ source_labels: [c], target_label: d, action: hashmod, modulus: 1000 }]")

        #expect(result?["d"] == shard)
    }

    @Test func `labelmap copies labels under other names`() throws {
        let result = try relabel(
            ["a": "foo", "__meta_my_bar": "aaa", "__meta_my_baz": "bbb"],
            "[{ regex: '__meta_(my.*)', action: labelmap }]")

        #expect(
            result
                == Labels([
                    "a": "foo", "__meta_my_bar": "aaa", "__meta_my_baz": "bbb", "my_bar": "aaa",
                    "my_baz": "bbb",
                ]))
    }

    @Test func `labeldrop and labelkeep choose by name`() throws {
        let labels = ["a": "foo", "b1": "bar", "b2": "baz"]

        #expect(try relabel(labels, "[{ regex: '(b.*)', action: labeldrop }]") == Labels(["a": "foo"]))
        #expect(
            try relabel(labels, "[{ regex: '(b.*)', action: labelkeep }]")
                == Labels(["b1": "bar", "b2": "baz"]))
    }

    @Test func `lowercase and uppercase change the case`() throws {
        let result = try relabel(
            ["foo": "bAr123Foo"],
            """
            - { source_labels: [foo], action: Uppercase, target_label: up }
            - { source_labels: [foo], action: lowercase, target_label: low }
            """)

        #expect(result == Labels(["foo": "bAr123Foo", "up": "BAR123FOO", "low": "bar123foo"]))
    }

    @Test func `defaults are those of Prometheus`() throws {
        let rule = try #require(try RelabelRuleTests.rules("[{ target_label: a }]").first)

        #expect(rule.action == .replace)
        #expect(rule.separator == ";")
        #expect(rule.pattern.text == "(.*)")
        #expect(rule.replacement == "$1")
    }

    @Test(arguments: [
        ("[{ action: null }]", "action must not be empty"),
        ("[{ action: explode }]", "action must be one of"),
        ("[{ regex: abcdef }]", "action replace needs target_label"),
        ("[{ regex: 'abc(def', target_label: a }]", "regular expression"),
        ("[{ action: hashmod, source_labels: [a], target_label: b }]", "modulus"),
        ("[{ action: hashmod, source_labels: [a], modulus: 8 }]", "target_label"),
        ("[{ action: labeldrop, source_labels: [a] }]", "takes only regex"),
        ("[{ action: labelkeep, modulus: 8 }]", "takes only regex"),
        ("[{ action: labelkeep, separator: ',' }]", "takes only regex"),
        (
            "[{ action: keepequal, source_labels: [a], regex: foo, target_label: b }]",
            "takes only source_labels"
        ),
        ("[{ action: dropequal, source_labels: [a] }]", "target_label"),
        ("[{ action: uppercase, source_labels: [a], target_label: a, replacement: b }]", "no replacement"),
        ("[{ target_label: a, colour: red }]", "unknown key \"colour\""),
        ("[ ~ ]", "empty relabelling rule"),
    ])
    func `a rule that cannot mean anything is refused`(yaml: String, reason: String) {
        let error = #expect(throws: DocumentError.self) { try RelabelRuleTests.rules(yaml) }

        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("rules.yml:1:") == true)
    }

    @Test func `labels that look alike are two`() throws {
        let (one, two) = ("\u{e9}", "e\u{301}")
        let labels = Labels([(one, "1"), (two, "2")])

        let result = RelabelRule.apply(
            [try RelabelRule(action: .replace, sourceLabels: [two], targetLabel: "seen")], to: labels)

        #expect(result?["seen"] == "2")
        let same = try RelabelRule(action: .keepequal, sourceLabels: ["a"], targetLabel: "b")
        #expect(RelabelRule.apply([same], to: Labels(["a": one, "b": two])) == nil)
        #expect(RelabelRule.apply([same], to: Labels(["a": one, "b": one])) != nil)
    }
}
