/// A place in a text: 1-based line and column, counted in Unicode scalars as editors do.
package struct Position: Hashable, Comparable, Sendable, Codable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (a: Position, b: Position) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// One thing that is wrong with a document, where, and what would be right.
package struct Problem: Hashable, Sendable, Error, CustomStringConvertible {
    package var file: String
    package var position: Position?
    package var message: String

    package init(file: String, position: Position?, message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    /// `file:line:column: message`, the form that editors and compilers share.
    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }
}

/// Everything that is wrong with a document. Never empty when thrown.
package struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    package var problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
