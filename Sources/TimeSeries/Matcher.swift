/// A condition on one label of a series. A label that a series lacks counts as empty.
package struct Matcher: Hashable, Sendable {
    package enum Operation: String, Hashable, Sendable {
        case equal = "=", notEqual = "!=", regex = "=~", notRegex = "!~"
    }

    package let name: String
    package let operation: Operation
    package let value: String
    private let pattern: Pattern?

    /// - Throws: `PatternError` where the value is not a regular expression and should be one.
    package init(_ name: String, _ operation: Operation, _ value: String) throws(PatternError) {
        self.name = name
        self.operation = operation
        self.value = value
        pattern = operation == .regex || operation == .notRegex ? try Pattern(value) : nil
    }

    package init(equal name: String, _ value: String) {
        self.name = name
        operation = .equal
        self.value = value
        pattern = nil
    }

    /// The compiled expression of `=~` and `!~`, for indexes that extract literals and prefixes from it.
    package var expression: Pattern? { pattern }

    package func matches(_ value: String) -> Bool {
        switch operation {
        case .equal: Labels.order(value, self.value) == 0
        case .notEqual: Labels.order(value, self.value) != 0
        case .regex: pattern!.matches(value)
        case .notRegex: !pattern!.matches(value)
        }
    }

    package func matches(_ labels: Labels) -> Bool { matches(labels[name] ?? "") }

    package static func == (a: Matcher, b: Matcher) -> Bool {
        a.operation == b.operation && Labels.order(a.name, b.name) == 0 && Labels.order(a.value, b.value) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

extension Matcher: CustomStringConvertible {
    package var description: String { name + operation.rawValue + Labels.quoted(value) }
}
