import TimeSeries

/// An operator between the elements of two vectors that find each other by their labels.
struct VectorMatch {
    private let expression: BinaryExpression
    private let matching: VectorMatching
    /// The side that may have several elements for one of the other. With `group_right` that is the right one.
    private let many: VectorColumns
    private let one: VectorColumns
    private let isSwapped: Bool
    private let evaluator: Evaluator
    private let element: ElementOperation
    private var result: VectorColumns
    private var rowsByName: [SeriesName: Int] = [:]
    /// What the many side keeps of its labels in a result, and what the other side adds to them.
    private let kept: LabelSelection
    private let included: LabelSelection

    init(
        _ expression: BinaryExpression, _ left: VectorColumns, _ right: VectorColumns, _ evaluator: Evaluator
    ) {
        self.expression = expression
        self.evaluator = evaluator
        matching = expression.matching
        isSwapped = matching.cardinality == .oneToMany
        (many, one) = isSwapped ? (right, left) : (left, right)
        element = ElementOperation(operation: expression.operation, position: expression.range)
        result = VectorColumns(steps: left.steps)
        var removed = matching.include
        if expression.operation.changesMeaning { removed += ["__name__", "__type__", "__unit__"] }
        kept = LabelSelection(removing: removed)
        included = LabelSelection(keeping: matching.include)
    }

    mutating func evaluate() throws(QueryError) -> VectorColumns {
        let steps = many.steps
        var signatures = Signatures(matching)
        var groups: [(many: [Int], one: [Int])] = []
        func place(_ number: Int) { if number == groups.count { groups.append(([], [])) } }
        for row in 0..<one.rows {
            let number = signatures.number(of: one.labels(row))
            place(number)
            groups[number].one.append(row)
        }
        for row in 0..<many.rows {
            let number = signatures.number(of: many.labels(row))
            place(number)
            groups[number].many.append(row)
        }
        let manyPresent = VectorMatch.presence(many)
        let onePresent = VectorMatch.presence(one)
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        let active = (0..<steps).map {
            (manyPresent[$0] && onePresent[$0]) || (hasFill && (manyPresent[$0] || onePresent[$0]))
        }
        for (number, group) in groups.enumerated() {
            if number & 0xff == 0 { try evaluator.checkpoint() }
            if group.many.isEmpty && !hasFill || group.one.isEmpty && !hasFill {
                if group.one.count > 1 { try match(group.many, group.one, active) }
                continue
            }
            if let names = names(ofPairs: group.many, group.one), !hasFill {
                for (row, name) in zip(group.many, names) { try pair(row, group.one[0], name) }
            } else {
                try match(group.many, group.one, active)
            }
        }
        return result
    }

    private static func presence(_ vector: VectorColumns) -> [Bool] {
        var present = [Bool](repeating: false, count: vector.steps)
        for row in 0..<vector.rows {
            let start = row * vector.steps
            for step in 0..<vector.steps where !Cell.isAbsent(vector.cells[start + step]) {
                present[step] = true
            }
        }
        return present
    }

    // MARK: - Pairs

    /// The names of results, where nothing can be ambiguous: one row on one side, and on the other either one as
    /// well or several, allowed, of different names.
    private func names(ofPairs many: [Int], _ one: [Int]) -> [SeriesName]? {
        guard one.count == 1, many.count == 1 || matching.cardinality != .oneToOne else { return nil }
        let addition = included.apply(self.one.labels(one[0]))
        let names = many.map { name(self.many.labels($0), adding: addition) }
        return names.count == 1 || Set(names).count == names.count ? names : nil
    }

    private mutating func pair(_ many: Int, _ one: Int, _ name: SeriesName) throws(QueryError) {
        let isNew = rowsByName[name] == nil
        let row = try self.row(for: name)
        if isNew, !element.isTrim, self.many.histograms.isEmpty, self.one.histograms.isEmpty {
            return pairNumbers(many, one, row)
        }
        for step in 0..<result.steps {
            let a = many * result.steps + step
            let b = one * result.steps + step
            let (x, y) = (self.many.cells[a], self.one.cells[b])
            guard !Cell.isAbsent(x), !Cell.isAbsent(y) else { continue }
            if Cell.isNumber(x), Cell.isNumber(y), !element.isTrim {
                let (left, right) = isSwapped ? (y, x) : (x, y)
                let cell = element.number(left, right, keeping: left, returnsBool: expression.returnsBool)
                if !Cell.isAbsent(cell) { try put(row * result.steps + step, .number(cell)) }
            } else if let x = self.many.element(a), let y = self.one.element(b) {
                if let value = apply(x, y) { try put(row * result.steps + step, value) }
            }
        }
    }

    /// The same for rows of numbers only, into a row that is empty yet.
    private mutating func pairNumbers(_ many: Int, _ one: Int, _ row: Int) {
        let steps = result.steps
        let (manyBase, oneBase) = (many * steps, one * steps)
        let (manyCells, oneCells) = (self.many.cells, self.one.cells)
        let many = manyCells.span
        let one = oneCells.span
        let (element, isSwapped, returnsBool) = (element, isSwapped, expression.returnsBool)
        let base = row * steps
        var cells = result.cells.mutableSpan
        for step in 0..<steps {
            let (x, y) = (many[manyBase + step], one[oneBase + step])
            if Cell.isAbsent(x) || Cell.isAbsent(y) { continue }
            let (left, right) = isSwapped ? (y, x) : (x, y)
            cells[base + step] = element.number(left, right, keeping: left, returnsBool: returnsBool)
        }
    }

