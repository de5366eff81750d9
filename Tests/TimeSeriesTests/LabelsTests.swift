import Testing
import TimeSeries

struct LabelsTests {
    @Test func `labels are equal whatever the order they were given in`() {
        let a = Labels([(name: "job", value: "node"), (name: "__name__", value: "up")])
        let b = Labels([(name: "__name__", value: "up"), (name: "job", value: "node")])

        #expect(a == b)
        #expect(a.stableHash == b.stableHash)
        #expect(a.bytes == b.bytes)
    }

    @Test(arguments: [
        ["b", "", "a", "host-10", "host-9", "B"], ["z", "\u{e9}", "e\u{301}", "\u{1F600}", "\u{FFFD}"],
    ])
    func `texts are sorted by their bytes`(_ texts: [String]) {
        let expected = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }

        #expect(Labels.sorted(texts).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func `an empty value is an absent label`() {
        let labels = Labels(["job": "node", "zone": ""])

        #expect(labels["zone"] == nil)
        #expect(labels == Labels(["job": "node"]))
    }

    @Test func `the later of two equal names wins`() {
        #expect(Labels([(name: "a", value: "1"), (name: "a", value: "2")])["a"] == "2")
    }

    @Test func `a long value keeps its length`() {
        let long = String(repeating: "x", count: 70_000)
        let labels = Labels(["a": long, "b": "short"])

        #expect(labels["a"] == long)
        #expect(labels["b"] == "short")
    }

    @Test func `editing keeps the order of names`() {
        let labels = Labels(["b": "2", "a": "1"]).setting("c", to: "3").setting("b", to: "").merging(
            Labels(["a": "9"]))

        #expect(labels.pairs.map(\.name) == ["a", "c"])
        #expect(labels["a"] == "9")
        #expect(labels.removing(["a"]) == Labels(["c": "3"]))
        #expect(labels.keeping(["a"]) == Labels(["a": "9"]))
    }

    @Test func `labels order pair by pair and shorter first`() {
        let sorted = [Labels(["a": "1", "b": "1"]), Labels(["a": "1"]), Labels(["b": "0"]), Labels.empty]
            .sorted()

        #expect(
            sorted == [Labels.empty, Labels(["a": "1"]), Labels(["a": "1", "b": "1"]), Labels(["b": "0"])])
    }

    @Test func `the description is PromQL`() {
        #expect(Labels(["__name__": "up", "job": "a\"b\\\n"]).description == #"up{job="a\"b\\\n"}"#)
        #expect(Labels(["__name__": "up"]).description == "up")
        #expect(Labels(["__name__": "odd name", "a.b": "c"]).description == #"{"odd name", "a.b"="c"}"#)
        #expect(Labels.empty.description == "{}")
    }
}
