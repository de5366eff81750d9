import TimeSeries

/// The functions that a template may call: those of Go's text/template and those of Prometheus.
enum TemplateFunctions {
    enum Failure: Error {
        case message(String)
        case needsAnswer(query: String)
    }

    static let names: Set<String> = [
        "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js", "urlquery",
        "eq", "ne", "lt", "le", "gt", "ge",
        "query", "first", "label", "value", "strvalue", "sortByLabel", "args",
        "reReplaceAll", "match", "title", "toUpper", "toLower", "safeHtml", "stripPort", "stripDomain",
        "graphLink", "tableLink", "pathPrefix", "externalURL", "parseDuration", "toTime", "now",
        "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp",
    ]

    static func call(
        _ name: String, _ arguments: [TemplateValue], in context: TemplateContext
    ) throws(Failure) -> TemplateValue {
        switch name {
        case "and", "or":
            guard let last = arguments.last else { throw wrongCount(name, "at least 1", arguments) }
            return last
        case "not": return .bool(!(try one(name, arguments)).isTrue)
        case "print": return .string(arguments.map(\.text).joined(separator: " "))
        case "println": return .string(arguments.map(\.text).joined(separator: " ") + "\n")
        case "printf":
            guard let format = arguments.first else { throw wrongCount(name, "at least 1", arguments) }
            return .string(GoPrintf.format(try text(format), Array(arguments.dropFirst())))
        case "html", "js", "urlquery", "safeHtml":
            return .string(escape(arguments.map(\.text).joined(), as: name))
        case "len": return .integer(try length(try one(name, arguments)))
        case "index": return try index(arguments)
        case "slice": return try slice(arguments)
        case "eq", "ne", "lt", "le", "gt", "ge": return .bool(try TemplateComparison.compare(name, arguments))
        case "args":
            return .map(Dictionary(uniqueKeysWithValues: arguments.enumerated().map { ("arg\($0)", $1) }))
        case "now": return .float(context.now.seconds)
        case "pathPrefix": return .string(path(of: context.externalURL))
        case "externalURL": return .string(context.externalURL)
        case "query", "first", "label", "value", "strvalue", "sortByLabel":
            return try callQuery(name, arguments, in: context)
        case "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp",
            "toTime":
            return try humanize(name, try one(name, arguments))
        default: return try callText(name, arguments)
        }
    }

    // MARK: Queries

    private static func callQuery(
        _ name: String, _ arguments: [TemplateValue], in context: TemplateContext
    ) throws(Failure) -> TemplateValue {
        switch name {
        case "query":
            let query = try text(try one(name, arguments))
            guard let answer = context.answers[query] else { throw .needsAnswer(query: query) }
            return .list(answer.map { TemplateValue($0) })
        case "first":
            let items = try list(try one(name, arguments))
            guard let first = items.first else {
                throw .message("first() called on vector with no elements")
            }
            return first
        case "value": return try field("Value", try one(name, arguments))
        case "strvalue": return .string(try label("__value__", try one(name, arguments)))
        case "label":
            let (name, sample) = try two(name, arguments)
            return .string(try label(try text(name), sample))
        default:
            let (name, samples) = try two(name, arguments)
            let wanted = try text(name)
            var keyed: [(key: String, value: TemplateValue)] = []
            for sample in try list(samples) { keyed.append((try label(wanted, sample), sample)) }
            // Sorting is stable in Swift, as here in Prometheus.
            return .list(keyed.sorted { Labels.precedes($0.key, $1.key) }.map(\.value))
        }
    }

    private static func field(_ name: String, _ sample: TemplateValue) throws(Failure) -> TemplateValue {
        guard case .record(let fields) = sample, let field = fields.first(where: { $0.name == name }) else {
            throw .message("expected a sample of a query, found \(sample.typeName)")
        }
        return field.value
    }

    private static func label(_ name: String, _ sample: TemplateValue) throws(Failure) -> String {
        guard case .labels(let labels) = try field("Labels", sample) else { return "" }
        return labels[name] ?? ""
    }

    // MARK: Text

    private static func callText(_ name: String, _ arguments: [TemplateValue]) throws(Failure)
        -> TemplateValue
    {
        switch name {
        case "reReplaceAll":
            guard arguments.count == 3 else { throw wrongCount(name, "3", arguments) }
            let pattern = try pattern(arguments[0])
            return .string(pattern.replacingAll(in: try text(arguments[2]), with: try text(arguments[1])))
        case "match":
            let (expression, subject) = try two(name, arguments)
            return .bool(try pattern(expression).matches(try text(subject)))
        case "title": return .string(title(try text(try one(name, arguments))))
        case "toUpper": return .string(try text(try one(name, arguments)).uppercased())
        case "toLower": return .string(try text(try one(name, arguments)).lowercased())
        case "stripPort": return .string(HostPort(try text(try one(name, arguments))).host)
        case "stripDomain": return .string(HostPort(try text(try one(name, arguments))).withoutDomain)
        case "graphLink", "tableLink":
            let expression = try text(try one(name, arguments))
            return .string(ExpressionLink.path(expression, isTable: name == "tableLink"))
        case "parseDuration":
            let duration = try text(try one(name, arguments))
            guard let value = Duration(prometheus: duration) else {
                throw .message("not a valid duration string: \"\(duration)\"")
            }
            return .float(Double(value.milliseconds) / 1000)
        default: throw .message("function \"\(name)\" not defined")
        }
    }