    // MARK: - Groups

    private mutating func match(_ many: [Int], _ one: [Int], _ active: [Bool]) throws(QueryError) {
        let steps = result.steps
        var names: [SeriesName: Int] = [:]
        for step in 0..<steps where active[step] {
            try evaluator.checkpoint()
            names.removeAll(keepingCapacity: true)
            let partner = try partner(one, step)
            var hasMatch = false
            for row in many {
                guard let x = self.many.element(row * steps + step) else { continue }
                let other: (labels: Labels, element: Element)
                if let partner, let y = self.one.element(partner * steps + step) {
                    other = (self.one.labels(partner), y)
                } else if let fill = matching.fillRight {
                    other = (matchedLabels(self.many.labels(row)), .number(fill))
                } else {
                    continue
                }
                let name = name(self.many.labels(row), other.labels)
                let (value, isKnown) = outcome(x, other.element)
                guard isKnown else { continue }
                try checkUnique(name, hasMatch, &names)
                hasMatch = true
                if let value { try put(try self.row(for: name) * steps + step, value) }
            }
            guard !hasMatch, let partner, let fill = matching.fillLeft else { continue }
            guard let y = self.one.element(partner * steps + step) else { continue }
            let labels = self.one.labels(partner)
            if let value = apply(.number(fill), y) {
                try put(try row(for: name(matchedLabels(labels), labels)) * steps + step, value)
            }
        }
    }

    /// The row of the side that must be unique with a sample at the step.
    private func partner(_ rows: [Int], _ step: Int) throws(QueryError) -> Int? {
        var found: Int?
        for row in rows where !Cell.isAbsent(one.cells[row * one.steps + step]) {
            if let found {
                let side = isSwapped ? "left" : "right"
                throw QueryError(
                    .execution,
                    "found duplicate series for the match group \(VectorMatch.text(matchedLabels(one.labels(row)))) "
                        + "on the \(side) hand-side of the operation: [\(VectorMatch.text(one.labels(found))), "
                        + "\(VectorMatch.text(one.labels(row)))];many-to-many matching not allowed: "
                        + "matching labels must be unique on one side")
            }
            found = row
        }
        return found
    }

    private func checkUnique(
        _ name: SeriesName, _ hasMatch: Bool, _ names: inout [SeriesName: Int]
    ) throws(QueryError) {
        if matching.cardinality == .oneToOne {
            guard !hasMatch else {
                throw QueryError(
                    .execution,
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                )
            }
        } else if names.updateValue(0, forKey: name) != nil {
            throw QueryError(
                .execution, "multiple matches for labels: grouping labels must ensure unique matches")
        }
    }

    // MARK: - Elements

    private func apply(_ many: Element, _ one: Element) -> Element? { outcome(many, one).value }

    /// The value, nil where a comparison does not hold; and whether the operands fit at all.
    private func outcome(_ many: Element, _ one: Element) -> (value: Element?, isKnown: Bool) {
        let (left, right) = isSwapped ? (one, many) : (many, one)
        guard let (value, holds) = element.apply(left, right, &evaluator.annotations) else {
            return (nil, false)
        }
        if expression.returnsBool { return (.number(holds ? 1 : 0), true) }
        return (holds ? value : nil, true)
    }

    private mutating func put(_ index: Int, _ element: Element) throws(QueryError) {
        guard Cell.isAbsent(result.cells[index]) else { throw Evaluator.sameLabels }
        result.set(index, element)
    }

    // MARK: - Names

    private mutating func row(for name: SeriesName) throws(QueryError) -> Int {
        if let row = rowsByName[name] { return row }
        try evaluator.charge(result.steps)
        let row = result.appendRow(name)
        rowsByName[name] = row
        return row
    }

    private func name(_ many: Labels, _ one: Labels) -> SeriesName { name(many, adding: included.apply(one)) }

    /// The labels of a result: of the many side, less what does not match, plus what is included.
    private func name(_ many: Labels, adding addition: Labels) -> SeriesName {
        var labels = kept.apply(many)
        if matching.cardinality == .oneToOne {
            labels =
                matching.isOn
                ? LabelSelection(keeping: matching.labels).apply(labels)
                : LabelSelection(removing: matching.labels).apply(labels)
        }
        labels = labels.merging(addition)
        guard expression.returnsBool else { return SeriesName(labels: labels) }
        return evaluator.withoutName(SeriesName(labels: labels))
    }

    private func matchedLabels(_ labels: Labels) -> Labels { Signatures.selection(matching).apply(labels) }

    /// Labels as Prometheus writes them in messages: all in braces.
    static func text(_ labels: Labels) -> String {
        let pairs = labels.pairs.map {
            (Labels.isLegacyName($0.name) ? $0.name : Labels.quoted($0.name)) + "=" + Labels.quoted($0.value)
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }
}
