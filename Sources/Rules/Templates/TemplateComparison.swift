/// `eq`, `ne`, `lt`, `le`, `gt` and `ge` of Go's text/template: both sides must be of the same basic type.
enum TemplateComparison {
    static func compare(
        _ name: String, _ arguments: [TemplateValue]
    ) throws(TemplateFunctions.Failure) -> Bool {
        guard arguments.count >= 2, name == "eq" || arguments.count == 2 else {
            throw .message("missing argument for comparison")
        }
        if name == "eq" {
            for other in arguments.dropFirst() where try areEqual(arguments[0], other) { return true }
            return false
        }
        let (left, right) = (arguments[0], arguments[1])
        switch name {
        case "ne": return !(try areEqual(left, right))
        case "lt": return try precedes(left, right)
        case "le": return try precedes(left, right) ? true : areEqual(left, right)
        case "gt": return try precedes(right, left)
        default: return try precedes(right, left) ? true : areEqual(left, right)
        }
    }

    private static func areEqual(
        _ a: TemplateValue, _ b: TemplateValue
    ) throws(TemplateFunctions.Failure) -> Bool {
        switch (a, b) {
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a), .integer(let b)): return a == b
        case (.float(let a), .float(let b)): return a == b
        case (.string(let a), .string(let b)): return a == b
        case (.none, .none): return true
        case (.none, _), (_, .none): return false
        default: throw mismatch(a, b)
        }
    }

    private static func precedes(
        _ a: TemplateValue, _ b: TemplateValue
    ) throws(TemplateFunctions.Failure) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): return a < b
        case (.float(let a), .float(let b)): return a < b
        case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
        default: throw mismatch(a, b)
        }
    }

    private static func mismatch(_ a: TemplateValue, _ b: TemplateValue) -> TemplateFunctions.Failure {
        .message("incompatible types for comparison: \(a.typeName) and \(b.typeName)")
    }
}
