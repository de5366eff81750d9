import TimeSeries

/// `label_replace`, `label_join` and the sorts.
extension Evaluator {
    func relabel(
        _ call: FunctionCall, _ arguments: [PlanNode], _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        var strings: [StringLiteral] = []
        for argument in arguments.dropFirst() { strings.append(try string(argument)) }
        let name = call.function.rawValue
        try Evaluator.checkLabel(strings[0], "destination", name)
        let target = strings[0].value
        let value: @Sendable (Labels) -> String?
        if call.function == .labelReplace {
            let pattern: Pattern
            do {
                pattern = try Pattern(strings[3].value)
            } catch {
                throw QueryError(
                    .execution, "invalid regular expression in label_replace(): \(strings[3].value)")
            }
            let source = strings[2].value
            let template = strings[1].value
            value = { pattern.expand(template, matching: $0[source] ?? "") }
        } else {
            for source in strings.dropFirst(2) { try Evaluator.checkLabel(source, "source", name) }
            let sources = Array(strings.dropFirst(2).map(\.value))
            let separator = strings[1].value
            value = { labels in sources.map { labels[$0] ?? "" }.joined(separator: separator) }
        }
        var result = try vector(arguments[0], grid)
        let old = result.names
        let pieces = workers.pieces(of: result.rows, atLeast: 512)
        let parts = try workers.map(pieces.count) { [interruption] piece throws(QueryError) in
            try interruption.check()
            return pieces[piece].map { row -> SeriesName? in
                guard let text = value(old[row].labels) else { return nil }
                var name = old[row]
                name.labels = name.labels.replacing(target, with: text)
                if target == "__name__" { name.dropsName = false }
                return name
            }
        }
        for (row, name) in parts.joined().enumerated() {
            if let name { result.rename(row, name) }
        }
        try mergeEqual(&result)
        return result
    }

    private static func checkLabel(
        _ literal: StringLiteral, _ which: String, _ function: String
    ) throws(QueryError) {
        guard let bytes = literal.invalidBytes else {
            guard literal.value.isEmpty else { return }
            throw QueryError(.execution, "invalid \(which) label name in \(function)(): ")
        }
        throw QueryError(
            .execution,
            "invalid \(which) label name in \(function)(): \(StringSyntax.quoted(bytes).dropFirst().dropLast())"
        )
    }

    // MARK: - Sorting

    /// Rows in the order of their values or labels at the only step.
    func sorted(
        _ call: FunctionCall, _ arguments: [PlanNode], _ vector: VectorColumns
    ) throws(QueryError) -> VectorColumns {
        guard vector.steps == 1 else { return vector }
        let byValue = call.function == .sort || call.function == .sortDesc
        let isDescending = call.function == .sortDesc || call.function == .sortByLabelDesc
        var rows = Array(0..<vector.rows)
        if byValue {
            rows = rows.filter { Cell.isNumber(vector.cells[$0]) }
            rows.sort { a, b in
                let (x, y) = (vector.cells[a], vector.cells[b])
                if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
                return x == y ? a < b : (isDescending ? x > y : x < y)
            }
        } else {
            var names: [String] = []
            for argument in arguments.dropFirst() { names.append(try string(argument).value) }
            rows.sort { a, b in
                let (x, y) = isDescending ? (b, a) : (a, b)
                return Evaluator.precedes(vector.labels(x), vector.labels(y), by: names)
            }
        }
        var result = VectorColumns(steps: 1)
        result.reserve(rows: rows.count)
        for row in rows { result.appendRow(vector.names[row], copying: row, of: vector) }
        return result
    }

    private static func precedes(_ a: Labels, _ b: Labels, by names: [String]) -> Bool {
        for name in names {
            let (x, y) = (a[name] ?? "", b[name] ?? "")
            if x != y { return NaturalOrder.precedes(x, y) }
        }
        return a < b
    }
}

/// The order in which people sort names: numbers within them by size.
enum NaturalOrder {
    static func precedes(_ a: String, _ b: String) -> Bool {
        var (left, right) = (Array(a.utf8)[...], Array(b.utf8)[...])
        while let x = left.first, let y = right.first {
            if Lexer.isDigit(x), Lexer.isDigit(y) {
                let first = left.prefix(while: Lexer.isDigit)
                let second = right.prefix(while: Lexer.isDigit)
                (left, right) = (left.dropFirst(first.count), right.dropFirst(second.count))
                let (m, n) = (first.drop { $0 == 0x30 }, second.drop { $0 == 0x30 })
                if m.count != n.count { return m.count < n.count }
                if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
                if first.count != second.count { return first.count < second.count }
            } else if x != y {
                return x < y
            } else {
                (left, right) = (left.dropFirst(), right.dropFirst())
            }
        }
        return left.isEmpty && !right.isEmpty
    }
}
