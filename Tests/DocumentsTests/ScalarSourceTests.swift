import Testing

@testable import Documents

@Suite struct ScalarSourceTests {
    /// The position of `needle` in the file, found through its place in the value under key `a`.
    private func place(of needle: String, in file: String) throws -> Position {
        let root = try YAMLDocument.parse(file, file: "f")
        let node = try #require(root["a"])
        let text = try #require(node.text)
        let before = try text[..<#require(text.firstRange(of: needle)).lowerBound]
        let line = before.filter { $0 == "\n" }.count + 1
        let column = before.split(separator: "\n", omittingEmptySubsequences: false).last?.count ?? 0
        return ScalarSource(file).position(in: node, line: line, column: column + 1)
    }

    @Test func `a plain scalar`() throws {
        #expect(try place(of: "X", in: "a: 1 + X") == Position(line: 1, column: 8))
    }

    @Test func `a plain scalar over several lines`() throws {
        #expect(try place(of: "X", in: "a: 1\n   + 2\n   + X\nb: 1") == Position(line: 3, column: 6))
    }

    @Test func `a double-quoted scalar with escapes`() throws {
        #expect(try place(of: "X", in: #"a: "b\"c\"\\ X""#) == Position(line: 1, column: 14))
    }

    @Test func `a single-quoted scalar with a doubled quote`() throws {
        #expect(try place(of: "X", in: "a: 'it''s X'") == Position(line: 1, column: 11))
    }

    @Test func `a literal block`() throws {
        #expect(try place(of: "X", in: "b: 0\na: |\n    one\n      two X\n") == Position(line: 4, column: 11))
    }

    @Test func `an anchored block`() throws {
        #expect(try place(of: "X", in: "a: &expr |\n  one\n  X\n") == Position(line: 3, column: 3))
    }
}
