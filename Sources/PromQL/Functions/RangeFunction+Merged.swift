import TimeSeries

/// Functions for which numbers and histograms of a window are one sequence.
extension RangeFunction {
    private enum Sample {
        case number(Int)
        case histogram(Int)
    }

    func merged(
        _ step: Int, _ numbers: Range<Int>, _ histograms: Range<Int>, _ result: inout VectorColumns,
        _ base: Int, _ annotations: inout Annotations
    ) {
        guard !numbers.isEmpty || !histograms.isEmpty else { return }
        let index = base + step
        switch call.function {
        case .countOverTime: result.cells[index] = Double(numbers.count + histograms.count)
        case .presentOverTime: result.cells[index] = 1
        case .firstOverTime: copy(sequence(numbers, histograms).first, to: index, &result)
        case .lastOverTime: copy(sequence(numbers, histograms).last, to: index, &result)
        case .tsOfFirstOverTime:
            if let first = sequence(numbers, histograms).first {
                result.cells[index] = Double(time(first)) / 1000
            }
        case .tsOfLastOverTime:
            if let last = sequence(numbers, histograms).last {
                result.cells[index] = Double(time(last)) / 1000
            }
        case .changes, .resets:
            if let count = count(step, numbers, histograms) { result.cells[index] = Double(count) }
        case .irate, .idelta: instant(sequence(numbers, histograms), index, &result, &annotations)
        default: break
        }
    }

    private func copy(_ sample: Sample?, to index: Int, _ result: inout VectorColumns) {
        switch sample {
        case .number(let source): result.cells[index] = Evaluator.ordinary(row.floats.values[source])
        case .histogram(let source):
            if let histogram = row.histograms?.values[source] { result.set(index, histogram) }
        case nil: break
        }
    }

    private func time(_ sample: Sample) -> Int64 {
        switch sample {
        case .number(let index): row.floats.times.milliseconds[index]
        case .histogram(let index): row.histograms?.times.milliseconds[index] ?? 0
        }
    }

    /// All samples by time.
    private func sequence(_ numbers: Range<Int>, _ histograms: Range<Int>) -> [Sample] {
        var sequence: [Sample] = []
        var histogram = histograms.lowerBound
        for number in numbers {
            while histogram < histograms.upperBound, time(.histogram(histogram)) < time(.number(number)) {
                sequence.append(.histogram(histogram))
                histogram += 1
            }
            sequence.append(.number(number))
        }
        while histogram < histograms.upperBound {
            sequence.append(.histogram(histogram))
            histogram += 1
        }
        return sequence
    }

    // MARK: - Changes and resets

    private func count(_ step: Int, _ numbers: Range<Int>, _ histograms: Range<Int>) -> Int? {
        var sequence = sequence(numbers, histograms)[...]
        if plan.rangeExtension == .anchored {
            let start = plan.references.time(step) &- plan.window
            guard let last = sequence.last, time(last) > start else { return nil }
            if let anchor = sequence.lastIndex(where: { time($0) <= start }) {
                sequence = sequence[anchor...]
            }
        }
        let countsResets = call.function == .resets
        return zip(sequence, sequence.dropFirst()).count { differ($0, $1, countsResets) }
    }

    /// For each number how many changes, or resets, there were up to it since the first.
    func passedEvents() -> [Int32] {
        let values = row.floats.values
        let countsResets = call.function == .resets
        var passed = [Int32](repeating: 0, count: values.count)
        for index in values.indices.dropFirst() {
            let (a, b) = (values[index - 1], values[index])
            let counts =
                countsResets ? b < a || row.floats.isReset(at: index) : a != b && !(a.isNaN && b.isNaN)
            passed[index] = passed[index - 1] &+ (counts ? 1 : 0)
        }
        return passed
    }

    private func differ(_ a: Sample, _ b: Sample, _ countsResets: Bool) -> Bool {
        switch (a, b) {
        case (.number(let a), .number(let b)):
            let (x, y) = (row.floats.values[a], row.floats.values[b])
            return countsResets
                ? y < x || row.floats.isReset(at: b) : x != y && !(x.isNaN && y.isNaN)
        case (.histogram(let a), .histogram(let b)):
            guard let samples = row.histograms else { return false }
            return countsResets
                ? samples.values[b].isReset(after: samples.values[a]) || samples.isReset(at: b)
                : !samples.values[a].isEqual(samples.values[b])
        default: return true
        }
    }

    // MARK: - Instant rates

    private func instant(
        _ sequence: [Sample], _ index: Int, _ result: inout VectorColumns, _ annotations: inout Annotations
    ) {
        guard sequence.count >= 2 else { return }
        let (a, b) = (sequence[sequence.count - 2], sequence[sequence.count - 1])
        let seconds = Double(time(b) &- time(a)) / 1000
        guard seconds > 0 else { return }
        let isRate = call.function == .irate
        switch (a, b) {
        case (.number(let a), .number(let b)):
            let values = row.floats.values
            let isReset = isRate && (values[b] < values[a] || row.floats.isReset(at: b))
            let change = isReset ? values[b] : values[b] - values[a]
            result.cells[index] = isRate ? change / seconds : change
        case (.histogram(let a), .histogram(let b)):
            guard let change = change(a, b, isRate, &annotations) else { return }
            result.set(index, isRate ? change.divided(by: seconds) : change)
        default: annotations.mixedFloatsAndHistograms(metric, position)
        }
    }

    private func change(
        _ a: Int, _ b: Int, _ isRate: Bool, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        guard let samples = row.histograms else { return nil }
        let (first, last) = (samples.values[a], samples.values[b])
        if isRate, first.resetHint == .gauge || last.resetHint == .gauge {
            annotations.notACounter(metric, position)
        }
        if !isRate, first.resetHint != .gauge || last.resetHint != .gauge {
            annotations.notAGauge(metric, position)
        }
        var change = last
        if !isRate || !(samples.isReset(at: b) || last.isReset(after: first)) {
            var arithmetic = HistogramArithmetic(metric: metric, position: position)
            guard let difference = arithmetic.difference(last, first, &annotations) else { return nil }
            change = difference
        }
        change.resetHint = .gauge
        return change.compacted()
    }
}
