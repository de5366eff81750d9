/// Why a regular expression was refused, in RE2's words.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package var pattern: String
    package var reason: String
    package var description: String { "invalid regular expression \(Labels.quoted(pattern)): \(reason)" }
}

/// The one owner of regular expressions: RE2 with Go's syntax, anchored at both ends, `.` matches newlines, linear time.
package final class Pattern: Sendable {
    package let text: String
    /// The values that match, where the expression is a plain alternation of at most 256 literals (`a|b|c`); else nil.
    package let literals: [String]?
    /// Every matching text starts with this; empty where nothing is known.
    package let prefix: String
    private let compiled: CompiledPattern

    /// The most memory that RE2 may use for one expression.
    package static let memoryLimit: Int64 = 8 << 20

    package init(_ text: String) throws(PatternError) {
        self.text = text
        try Pattern.check(text)
        compiled = try CompiledPattern("^(?:" + Pattern.translate(text) + ")$", original: text)
        literals = Pattern.literals(in: text)
        prefix = literals == nil ? Pattern.literalPrefix(of: text) : ""
    }

    /// Whether the whole text matches.
    package func matches(_ text: String) -> Bool {
        if let literals { return literals.contains { Labels.order($0, text) == 0 } }
        if !prefix.isEmpty, !text.utf8.starts(with: prefix.utf8) { return false }
        return compiled.matches(text)
    }

    /// The template with `$1`, `${name}` and `$$` replaced by what the groups matched; nil where the text does not match.
    /// The rules are those of Go's `Regexp.Expand`.
    package func expand(_ template: String, matching text: String) -> String? {
        guard let groups = compiled.groups(in: text) else { return nil }
        return Pattern.expand(template, groups: groups, in: compiled)
    }

    /// The number of capturing groups.
    package var groupCount: Int { compiled.groupCount }

    static func expand(_ template: String, groups: [String?], in compiled: CompiledPattern) -> String {
        var result = ""
        var rest = Substring(template)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if let (name, remainder) = Pattern.reference(rest) {
                let index = Int(name) ?? compiled.group(named: name)
                if let index, groups.indices.contains(index) { result += groups[index] ?? "" }
                rest = remainder
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    /// The name behind a dollar sign, with or without braces, and what follows it; nil where there is none.
    private static func reference(_ text: Substring) -> (name: String, rest: Substring)? {
        let braced = text.first == "{"
        let body = braced ? text.dropFirst() : text
        let name = body.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
        guard !name.isEmpty else { return nil }
        let rest = body[name.endIndex...]
        if braced { return rest.first == "}" ? (String(name), rest.dropFirst()) : nil }
        return (String(name), rest)
    }
}

extension Pattern {
    /// Refuses what would be taken inside of the anchors, or by RE2, and is no expression in Go.
    private static func check(_ text: String) throws(PatternError) {
        let bytes = text.utf8
        // `a)|(b` ends the group that the anchors stand around.
        if bytes.contains(UInt8(ascii: ")")) { _ = try CompiledPattern(translate(text), original: text) }
        guard bytes.contains(UInt8(ascii: "\\")) else { return }
        var rest = Substring(text).utf8[...]
        while let escape = rest.firstIndex(of: UInt8(ascii: "\\")) {
            rest = rest[escape...].dropFirst()
            guard let kind = rest.popFirst() else { return }
            if kind == UInt8(ascii: "C") {
                throw PatternError(pattern: text, reason: "invalid escape sequence: \\C")
            }
            if kind == UInt8(ascii: "Q") {
                // Literal up to `\E`.
                while !rest.isEmpty, !rest.starts(with: "\\E".utf8) { rest.removeFirst() }
            }
        }
    }

    /// Go accepts `(?<name>...)`; Debian's RE2 only `(?P<name>...)`.
    static func translate(_ text: String) -> String {
        guard text.contains("(?<") else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        var inClass = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                result += [byte, bytes[index + 1]]
                index += 2
                continue
            }
            if byte == UInt8(ascii: "[") { inClass = true }
            if byte == UInt8(ascii: "]") { inClass = false }
            result.append(byte)
            let opensName = !inClass && byte == UInt8(ascii: "(") && bytes[index...].starts(with: "(?<".utf8)
            if opensName {
                result += "?P".utf8
                index += 1
            }
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let special = Set("\\.+*?()|[]{}^$".utf8)

    static func literals(in text: String) -> [String]? {
        guard !text.utf8.contains(where: { special.contains($0) && $0 != UInt8(ascii: "|") }) else {
            return nil
        }
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        return parts.count <= 256 ? parts.map(String.init) : nil
    }

    static func literalPrefix(of text: String) -> String {
        guard !text.contains("|"), !text.hasPrefix("(?") else { return "" }
        var prefix = Array(text.utf8.prefix { !special.contains($0) })
        let next = text.utf8.dropFirst(prefix.count).first
        let repeats = next.map { "*?{".utf8.contains($0) } ?? false
        if repeats {
            // The last character may be absent; a whole one, should it be longer than a byte.
            var characters = String(decoding: prefix, as: UTF8.self)
            if !characters.isEmpty { characters.unicodeScalars.removeLast() }
            prefix = Array(characters.utf8)
        }
        return String(decoding: prefix, as: UTF8.self)
    }
}

extension Pattern: Hashable {
    package static func == (a: Pattern, b: Pattern) -> Bool { Labels.order(a.text, b.text) == 0 }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
