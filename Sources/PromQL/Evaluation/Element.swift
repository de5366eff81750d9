import TimeSeries

/// A sample: a number or a histogram.
enum Element {
    case number(Double)
    case histogram(FloatHistogram)

    var kind: String { if case .number = self { "float" } else { "histogram" } }
}

extension VectorColumns {
    /// The sample in a cell, nil where there is none.
    func element(_ index: Int) -> Element? {
        let cell = cells[index]
        if Cell.isNumber(cell) { return .number(cell) }
        return Cell.isHistogram(cell) ? histograms[index].map(Element.histogram) : nil
    }

    mutating func set(_ index: Int, _ element: Element) {
        switch element {
        case .number(let value): cells[index] = value
        case .histogram(let histogram): set(index, histogram)
        }
    }
}

/// A binary operator on two samples, histograms included.
struct ElementOperation {
    let operation: BinaryOperator
    let position: SourceRange

    /// The result and, for comparisons, whether it holds; nil, with a note, where the operator does not take such operands.
    func apply(
        _ left: Element, _ right: Element, _ annotations: inout Annotations
    ) -> (value: Element, holds: Bool)? {
        switch (left, right) {
        case (.number(let a), .number(let b)):
            if operation.isComparison { return (left, Arithmetic.holds(operation, a, b)) }
            if operation != .trimUpper, operation != .trimLower {
                return (.number(Arithmetic.value(operation, a, b)), true)
            }
        case (.number(let a), .histogram(let b)):
            if operation == .multiply { return (.histogram(b.scaled(by: a).compacted()), true) }
        case (.histogram(let a), .number(let b)):
            switch operation {
            case .multiply: return (.histogram(a.scaled(by: b).compacted()), true)
            case .divide: return (.histogram(a.divided(by: b).compacted()), true)
            case .trimUpper: return (.histogram(a.trimmed(at: b, keepingBelow: true)), true)
            case .trimLower: return (.histogram(a.trimmed(at: b, keepingBelow: false)), true)
            default: break
            }
        case (.histogram(let a), .histogram(let b)):
            switch operation {
            case .add, .subtract: return combined(a, b, &annotations)
            case .equal: return (left, a.isEqual(b))
            case .notEqual: return (left, !a.isEqual(b))
            default: break
            }
        }
        annotations.incompatibleTypes(left.kind, operation, right.kind, position)
        return nil
    }

    private func combined(
        _ a: FloatHistogram, _ b: FloatHistogram, _ annotations: inout Annotations
    ) -> (value: Element, holds: Bool)? {
        let isSum = operation == .add
        guard let (sum, reconciled, conflict) = a.combined(with: b, sign: isSum ? 1 : -1) else {
            annotations.incompatibleBuckets(operation, position)
            return nil
        }
        var result = sum
        let name = isSum ? Annotations.HistogramOperation.addition : .subtraction
        if !isSum { result.resetHint = .gauge }
        if conflict { annotations.conflictingResets(name, position) }
        if reconciled { annotations.reconciledBuckets(name, position) }
        return (.histogram(result), true)
    }
}
