/// A token inside `{{ }}`, or the text between two actions.
struct TemplateToken: Hashable {
    enum Kind: Hashable {
        case text(String)
        case open
        case close
        case identifier(String)
        /// `.name`, without the dot.
        case field(String)
        case variable(String)
        case dot
        case integer(Int64)
        case float(Double)
        case string(String)
        case pipe
        case leftParenthesis
        case rightParenthesis
        case declare
        case assign
        case comma
        case end
    }

    var kind: Kind
    var position: TemplatePosition
    /// Whether white space stands in front; it tells `.a.b` from `.a .b`.
    var isSpaced = false
}