    private static func pattern(_ value: TemplateValue) throws(Failure) -> SearchPattern {
        let expression = try text(value)
        do { return try SearchPattern(expression) } catch { throw .message(error.description) }
    }

    private static func humanize(_ name: String, _ value: TemplateValue) throws(Failure) -> TemplateValue {
        guard let number = value.number else {
            if case .string(let text) = value { throw .message("parsing \"\(text)\": invalid syntax") }
            throw .message("can't convert \(value.typeName) to float")
        }
        switch name {
        case "humanize": return .string(Humanize.metric(number))
        case "humanize1024": return .string(Humanize.binary(number))
        case "humanizeDuration": return .string(Humanize.duration(number))
        case "humanizePercentage": return .string(Humanize.percentage(number))
        default:
            guard let text = Humanize.timestamp(number) else {
                let shown = GoNumber.shortest(number)
                throw .message(
                    "\(shown) cannot be represented as a nanoseconds timestamp since it overflows int64")
            }
            return .string(text)
        }
    }

    /// The first letter of every word in upper case, as Go's `strings.Title`.
    private static func title(_ text: String) -> String {
        var result = ""
        var isStart = true
        for character in text {
            result += isStart ? character.uppercased() : String(character)
            isStart = !(character.isLetter || character.isNumber || character == "_" || character == "'")
        }
        return result
    }

    private static func path(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let rest = url[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...].prefix { $0 != "?" && $0 != "#" }) } ?? ""
    }

    private static func escape(_ text: String, as function: String) -> String {
        switch function {
        case "urlquery": return ExpressionLink.queryEscape(text)
        case "html":
            let table: [Character: String] = [
                "\"": "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;",
            ]
            return text.map { table[$0] ?? String($0) }.joined()
        case "js":
            let table: [Character: String] = [
                "\\": "\\\\", "'": "\\'", "\"": "\\\"", "<": "\\u003C", ">": "\\u003E", "&": "\\u0026",
                "=": "\\u003D", "\n": "\\u000A", "\r": "\\u000D", "\t": "\\u0009",
            ]
            return text.map { table[$0] ?? String($0) }.joined()
        default: return text
        }
    }

    // MARK: Collections

    private static func length(_ value: TemplateValue) throws(Failure) -> Int64 {
        switch value {
        case .string(let text): return Int64(text.utf8.count)
        case .list(let items): return Int64(items.count)
        case .labels(let labels): return Int64(labels.count)
        case .map(let map): return Int64(map.count)
        default: throw .message("len of type \(value.typeName)")
        }
    }

    private static func index(_ arguments: [TemplateValue]) throws(Failure) -> TemplateValue {
        guard var value = arguments.first else { throw wrongCount("index", "at least 1", arguments) }
        for key in arguments.dropFirst() {
            switch (value, key) {
            case (.list(let items), .integer(let position)):
                guard position >= 0, position < items.count else {
                    throw .message("index out of range: \(position)")
                }
                value = items[Int(position)]
            case (.string(let text), .integer(let position)):
                let bytes = Array(text.utf8)
                guard position >= 0, position < bytes.count else {
                    throw .message("index out of range: \(position)")
                }
                value = .integer(Int64(bytes[Int(position)]))
            case (.labels(let labels), .string(let name)): value = .string(labels[name] ?? "")
            case (.map(let map), .string(let name)): value = map[name] ?? .none
            default: throw .message("can't index \(value.typeName) with \(key.typeName)")
            }
        }
        return value
    }

    private static func slice(_ arguments: [TemplateValue]) throws(Failure) -> TemplateValue {
        guard let value = arguments.first else { throw wrongCount("slice", "at least 1", arguments) }
        var bounds: [Int] = []
        for argument in arguments.dropFirst() {
            guard case .integer(let number) = argument else { throw .message("slice needs whole numbers") }
            bounds.append(Int(clamping: number))
        }
        let count = Int(try length(value))
        let (low, high) = (bounds.first ?? 0, bounds.count > 1 ? bounds[1] : count)
        guard 0 <= low, low <= high, high <= count else {
            throw .message("index out of range: \(low), \(high)")
        }
        switch value {
        case .string(let text): return .string(String(decoding: Array(text.utf8)[low..<high], as: UTF8.self))
        case .list(let items): return .list(Array(items[low..<high]))
        default: throw .message("can't slice \(value.typeName)")
        }
    }

    // MARK: Arguments

    private static func one(_ name: String, _ arguments: [TemplateValue]) throws(Failure) -> TemplateValue {
        guard arguments.count == 1 else { throw wrongCount(name, "1", arguments) }
        return arguments[0]
    }

    private static func two(
        _ name: String, _ arguments: [TemplateValue]
    ) throws(Failure) -> (TemplateValue, TemplateValue) {
        guard arguments.count == 2 else { throw wrongCount(name, "2", arguments) }
        return (arguments[0], arguments[1])
    }

    private static func text(_ value: TemplateValue) throws(Failure) -> String {
        guard case .string(let text) = value else {
            throw .message("expected string; found \(value.typeName)")
        }
        return text
    }

    private static func list(_ value: TemplateValue) throws(Failure) -> [TemplateValue] {
        guard case .list(let items) = value else {
            throw .message("expected the result of a query; found \(value.typeName)")
        }
        return items
    }

    private static func wrongCount(_ name: String, _ want: String, _ arguments: [TemplateValue]) -> Failure {
        .message("wrong number of arguments for \(name): want \(want) got \(arguments.count)")
    }
}
