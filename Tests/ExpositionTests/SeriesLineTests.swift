import Exposition
import Testing
import TimeSeries

/// Series in the form that nearly all have are read by another way than the others: both must come to the same.
struct SeriesLineTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private func labels(_ text: [UInt8]) throws -> [Labels] {
        try ExpositionReaderTests.samples(text).map(\.labels)
    }

    private func labels(_ text: String) throws -> [Labels] { try labels(Array(text.utf8)) }

    private func word(_ length: Int, _ random: inout Generator) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
        let others = letters + Array("0123456789")
        return String((0..<length).map { ($0 == 0 ? letters : others).randomElement(using: &random) ?? "a" })
    }

    @Test func `names and values of any length stand where they are written`() throws {
        var random = Generator(state: 41)
        var text = ""
        var wanted: [Labels] = []
        for number in 0..<1000 {
            let name = word(Int.random(in: 1...90, using: &random), &random)
            var pairs: [(name: String, value: String)] = []
            for label in 0..<(number % 5) {
                let value = word(Int.random(in: 0...200, using: &random), &random)
                pairs.append((word(Int.random(in: 1...70, using: &random), &random) + "_\(label)", value))
            }
            let inner = pairs.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
            text += name + (pairs.isEmpty ? "" : "{\(inner)}") + " 1\n"
            if number % 3 == 0 { text += "# HELP \(name) \(word(number % 150, &random))\n" }
            wanted.append(Labels(pairs + [(name: "__name__", value: name)]))
        }

        #expect(try labels(text) == wanted)
    }

    @Test func `a name that begins as the one of the line before is read to its end`() throws {
        let names = ["ab", "a", "ab", "abc", "ab:c", "ab", "ab", "b", "ab"]
        let text = names.map { $0 + " 1\n" + $0 + "{x=\"y\"} 2\n" }.joined()

        #expect(
            try labels(text)
                == names.flatMap { [Labels(["__name__": $0]), Labels(["__name__": $0, "x": "y"])] })
    }

    @Test func `labels of any size are kept whole`() throws {
        for size in [200, 237, 238, 239, 240, 241, 256, 300, 1000] {
            let value = String(repeating: "v", count: size)

            #expect(try labels("m{a=\"\(value)\"} 1") == [Labels(["__name__": "m", "a": value])])
        }
    }

    @Test func `a text may end at any byte of a series' window`() throws {
        for length in 1...200 {
            let name = String(repeating: "n", count: length)

            #expect(try labels("\(name){a=\"b\"} 1") == [Labels(["__name__": name, "a": "b"])])
        }
    }

    @Test(arguments: UInt8.min...UInt8.max)
    func `a byte belongs to a name if it is a letter, a digit, an underscore or, in a metric's, a colon`(
        byte: UInt8
    ) throws {
        let scalar = String(UnicodeScalar(byte))
        let isWord = byte < 0x80 && (scalar == "_" || scalar.first.map { $0.isLetter || $0.isNumber } == true)

        let metric = try? labels(Array("a".utf8) + [byte] + Array("c 1".utf8))
        let label = try? labels(Array("m{a".utf8) + [byte] + Array("c=\"x\"} 1".utf8))

        #expect((metric == [Labels(["__name__": "a\(scalar)c"])]) == (isWord || scalar == ":"))
        #expect((label == [Labels(["__name__": "m", "a\(scalar)c": "x"])]) == (isWord))
    }

    @Test(arguments: UInt8.min...0x7f)
    func `a value may hold any byte of ASCII but a quote and a backslash as it is`(byte: UInt8) throws {
        let scalar = String(UnicodeScalar(byte))
        guard scalar != "\"", scalar != "\\" else { return }

        #expect(try labels("m{a=\"x\(scalar)y\"} 1") == [Labels(["__name__": "m", "a": "x\(scalar)y"])])
    }

    @Test func `a byte behind a backslash must be UTF-8 too`() {
        let text: [UInt8] = Array("m{a=\"\\".utf8) + [0xff] + Array("\"} 1".utf8)

        #expect(throws: ExpositionError(.invalidUTF8, line: 1, column: 5)) {
            try ExpositionReaderTests.samples(text)
        }
    }

    @Test(arguments: [
        #"m{Zone="1",a="2",z="3"} 1"#, #"m{z="3",a="2",Zone="1"} 1"#, #"m{a="2",empty="",z="3",Zone="1"} 1"#,
    ])
    func `labels are the same in any order, and without those that are empty`(text: String) throws {
        let wanted = Labels(["__name__": "m", "Zone": "1", "a": "2", "z": "3"])

        #expect(try labels(text).first?.bytes == wanted.bytes)
    }

    @Test func `a label that is there twice is refused, also with another between`() {
        #expect(throws: ExpositionError(.duplicateLabel("b"), line: 2, column: 15)) {
            try ExpositionReaderTests.samples("m{b=\"1\",c=\"2\",d=\"3\"} 1\nm{b=\"1\",c=\"2\",b=\"3\"} 1")
        }
    }

    @Test func `a usual line behind an unusual one has its own labels only`() throws {
        let text = "m{ a=\"1\", b=\"2\", c=\"\\n\" } 1\nm{d=\"4\"} 1\nm 1\n"

        #expect(
            try labels(text) == [
                Labels(["__name__": "m", "a": "1", "b": "2", "c": "\n"]),
                Labels(["__name__": "m", "d": "4"]), Labels(["__name__": "m"]),
            ])
    }
}
