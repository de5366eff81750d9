import TimeSeries

/// The parts of a query that occur in it more than once, numbered by what they are evaluated at.
struct CommonParts {
    private struct Use: Hashable {
        var expression: Expression
        var grid: Grid
        var detectsResets: Bool
    }

    private let repeated: Set<Expression>
    private var numbers: [Use: Int] = [:]

    init(of query: Expression) {
        var seen: Set<Expression> = []
        var repeated: Set<Expression> = []
        query.walk { part in
            if CommonParts.isWorthKeeping(part), !seen.insert(part).inserted { repeated.insert(part) }
        }
        self.repeated = repeated
    }

    /// The number of a part at these steps; nil where it occurs but once, or costs less than keeping it.
    mutating func number(of part: Expression, _ grid: Grid, detectsResets: Bool) -> Int? {
        guard repeated.contains(part) else { return nil }
        let use = Use(expression: part, grid: grid, detectsResets: detectsResets)
        if let number = numbers[use] { return number }
        numbers[use] = numbers.count
        return numbers.count - 1
    }

    private static func isWorthKeeping(_ part: Expression) -> Bool {
        switch part {
        case .aggregation, .binary: part.type == .vector
        case .call(let call): call.function.takesRange || part.type == .vector
        default: false
        }
    }
}
