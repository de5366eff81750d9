/// A regular expression that is looked for anywhere in a text, as Go's `regexp.MatchString` and `ReplaceAllString` do;
/// `Pattern` is the anchored one of matchers and relabelling.
package final class SearchPattern: Sendable {
    private let compiled: CompiledPattern

    package init(_ text: String) throws(PatternError) {
        // RE2 is opened with `.` matching newlines; Go's does not by default.
        compiled = try CompiledPattern("(?-s:" + Pattern.translate(text) + ")", original: text)
    }

    /// Whether the expression matches somewhere in the text.
    package func matches(_ text: String) -> Bool { compiled.firstMatch(in: text, from: 0) != nil }

    /// The text with every match replaced by the template, in which `$1`, `${name}` and `$$` are expanded.
    package func replacingAll(in text: String, with template: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        var copied = 0
        while position <= bytes.count, let groups = compiled.firstMatch(in: text, from: position) {
            guard let whole = groups[0] else { break }
            result += bytes[copied..<whole.lowerBound]
            let texts = groups.map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } }
            result += Pattern.expand(template, groups: texts, in: compiled).utf8
            copied = whole.upperBound
            position = whole.isEmpty ? afterScalar(bytes, whole.upperBound) : whole.upperBound
        }
        if copied < bytes.count { result += bytes[copied...] }
        return String(decoding: result, as: UTF8.self)
    }

    /// Behind the scalar that starts at `index`, so that an empty match does not split it.
    private func afterScalar(_ bytes: [UInt8], _ index: Int) -> Int {
        var index = index + 1
        while index < bytes.count, bytes[index] & 0xc0 == 0x80 { index += 1 }
        return index
    }
}
