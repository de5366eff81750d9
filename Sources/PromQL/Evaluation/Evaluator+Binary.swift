import TimeSeries

/// Binary operators.
extension Evaluator {
    func evaluate(
        _ expression: BinaryExpression, _ left: PlanNode, _ right: PlanNode, _ grid: Grid
    ) throws(QueryError) -> Operand {
        let operation = expression.operation
        switch (try evaluate(left, grid), try evaluate(right, grid)) {
        case (.scalar(let a), .scalar(let b)):
            return .scalar(zip(a, b).map { Arithmetic.scalar(operation, $0, $1) })
        case (.vector(let vector), .scalar(let scalar)):
            return .vector(try combine(expression, vector, scalar, scalarIsLeft: false))
        case (.scalar(let scalar), .vector(let vector)):
            return .vector(try combine(expression, vector, scalar, scalarIsLeft: true))
        case (.vector(let a), .vector(let b)):
            var match = VectorMatch(expression, a, b, self)
            let result = operation.isSet ? try combineSets(expression, a, b) : try match.evaluate()
            release(a.cells.count + b.cells.count)
            return .vector(result)
        default: throw QueryError(.internalError, "strings have no operators")
        }
    }

    /// A vector with a scalar, in place.
    private func combine(
        _ expression: BinaryExpression, _ vector: consuming VectorColumns, _ scalar: [Double],
        scalarIsLeft: Bool
    ) throws(QueryError) -> VectorColumns {
        let element = ElementOperation(operation: expression.operation, position: expression.range)
        var result = vector
        for row in 0..<result.rows {
            if row & 0xff == 0 { try checkpoint() }
            let base = row * result.steps
            for step in 0..<result.steps {
                let cell = result.cells[base + step]
                if Cell.isAbsent(cell) { continue }
                let number = scalar[step]
                if Cell.isNumber(cell), !element.isTrim {
                    let (a, b) = scalarIsLeft ? (number, cell) : (cell, number)
                    result.cells[base + step] = element.number(
                        a, b, keeping: cell, returnsBool: expression.returnsBool)
                } else {
                    combine(expression, element, &result, base + step, number, scalarIsLeft)
                }
            }
        }
        if expression.operation.changesMeaning || expression.returnsBool { try dropNames(&result) }
        return result
    }

    /// A cell that holds a histogram, or an operator that wants one.
    private func combine(
        _ expression: BinaryExpression, _ element: ElementOperation, _ result: inout VectorColumns,
        _ index: Int, _ number: Double, _ scalarIsLeft: Bool
    ) {
        guard let sample = result.element(index) else { return }
        result.histograms[index] = nil
        result.cells[index] = Cell.absent
        let (a, b) = scalarIsLeft ? (Element.number(number), sample) : (sample, .number(number))
        guard let (value, holds) = element.apply(a, b, &annotations) else { return }
        if expression.returnsBool {
            result.cells[index] = holds ? 1 : 0
        } else if holds {
            result.set(index, expression.operation.isComparison ? sample : value)
        }
    }

    // MARK: - Sets

    private func combineSets(
        _ expression: BinaryExpression, _ left: VectorColumns, _ right: VectorColumns
    ) throws(QueryError) -> VectorColumns {
        var signatures = Signatures(expression.matching)
        let leftGroups = (0..<left.rows).map { signatures.number(of: left.labels($0)) }
        let rightGroups = (0..<right.rows).map { signatures.number(of: right.labels($0)) }
        try checkpoint()
        let isOr = expression.operation == .or
        let present = presence(
            isOr ? left : right, isOr ? leftGroups : rightGroups, groups: signatures.count)
        var result = VectorColumns(steps: left.steps)
        try charge(left.cells.count + (isOr ? right.cells.count : 0))
        if isOr {
            result = left
            append(right, rightGroups, to: &result) { !present[$0] }
            try mergeEqual(&result)
        } else {
            let keepsPresent = expression.operation == .and
            append(left, leftGroups, to: &result) { present[$0] == keepsPresent }
        }
        return result
    }

    /// For each group and step whether any row has a sample.
    private func presence(_ vector: VectorColumns, _ groups: [Int], groups count: Int) -> [Bool] {
        var present = [Bool](repeating: false, count: count * vector.steps)
        for row in 0..<vector.rows {
            let base = groups[row] * vector.steps
            let start = row * vector.steps
            for step in 0..<vector.steps where !Cell.isAbsent(vector.cells[start + step]) {
                present[base + step] = true
            }
        }
        return present
    }

    /// The samples of `vector` at whose group and step the condition holds.
    private func append(
        _ vector: VectorColumns, _ groups: [Int], to result: inout VectorColumns,
        where condition: (Int) -> Bool
    ) {
        for row in 0..<vector.rows {
            let base = groups[row] * vector.steps
            let start = row * vector.steps
            let any = (0..<vector.steps).contains {
                !Cell.isAbsent(vector.cells[start + $0]) && condition(base + $0)
            }
            guard any else { continue }
            let target = result.appendRow(vector.names[row]) * vector.steps
            for step in 0..<vector.steps where condition(base + step) {
                result.copy(target + step, from: vector, start + step)
            }
        }
    }
}

extension ElementOperation {
    var isTrim: Bool { operation == .trimUpper || operation == .trimLower }

    /// The cell that two numbers yield, `kept` being what a comparison lets through.
    @inline(__always)
    func number(_ a: Double, _ b: Double, keeping kept: Double, returnsBool: Bool) -> Double {
        guard operation.isComparison else { return Arithmetic.value(operation, a, b) }
        let holds = Arithmetic.holds(operation, a, b)
        if returnsBool { return holds ? 1 : 0 }
        return holds ? kept : Cell.absent
    }
}

extension BinaryOperator {
    /// Whether the result is no longer what the metric's name says.
    var changesMeaning: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2: true
        default: false
        }
    }
}

/// Numbers for what two vectors match on.
struct Signatures {
    private let selection: LabelSelection
    private var numbers: [Labels: Int] = [:]
    private var bytes: [UInt8] = []
    private var last: (labels: Labels, number: Int)?

    init(_ matching: VectorMatching) { selection = Signatures.selection(matching) }

    /// The labels that matching goes by.
    static func selection(_ matching: VectorMatching) -> LabelSelection {
        matching.isOn
            ? LabelSelection(keeping: matching.labels)
            : LabelSelection(removing: matching.labels + ["__name__"])
    }

    var count: Int { numbers.count }

    mutating func number(of labels: Labels) -> Int {
        _ = selection.select(labels, into: &bytes)
        // Rows come ordered, so that the next one often matches on the same labels.
        if let last, last.labels.bytes == bytes { return last.number }
        let signature = Labels(canonical: bytes)
        let number = numbers[signature] ?? numbers.count
        if number == numbers.count { numbers[signature] = number }
        last = (signature, number)
        return number
    }
}
