import Testing

@testable import Documents

@Suite struct MergeKeyTests {
    @Test func `a merge key brings the keys of another mapping`() throws {
        let root = try YAMLDocument.parse("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n", file: "f")

        #expect(root["y"]?["a"]?.text == "1")
        #expect(root["y"]?["b"]?.text == "3")
        #expect(root["y"]?["<<"] == nil)
    }

    @Test func `of several merged mappings the first wins`() throws {
        let root = try YAMLDocument.parse("x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: [*x, *z]}\n", file: "f")

        #expect(root["y"]?["a"]?.text == "1")
        #expect(root["y"]?["c"]?.text == "3")
    }

    @Test func `a merge key before something else is an error with its place`() {
        #expect(
            throws: DocumentError([
                Problem(
                    file: "f", position: Position(line: 1, column: 5),
                    message: "<< must be followed by a mapping or a list of them, found a single value")
            ])
        ) { try YAMLDocument.parse("<<: 1", file: "f") }
    }
}
