import TimeSeries

/// A matcher prepared for one query: its name as a symbol, and what is known of values so far. Each distinct
/// value is compared once a query, however many layouts have it.
final class Condition {
    let matcher: Matcher
    let name: SymbolTable.Symbol?
    /// Whether a series without the label meets it.
    let matchesEmpty: Bool
    private let symbols: SymbolTable
    /// The symbols of the only values that match, where the matcher tells.
    let literals: [SymbolTable.Symbol]?
    private var known: [SymbolTable.Symbol: Bool] = [:]

    init(_ matcher: Matcher, _ symbols: SymbolTable) {
        self.matcher = matcher
        self.symbols = symbols
        name = symbols.find(matcher.name)
        matchesEmpty = matcher.matches("")
        switch matcher.operation {
        case .equal: literals = [symbols.find(matcher.value)].compactMap { $0 }
        case .regex: literals = matcher.expression?.literals.map { $0.compactMap(symbols.find) }
        case .notEqual, .notRegex: literals = nil
        }
    }

    func matches(_ value: SymbolTable.Symbol) -> Bool {
        if let literals { return literals.contains(value) }
        if let answer = known[value] { return answer }
        let answer = matcher.matches(symbols[value])
        known[value] = answer
        return answer
    }
}
