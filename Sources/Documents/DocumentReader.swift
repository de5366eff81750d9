/// Reads typed values out of a `Node` and collects every problem instead of stopping at the first.
///
/// One reader a document. Read a mapping with `mapping`, its fields through the `FieldReader` that the closure
/// receives; unknown keys are problems. After reading, `finish` throws what was found.
package final class DocumentReader {
    package let file: String
    package private(set) var problems: [Problem] = []
    /// The most problems that are kept; a broken file need not list thousands.
    package static let maxProblems = 100

    package init(file: String) { self.file = file }

    package func report(_ message: String, at position: Position?) {
        guard problems.count < Self.maxProblems else { return }
        problems.append(Problem(file: file, position: position, message: message))
    }

    /// The value, or what was wrong, in the order of the file.
    package func finish<Value>(_ value: Value?) throws(DocumentError) -> Value {
        if problems.isEmpty, let value { return value }
        if problems.isEmpty { report("empty", at: nil) }
        let unplaced = Position(line: 0, column: 0)
        throw DocumentError(problems.sorted { ($0.position ?? unplaced) < ($1.position ?? unplaced) })
    }

    /// Reads a mapping; a null counts as an empty one. Keys that `body` did not ask for are reported.
    package func mapping<Value>(_ node: Node, _ what: String, _ body: (FieldReader) -> Value) -> Value? {
        switch node.content {
        case .mapping(let pairs):
            let fields = FieldReader(self, pairs: pairs, position: node.position, what: what)
            let value = body(fields)
            fields.reportUnknown()
            return value
        case .scalar where node.isNull:
            let fields = FieldReader(self, pairs: [], position: node.position, what: what)
            return body(fields)
        default:
            report("\(what) must be a mapping, found \(node.kindName)", at: node.position)
            return nil
        }
    }

    /// Reads a list item by item; items for which `body` returns nil are left out (and were reported).
    package func list<Value>(_ node: Node, _ what: String, _ body: (Node) -> Value?) -> [Value]? {
        switch node.content {
        case .sequence(let items): return items.compactMap(body)
        case .scalar where node.isNull: return []
        default:
            report("\(what) must be a list, found \(node.kindName)", at: node.position)
            return nil
        }
    }

    package func string(_ node: Node, _ what: String) -> String? {
        if let text = node.text { return node.isNull ? "" : text }
        report("\(what) must be text, found \(node.kindName)", at: node.position)
        return nil
    }

    /// A scalar converted by `convert`; where that yields nil, "`what` must be `expected`, found ..." is reported.
    package func scalar<Value>(
        _ node: Node, _ what: String, expected: String, _ convert: (String) -> Value?
    ) -> Value? {
        guard let text = node.text else {
            report("\(what) must be \(expected), found \(node.kindName)", at: node.position)
            return nil
        }
        guard let value = convert(text) else {
            report("\(what) must be \(expected), found \"\(text)\"", at: node.position)
            return nil
        }
        return value
    }
}

/// The fields of one mapping.
package final class FieldReader {
    package let document: DocumentReader
    package let position: Position
    package let what: String
    private let pairs: [(key: Node, value: Node)]
    private var asked: Set<String> = []

    init(_ document: DocumentReader, pairs: [(key: Node, value: Node)], position: Position, what: String) {
        self.document = document
        self.pairs = pairs
        self.position = position
        self.what = what
    }

    /// The value of a key; nil where it is absent or null.
    package func node(_ key: String) -> Node? {
        asked.insert(key)
        guard let value = pairs.first(where: { $0.key.text == key })?.value, !value.isNull else { return nil }
        return value
    }

    /// Whether the key stands there at all, even with a null behind it.
    package func has(_ key: String) -> Bool {
        asked.insert(key)
        return pairs.contains { $0.key.text == key }
    }

    /// Every key and value, all counted as asked for.
    package var all: [(key: Node, value: Node)] {
        for pair in pairs { if let key = pair.key.text { asked.insert(key) } }
        return pairs
    }

    package func report(_ message: String, at key: String? = nil) {
        let place = key.flatMap { key in pairs.first { $0.key.text == key }?.value.position }
        document.report(message, at: place ?? position)
    }

    /// Reports that a required key is missing, and returns nil.
    package func require(_ key: String) -> Node? {
        if let node = node(key) { return node }
        document.report("\(what) needs \"\(key)\"", at: position)
        return nil
    }

    package func string(_ key: String) -> String? { node(key).flatMap { document.string($0, key) } }

    package func requiredString(_ key: String) -> String? {
        require(key).flatMap { document.string($0, key) }
    }

    package func bool(_ key: String) -> Bool? {
        scalar(key, expected: "true or false") { text in
            switch text {
            case "true", "True", "TRUE", "yes", "on": true
            case "false", "False", "FALSE", "no", "off": false
            default: nil
            }
        }
    }

    package func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) -> Int? {
        let expected =
            range.upperBound == .max
            ? "a whole number of at least \(range.lowerBound)"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return scalar(key, expected: expected) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package func number(_ key: String) -> Double? {
        scalar(key, expected: "a number") { text in
            Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    package func scalar<Value>(_ key: String, expected: String, _ convert: (String) -> Value?) -> Value? {
        node(key).flatMap { document.scalar($0, key, expected: expected, convert) }
    }

    package func list<Value>(_ key: String, _ body: (Node) -> Value?) -> [Value]? {
        node(key).flatMap { document.list($0, key, body) }
    }

    package func strings(_ key: String) -> [String]? {
        list(key) { document.string($0, "each of \(key)") }
    }

    package func mapping<Value>(_ key: String, _ body: (FieldReader) -> Value) -> Value? {
        node(key).flatMap { document.mapping($0, key, body) }
    }

    /// A mapping of text to text, in the order of the file.
    package func stringMap(_ key: String) -> [(key: String, value: String)]? {
        mapping(key) { fields in
            fields.all.compactMap { pair in
                guard let name = pair.key.text, let value = document.string(pair.value, name) else {
                    return nil
                }
                return (key: name, value: value)
            }
        }
    }

    fileprivate func reportUnknown() {
        for (key, _) in pairs {
            let name = key.text ?? key.kindName
            if asked.contains(name) { continue }
            let known = asked.sorted().joined(separator: ", ")
            document.report("unknown key \"\(name)\" in \(what); known are \(known)", at: key.position)
        }
    }
}
