import TimeSeries

/// Sums, means and the like of groups at some of the steps: one accumulator a group and step. Rows are added in their
/// order, so that the result does not depend on how steps are shared among workers.
struct Reducer {
    private let operation: AggregationOperator
    private let position: SourceRange
    private let steps: Int
    /// The first of the steps.
    private let firstStep: Int
    /// The sum (absent where there is none yet), extreme or squared deviations, as the operation has it.
    private var values: [Double]
    private var compensations: [Double]
    private var means: [Double]
    private var counts: [Double]
    /// Means that would have overflowed as sums.
    private var incremental: Set<Int> = []
    private var histograms: [Int: HistogramTotal] = [:]
    private var mixed: Set<Int> = []
    private var incompatible: Set<Int> = []

    init(_ aggregation: Aggregation, groups: Int, steps range: Range<Int>) {
        operation = aggregation.operation
        position = aggregation.operand.range
        steps = range.count
        firstStep = range.lowerBound
        counts = [Double](repeating: 0, count: groups * range.count)
        values =
            operation == .sum ? [Double](repeating: Cell.absent, count: groups * range.count) : counts
        let needsCompensation = operation == .sum || operation == .avg
        compensations = needsCompensation ? counts : []
        means = operation == .stdvar || operation == .stddev ? counts : []
    }

    mutating func add(_ input: VectorColumns, _ row: Int, to group: Int, _ annotations: inout Annotations) {
        let start = row * input.steps + firstStep
        let base = group * steps
        if operation == .sum, input.histograms.isEmpty {
            sum(input.cells, from: start, to: base)
            return
        }
        for step in 0..<steps {
            let cell = input.cells[start + step]
            if Cell.isAbsent(cell) { continue }
            if Cell.isHistogram(cell) {
                if let histogram = input.histograms[start + step] {
                    add(histogram, base + step, input.labels(row), &annotations)
                }
                continue
            }
            add(cell, base + step)
        }
    }

    /// Adds a row of numbers to the sums of a group.
    private mutating func sum(_ cells: [Double], from start: Int, to base: Int) {
        // Out of self and back, so that the arrays can be changed side by side without being copied.
        var (sums, lost) = (values, compensations)
        (values, compensations) = ([], [])
        Reducer.sum(cells, from: start, steps: steps, &sums, &lost, to: base)
        (values, compensations) = (sums, lost)
    }

    private static func sum(
        _ cells: [Double], from start: Int, steps: Int, _ sums: inout [Double], _ lost: inout [Double],
        to base: Int
    ) {
        let cells = cells.span.extracting(start..<start + steps)
        var sums = sums.mutableSpan
        var lost = lost.mutableSpan
        // Looked at once, not at every step.
        precondition(base >= 0 && base + steps <= min(sums.count, lost.count))
        for step in cells.indices {
            // Without a way out in between, several steps are worked on in one instruction.
            let cell = cells[step]
            let index = base &+ step
            let before = CompensatedSum(sums[index], lost[index])
            let after = before.adding(cell)
            let isFirst = Cell.isAbsent(before.sum)
            let isGone = Cell.isAbsent(cell)
            sums[index] = Cell.choice(isGone, before.sum, Cell.choice(isFirst, cell, after.sum))
            lost[index] = Cell.choice(isGone || isFirst, before.compensation, after.compensation)
        }
    }

    @inline(__always)
    private mutating func add(_ value: Double, _ index: Int) {
        counts[index] += 1
        switch operation {
        case .sum:
            if counts[index] == 1 {
                values[index] = value
            } else {
                var sum = CompensatedSum(values[index], compensations[index])
                sum.add(value)
                (values[index], compensations[index]) = (sum.sum, sum.compensation)
            }
        case .avg: average(value, index)
        case .min:
            if counts[index] == 1 || value < values[index] || values[index].isNaN { values[index] = value }
        case .max:
            if counts[index] == 1 || value > values[index] || values[index].isNaN { values[index] = value }
        case .stdvar, .stddev:
            if counts[index] == 1 {
                means[index] = value
                values[index] = value.isFinite ? 0 : Marker.notANumber
            } else {
                let delta = value - means[index]
                means[index] += delta / counts[index]
                values[index] += delta * (value - means[index])
            }
        default: break
        }
    }

    private mutating func average(_ value: Double, _ index: Int) {
        if counts[index] == 1 {
            values[index] = value
            return
        }
        var sum = CompensatedSum(values[index], compensations[index])
        if !incremental.contains(index) {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite {
                (values[index], compensations[index]) = (next.sum, next.compensation)
                return
            }
            incremental.insert(index)
            sum.sum /= counts[index] - 1
            sum.compensation /= counts[index] - 1
        }
        let share = (counts[index] - 1) / counts[index]
        sum = CompensatedSum(sum.sum * share, sum.compensation * share)
        sum.add(value / counts[index])
        (values[index], compensations[index]) = (sum.sum, sum.compensation)
    }

    private mutating func add(
        _ histogram: FloatHistogram, _ index: Int, _ labels: Labels, _ annotations: inout Annotations
    ) {
        switch operation {
        case .count, .group: counts[index] += 1
        case .sum, .avg:
            guard !incompatible.contains(index) else { return }
            mixed.insert(index)
            var total = histograms[index] ?? HistogramTotal()
            if !total.add(histogram, average: operation == .avg) {
                annotations.mixedExponentialAndCustom(labels.metricName, position)
                incompatible.insert(index)
            }
            histograms[index] = total
        default: annotations.ignoredHistogram(operation.rawValue, position)
        }
    }

    /// A row for each group.
    func result(_ names: [SeriesName], _ annotations: inout Annotations) -> VectorColumns {
        var result = VectorColumns(steps: steps)
        result.reserve(rows: names.count)
        for name in names { result.appendRow(name) }
        for index in values.indices where hasNumber(index) { result.cells[index] = number(index) }
        for index in mixed.sorted() {
            if hasNumber(index) {
                result.cells[index] = Cell.absent
                annotations.mixedInAggregation(position)
                continue
            }
            guard let total = histograms[index], !incompatible.contains(index) else { continue }
            if total.hasConflict { annotations.conflictingResets(.aggregation, position) }
            if total.reconciled { annotations.reconciledBuckets(.aggregation, position) }
            if let histogram = total.result(average: operation == .avg) {
                result.set(index, histogram.compacted())
            }
        }
        return result
    }

    private func hasNumber(_ index: Int) -> Bool {
        operation == .sum ? !Cell.isAbsent(values[index]) : counts[index] > 0
    }

    private func number(_ index: Int) -> Double {
        switch operation {
        case .sum: CompensatedSum(values[index], compensations[index]).value
        case .avg where incremental.contains(index): values[index] + compensations[index]
        case .avg: values[index] / counts[index] + compensations[index] / counts[index]
        case .count: counts[index]
        case .group: 1
        case .stdvar: values[index] / counts[index]
        case .stddev: (values[index] / counts[index]).squareRoot()
        default: values[index]
        }
    }
}
