import Testing

@testable import Storage

struct SymbolTableTests {
    @Test func `a text has one number, alone and among others`() {
        var table = SymbolTable()
        let texts = (0..<5000).map { "text \($0) \(String(repeating: "x", count: $0 % 40))" }
        let bytes = Array(texts.joined().utf8)

        let numbers = texts.map { table.intern($0) }
        var end = 0
        let again = texts.map { text in
            end += text.utf8.count
            return table.intern(bytes, end - text.utf8.count..<end)
        }

        #expect(Set(numbers).count == texts.count)
        #expect(again == numbers)
        #expect(texts.map { table.find($0) } == numbers)
        #expect(numbers.map { table[$0] } == texts)
    }

    @Test func `texts that only look the same have numbers of their own`() {
        var table = SymbolTable()
        let composed = table.intern("caf\u{e9}")
        let decomposed = table.intern("cafe\u{301}")

        #expect(composed != decomposed)
        #expect(Array(table[decomposed].utf8) == Array("cafe\u{301}".utf8))
        #expect(table.find("caf\u{e9}") == composed)
    }

    @Test func `bytes that are no UTF-8 have one number however often they come`() {
        var table = SymbolTable()
        let bytes: [UInt8] = [0x61, 0xff, 0x62]

        let first = table.intern(bytes, 0..<3)

        #expect(table.intern(bytes, 0..<3) == first)
        #expect(table.count == 1)
    }
}
