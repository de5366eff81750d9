import Codecs
import TimeSeries

/// Each text once, by a dense number. Label names and values are compared and stored as these numbers.
struct SymbolTable: Sendable {
    typealias Symbol = UInt32

    private var slots = HashSlots()
    private var texts: [String] = []

    subscript(symbol: Symbol) -> String { texts[Int(symbol)] }

    var count: Int { texts.count }

    func find(_ text: String) -> Symbol? { find(text.utf8Span.span) }

    mutating func intern(_ text: String) -> Symbol {
        if let number = find(text) { return number }
        let number = Symbol(texts.count)
        slots.insert(SymbolTable.hash(text.utf8Span.span), number)
        texts.append(text)
        return number
    }

    /// The same for a text that stands among others; it becomes a string only where it is new, or no UTF-8.
    mutating func intern(_ bytes: [UInt8], _ range: Range<Int>) -> Symbol {
        find(bytes.span.extracting(range)) ?? intern(String(decoding: bytes[range], as: UTF8.self))
    }

    private func find(_ text: Span<UInt8>) -> Symbol? {
        slots.find(SymbolTable.hash(text)) { number in
            let known = texts[Int(number)]
            return known.utf8Span.span.equals(text)
        }
    }

    private static func hash(_ text: Span<UInt8>) -> UInt64 { Labels.hash(text) &* 0x9e37_79b9_7f4a_7c15 }
}
