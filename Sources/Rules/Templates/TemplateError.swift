/// What is wrong with a template, and where in its text (1-based, in Unicode scalars).
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package var line: Int
    package var column: Int

    package init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String { "template:\(line):\(column): \(message)" }
}

/// A place in a template's text, 1-based.
struct TemplatePosition: Hashable, Sendable {
    var line = 1
    var column = 1

    func error(_ message: String) -> TemplateError { TemplateError(message, line: line, column: column) }
}
