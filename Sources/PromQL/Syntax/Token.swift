/// A word, literal or punctuation mark of a query.
struct Token {
    enum Kind: Equatable {
        /// An identifier or keyword; which of the two the parser decides from its place.
        case word
        /// A number, or a duration as a number of seconds.
        case number(Double, isDuration: Bool)
        case string(String, invalidBytes: [UInt8]?)
        /// Punctuation, by its spelling in `text`.
        case mark
        case end
    }

    var kind: Kind
    var text: String
    var range: SourceRange

    func isMark(_ mark: String) -> Bool { kind == .mark && text == mark }

    /// As error messages name it.
    var description: String {
        switch kind {
        case .word: Token.keywords.contains(text.lowercased()) ? "<\(text)>" : "identifier \"\(text)\""
        case .number(_, let isDuration): "\(isDuration ? "duration" : "number") \"\(text)\""
        case .string: "string \(text.count > 40 ? text.prefix(40) + "..." : text)"
        case .mark: Token.operators.contains(text) ? "<op:\(text)>" : "\"\(text)\""
        case .end: "end of input"
        }
    }

    static let keywords: Set<String> = [
        "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "fill", "fill_left",
        "fill_right", "anchored", "smoothed", "and", "or", "unless", "atan2",
    ]
    static let operators: Set<String> = [
        "+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "=~", "!~", "</", ">/",
    ]
}
