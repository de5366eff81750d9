/// Each text once, by a dense number. Label names and values are compared and stored as these numbers.
struct SymbolTable: Sendable {
    typealias Symbol = UInt32

    private var numbers: [String: Symbol] = [:]
    private var texts: [String] = []

    subscript(symbol: Symbol) -> String { texts[Int(symbol)] }

    var count: Int { texts.count }

    func find(_ text: String) -> Symbol? { numbers[text] }

    mutating func intern(_ text: String) -> Symbol {
        if let number = numbers[text] { return number }
        let number = Symbol(texts.count)
        texts.append(text)
        numbers[text] = number
        return number
    }
}
