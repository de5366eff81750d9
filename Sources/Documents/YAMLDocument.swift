import Yams

/// Reads YAML (and so JSON) into `Node`s. Limits what a hostile document can cost: size, depth and the expansion
/// of aliases.
package enum YAMLDocument {
    package static let maxBytes = 16 << 20
    package static let maxDepth = 64
    package static let maxNodes = 2_000_000

    /// The root of the only document in the text; an empty text is a null scalar.
    /// - Throws: `DocumentError` with the place of the first syntax error or of a mapping key given twice.
    package static func parse(_ text: String, file: String) throws(DocumentError) -> Node {
        guard text.utf8.count <= maxBytes else {
            throw DocumentError([Problem(file: file, position: nil, message: "larger than \(maxBytes) bytes")]
            )
        }
        let root: Yams.Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw DocumentError([problem(error, file: file)])
        }
        guard let root else { return Node(.scalar("", plain: true), at: Position(line: 1, column: 1)) }
        var budget = maxNodes
        return try convert(root, depth: 0, budget: &budget, file: file)
    }

    private static func problem(_ error: any Error, file: String) -> Problem {
        guard let error = error as? YamlError else {
            return Problem(file: file, position: nil, message: "\(error)")
        }
        switch error {
        case .composer(_, "but found another document", let mark, _):
            return Problem(
                file: file, position: Position(line: mark.line, column: mark.column),
                message: "another document begins here; a file has one")
        case .reader(let message, let offset, _, let text):
            return Problem(
                file: file, position: offset.map { position(of: $0, in: text) },
                message: message.replacing("control characters are not allowed", with: controlCharacter))
        case .scanner(_, let message, let mark, _), .parser(_, let message, let mark, _),
            .composer(_, let message, let mark, _):
            return Problem(
                file: file, position: Position(line: mark.line, column: mark.column), message: message)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: ", ")
            let mark = context.mark
            return Problem(
                file: file, position: Position(line: mark.line, column: mark.column),
                message: "key given twice: \(names)")
        default:
            return Problem(file: file, position: nil, message: "not valid YAML: \(error)")
        }
    }

    private static let controlCharacter = "a control character, which no text file has"

    private static func position(of offset: Int, in text: String) -> Position {
        let before = text.prefix(offset).split(separator: "\n", omittingEmptySubsequences: false)
        return Position(line: max(1, before.count), column: (before.last?.count ?? 0) + 1)
    }

    private static func convert(
        _ node: Yams.Node, depth: Int, budget: inout Int, file: String
    ) throws(DocumentError) -> Node {
        let mark = node.mark
        let position = Position(line: mark?.line ?? 1, column: mark?.column ?? 1)
        budget -= 1
        guard depth <= maxDepth, budget >= 0 else {
            let message =
                depth > maxDepth ? "nested deeper than \(maxDepth) levels" : "more than \(maxNodes) values"
            throw DocumentError([Problem(file: file, position: position, message: message)])
        }
        switch node {
        case .scalar(let scalar):
            // A key or a value of bytes has no text that could be meant.
            guard scalar.tag.description != "tag:yaml.org,2002:binary" else {
                let message = "!!binary is not supported; write the text itself"
                throw DocumentError([Problem(file: file, position: position, message: message)])
            }
            let plain = scalar.style == .plain || scalar.style == .any
            return Node(.scalar(scalar.string, plain: plain), at: position)
        case .sequence(let sequence):
            var items: [Node] = []
            for item in sequence {
                items.append(try convert(item, depth: depth + 1, budget: &budget, file: file))
            }
            return Node(.sequence(items), at: position)
        case .mapping(let mapping):
            var pairs: [(key: Node, value: Node)] = []
            for (key, value) in mapping {
                let key = try convert(key, depth: depth + 1, budget: &budget, file: file)
                pairs.append(
                    (key: key, value: try convert(value, depth: depth + 1, budget: &budget, file: file)))
            }
            return Node(.mapping(try merged(pairs, file: file)), at: position)
        case .alias:
            throw DocumentError([Problem(file: file, position: position, message: "unresolved alias")])
        }
    }

    /// Replaces the merge key `<<` by the keys of the mapping behind it, or of several in a list, where a key
    /// that stands there itself, or came earlier, wins (https://yaml.org/type/merge.html).
    private static func merged(
        _ pairs: [(key: Node, value: Node)], file: String
    ) throws(DocumentError) -> [(key: Node, value: Node)] {
        func isMerge(_ key: Node) -> Bool {
            if case .scalar("<<", plain: true) = key.content { true } else { false }
        }
        guard pairs.contains(where: { isMerge($0.key) }) else { return pairs }
        var result = pairs.filter { !isMerge($0.key) }
        var names = Set(result.compactMap(\.key.text))
        for pair in pairs where isMerge(pair.key) {
            var sources = [pair.value]
            if case .sequence(let items) = pair.value.content { sources = items }
            for source in sources {
                guard case .mapping(let inherited) = source.content else {
                    let message =
                        "<< must be followed by a mapping or a list of them, found \(source.kindName)"
                    throw DocumentError([Problem(file: file, position: source.position, message: message)])
                }
                for pair in inherited where pair.key.text.map({ names.insert($0).inserted }) ?? true {
                    result.append(pair)
                }
            }
        }
        return result
    }
}

extension YAMLDocument {
    /// The YAML text of a tree; empty where it cannot be written.
    package static func text(of node: Node) -> String {
        (try? Yams.serialize(node: yams(node))) ?? ""
    }

    private static func yams(_ node: Node) -> Yams.Node {
        switch node.content {
        case .scalar(let text, let plain):
            return .scalar(.init(text, plain ? .implicit : Tag(.str), plain ? .plain : .doubleQuoted))
        case .sequence(let items): return .sequence(.init(items.map(yams)))
        case .mapping(let pairs): return .mapping(.init(pairs.map { (yams($0.key), yams($0.value)) }))
        }
    }
}
