/// Where in a query something stands: byte offsets, and line and column (1-based, in bytes) of its start.
///
/// Two ranges always compare equal, so that expressions are equal where they mean the same.
package struct SourceRange: Hashable, Sendable {
    package var start: Int
    package var end: Int
    package var line: Int
    package var column: Int

    package init(start: Int, end: Int, line: Int, column: Int) {
        self.start = start
        self.end = end
        self.line = line
        self.column = column
    }

    /// From the start of this one to the end of the other.
    package func extended(to other: SourceRange) -> SourceRange {
        SourceRange(start: start, end: max(end, other.end), line: line, column: column)
    }

    /// `line:column`, as annotations show it.
    package var position: String { "\(line):\(column)" }

    /// The byte offsets.
    var offsets: Range<Int> { start..<max(start, end) }

    package static func == (a: SourceRange, b: SourceRange) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}
}
