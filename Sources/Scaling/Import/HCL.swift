import Documents

/// As much of HashiCorp's configuration language as job files and scaling policies use: blocks with labels, attributes,
/// strings with escapes, heredocs, numbers, booleans, lists and objects, comments. Blocks become mappings: a label is a
/// key below the block's name; a block that comes again becomes a list. Expressions are kept as text.
struct HCLParser {
    private let bytes: [UInt8]
    private let file: String
    private var index = 0
    private var line = 1
    private var lineStart = 0
    private static let maxDepth = 64
    static let maxBytes = 16 << 20

    init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    mutating func parse() throws(DocumentError) -> Documents.Node {
        guard bytes.count <= Self.maxBytes else { throw error("larger than \(Self.maxBytes) bytes") }
        return try body(depth: 0, isRoot: true)
    }

    private var position: Position { Position(line: line, column: index - lineStart + 1) }

    private func error(_ message: String) -> DocumentError {
        DocumentError([Problem(file: file, position: position, message: message)])
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isNext(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private mutating func advance() {
        if bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        index += 1
    }

    private mutating func skipSpace(lines: Bool = true) {
        while let byte = current {
            if byte == UInt8(ascii: "#") || isNext("//") {
                while let byte = current, byte != UInt8(ascii: "\n") { _ = byte; advance() }
            } else if isNext("/*") {
                while index < bytes.count, !isNext("*/") { advance() }
                if index < bytes.count { advance(); advance() }
            } else if byte == 32 || byte == 9 || byte == 13 || (lines && byte == UInt8(ascii: "\n")) {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func body(depth: Int, isRoot: Bool) throws(DocumentError) -> Documents.Node {
        guard depth <= Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth) levels") }
        let start = position
        var pairs: [(key: Documents.Node, value: Documents.Node)] = []
        while true {
            skipSpace()
            guard let byte = current else {
                if isRoot { break }
                throw error("a block is not closed with }")
            }
            if byte == UInt8(ascii: "}"), !isRoot {
                advance()
                break
            }
            let key = try name()
            skipSpace(lines: false)
            if current == UInt8(ascii: "=") || current == UInt8(ascii: ":") {
                advance()
                pairs.append((key, try value(depth: depth + 1)))
            } else {
                try block(key, depth: depth, &pairs)
            }
            skipSpace(lines: false)
            if current == UInt8(ascii: ",") { advance() }
        }
        return Documents.Node(.mapping(Self.grouped(pairs)), at: start)
    }

    private mutating func block(
        _ key: Documents.Node, depth: Int, _ pairs: inout [(key: Documents.Node, value: Documents.Node)]
    ) throws(DocumentError) {
        var labels: [Documents.Node] = []
        while current != UInt8(ascii: "{") {
            guard current != nil, labels.count < 8 else {
                throw error("expected = or { behind \(key.text ?? "a name")")
            }
            labels.append(try name())
            skipSpace(lines: false)
        }
        advance()
        var node = try body(depth: depth + 1, isRoot: false)
        for label in labels.reversed() {
            node = Documents.Node(.mapping([(key: label, value: node)]), at: label.position)
        }
        pairs.append((key, node))
    }

    /// Blocks of the same name become a list.
    private static func grouped(
        _ pairs: [(key: Documents.Node, value: Documents.Node)]
    ) -> [(key: Documents.Node, value: Documents.Node)] {
        var result: [(key: Documents.Node, value: Documents.Node)] = []
        for pair in pairs {
            if let index = result.firstIndex(where: { $0.key.text == pair.key.text }) {
                let earlier = result[index].value
                let items = earlier.items.isEmpty ? [earlier] : earlier.items
                result[index].value = Documents.Node(.sequence(items + [pair.value]), at: earlier.position)
            } else {
                result.append(pair)
            }
        }
        return result
    }

    private mutating func name() throws(DocumentError) -> Documents.Node {
        let start = position
        if current == UInt8(ascii: "\"") { return try string() }
        let first = index
        while let byte = current, Self.isNamePart(byte) { advance() }
        guard index > first else {
            throw error(
                "expected a name, found \"\(current.map { String(UnicodeScalar($0)) } ?? "the end")\"")
        }
        return Documents.Node(
            .scalar(String(decoding: bytes[first..<index], as: UTF8.self), plain: true), at: start)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private mutating func value(depth: Int) throws(DocumentError) -> Documents.Node {
        guard depth <= Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth) levels") }
        skipSpace()
        let start = position
        switch current {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "<"): return try heredoc()
        case UInt8(ascii: "{"):
            advance()
            return try body(depth: depth, isRoot: false)
        case UInt8(ascii: "["):
            advance()
            var items: [Documents.Node] = []
            while true {
                skipSpace()
                if current == UInt8(ascii: "]") { break }
                guard current != nil else { throw error("a list is not closed with ]") }
                items.append(try value(depth: depth + 1))
                skipSpace()
                if current == UInt8(ascii: ",") { advance() }
            }
            advance()
            return Documents.Node(.sequence(items), at: start)
        default:
            guard !isNext("${") else {
                throw error("a placeholder of a template, outside of quotes: fill the template in first")
            }
            let first = index
            var calls = 0
            while let byte = current, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: ",") || calls > 0,
                byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}"), byte != UInt8(ascii: "#"), !isNext("//")
            {
                if byte == UInt8(ascii: "(") { calls += 1 }
                if byte == UInt8(ascii: ")") { calls -= 1 }
                advance()
            }
            let text = String(decoding: bytes[first..<index], as: UTF8.self)
            let trimmed = text.split(separator: " ").joined(separator: " ")
            guard !trimmed.isEmpty else { throw error("expected a value") }
            if let next = Self.argumentBehind(trimmed) {
                throw DocumentError([
                    Problem(
                        file: file, position: start,
                        message: "expected a new line before \"\(next)\": each has a line of its own")
                ])
            }
            return Documents.Node(.scalar(trimmed.filter { $0 != "\r" }, plain: true), at: start)
        }
    }

    /// The argument or block that follows on the line of a value: `70 threshold = 0.05`, `10 policy {`.
    private static func argumentBehind(_ text: String) -> String? {
        text.firstMatch(of: /^[^\s"(]+ ([A-Za-z_][A-Za-z0-9_-]*) ?(?:=(?!=)|("[^"]*" ?)?\{)/).map {
            String($0.output.1)
        }
    }

    private mutating func string() throws(DocumentError) -> Documents.Node {
        let start = position
        advance()
        var text: [UInt8] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte != UInt8(ascii: "\n") else { throw error("a string is not closed") }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                advance()
                continue
            }
            advance()
            switch current {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(bytes[index])
            default: throw error("unknown escape in a string")
            }
            advance()
        }
        guard current != nil else { throw error("a string is not closed") }
        advance()
        return Documents.Node(.scalar(String(decoding: text, as: UTF8.self), plain: false), at: start)
    }

    private mutating func heredoc() throws(DocumentError) -> Documents.Node {
        let start = position
        guard isNext("<<") else { throw error("expected a value") }
        advance()
        advance()
        if current == UInt8(ascii: "-") { advance() }
        let mark = try name().text ?? ""
        while let byte = current, byte != UInt8(ascii: "\n") { _ = byte; advance() }
        var lines: [String] = []
        while current != nil {
            advance()
            let first = index
            while let byte = current, byte != UInt8(ascii: "\n") { _ = byte; advance() }
            let text = String(decoding: bytes[first..<index], as: UTF8.self)
            if text.filter({ $0 != " " && $0 != "\t" && $0 != "\r" }) == mark {
                return Documents.Node(.scalar(lines.joined(separator: "\n"), plain: false), at: start)
            }
            lines.append(text)
        }
        throw error("a heredoc is not closed with \(mark)")
    }
}
