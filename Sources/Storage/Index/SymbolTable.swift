import Codecs
import TimeSeries

/// Each text once, by a dense number. Label names and values are compared and stored as these numbers.
struct SymbolTable: Sendable {
    typealias Symbol = UInt32

    private var slots = HashSlots()
    private var texts: [String] = []

    subscript(symbol: Symbol) -> String { texts[Int(symbol)] }

    var count: Int { texts.count }

    func find(_ text: String) -> Symbol? {
        let bytes = text.utf8Span.span
        return find(bytes, SymbolTable.hash(bytes))
    }

    /// Whether a text that stands among others has a number.
    func has(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        let text = bytes.span.extracting(range)
        return find(text, SymbolTable.hash(text)) != nil
    }

    mutating func intern(_ text: String) -> Symbol {
        let bytes = text.utf8Span.span
        let hash = SymbolTable.hash(bytes)
        if let number = find(bytes, hash) { return number }
        let number = Symbol(texts.count)
        slots.insert(hash, number)
        texts.append(text)
        return number
    }

    /// The same for a text that stands among others; it becomes a string only where it is new, or no UTF-8.
    mutating func intern(_ bytes: [UInt8], _ range: Range<Int>) -> Symbol {
        let text = bytes.span.extracting(range)
        return find(text, SymbolTable.hash(text)) ?? intern(String(decoding: bytes[range], as: UTF8.self))
    }

    private func find(_ text: Span<UInt8>, _ hash: UInt64) -> Symbol? {
        slots.find(hash) { number in
            let known = texts[Int(number)]
            return known.utf8Span.span.equals(text)
        }
    }

    private static func hash(_ text: Span<UInt8>) -> UInt64 { Labels.hash(text) }
}
