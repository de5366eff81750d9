import Foundation
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

    @Test func `names that look alike are two names`() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        let labels = Labels([(name: composed, value: "1"), (name: decomposed, value: "2")])

        #expect(labels.count == 2)
        #expect(labels[composed] == "1" && labels[decomposed] == "2")
        #expect(labels == Labels(labels.pairs))
        #expect(Matcher(equal: composed, "1").matches(labels))
        #expect(!Matcher(equal: "a", composed).matches(decomposed))
        #expect(try !JSONEncoder().encode([labels]).isEmpty)
    }

    @Test func `texts that share the hash of all processes do not share that of this one`() {
        // One word after the other goes into the hash of all processes: what a second one has to be is known.
        func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
            let product = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            return product ^ product >> 29
        }
        let head: [UInt8] = [1, UInt8(ascii: "a"), 21] + Array("value".utf8)
        let first = mixed(0xcbf2_9ce4_8422_2325 ^ 24, head.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        let all = (0..<1000).map { number in
            let word = UInt64(number) &* 0x0101
            let second = 0x1234_5678 ^ mixed(first, word)
            return Labels(
                canonical: [word, second].reduce(into: head) { bytes, word in
                    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
                })
        }

        #expect(Set(all.map(\.stableHash)).count == 1)
        #expect(Set(all.map(\.processHash)).count == 1000)
    }

    @Test(arguments: 0..<40) func `each byte of a text counts in its hash`(_ length: Int) {
        let text = (0..<length).map { UInt8($0) }
        let hashes = text.indices.map { index in
            var other = text
            other[index] ^= 0x80
            return Labels.hash(other.span)
        }

        #expect(Set(hashes + [Labels.hash(text.span), Labels.hash((text + [0]).span)]).count == length + 2)
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
