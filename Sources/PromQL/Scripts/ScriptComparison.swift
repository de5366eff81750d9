import TimeSeries

/// Compares a result with what a case expects, numbers to a millionth.
struct ScriptComparison {
    let test: ScriptCase

    // MARK: - Annotations

    func annotations(_ result: QueryResult) -> String? {
        if test.refusesWarnings, let first = result.warnings.first { return "unexpected warning: \(first)" }
        if test.refusesInfos, let first = result.infos.first { return "unexpected info: \(first)" }
        return compare(test.warnings, result.warnings, "warning") ?? compare(test.infos, result.infos, "info")
    }

    private func compare(_ expected: [ScriptCase.Match], _ actual: [String], _ kind: String) -> String? {
        guard !expected.isEmpty else { return nil }
        for match in expected where !actual.contains(where: match.accepts) {
            return "expected \(kind) with \(match.description), got \(actual)"
        }
        return actual.first { message in !expected.contains { $0.accepts(message) } }.map {
            "unexpected \(kind): \($0)"
        }
    }

    // MARK: - Values

    func value(_ value: QueryValue, _ range: EvaluationRange) -> String? {
        switch value {
        case .string(let text):
            return text == test.string ? nil : "expected string \(test.string ?? "none"), got \"\(text)\""
        case .scalar(let number):
            guard let expected = test.scalar else { return "expected no scalar, got \(number)" }
            return ScriptComparison.areClose(expected, number) ? nil : "expected \(expected), got \(number)"
        case .vector(let elements): return compare(elements)
        case .matrix(let matrix): return compare(matrix, test.rangeVector ?? range)
        }
    }

    private func compare(_ elements: [VectorElement]) -> String? {
        if test.scalar != nil { return "expected a scalar, got a vector" }
        for (position, element) in elements.enumerated() {
            guard let expected = test.series.firstIndex(where: { $0.labels == element.labels }) else {
                return "unexpected \(ScriptComparison.text(element))"
            }
            if test.isOrdered, expected != position {
                return "expected \(element.labels) at position \(expected + 1), got it at \(position + 1)"
            }
            guard let first = test.series[expected].values.first else {
                return "\(element.labels) expects no value"
            }
            let isEqual =
                switch (first, element.number) {
                case (.number(let a), .float(let b)): ScriptComparison.areClose(a, b)
                case (.histogram(let a, let hasHint), .histogram(let b)):
                    ScriptComparison.areClose(a, b, comparesHint: hasHint)
                default: false
                }
            if !isEqual {
                return
                    "expected \(ScriptComparison.text(first)) for \(element.labels), got \(ScriptComparison.text(element))"
            }
        }
        return missing(elements.map(\.labels))
    }

    private func compare(_ matrix: [MatrixSeries], _ range: EvaluationRange) -> String? {
        if test.scalar != nil { return "expected a scalar, got a matrix" }
        if test.isOrdered { return "expected ordered result, but query returned a matrix" }
        for series in matrix {
            guard let expected = test.series.first(where: { $0.labels == series.labels }) else {
                return
                    "unexpected \(series.labels) with \(series.samples.count + series.histograms.count) samples"
            }
            var floats: [Sample] = []
            var histograms: [(time: Timestamp, histogram: FloatHistogram, hasHint: Bool)] = []
            for (step, value) in expected.values.enumerated() {
                let time = range.start + .milliseconds(Int64(step) * range.step.milliseconds)
                switch value {
                case .omitted: break
                case .number(let number): floats.append(Sample(time, number))
                case .histogram(let histogram, let hasHint): histograms.append((time, histogram, hasHint))
                }
            }
            let floatsAgree =
                floats.count == series.samples.count
                && zip(floats, series.samples).allSatisfy {
                    $0.timestamp == $1.timestamp && ScriptComparison.areClose($0.value, $1.value)
                }
            let histogramsAgree =
                histograms.count == series.histograms.count
                && zip(histograms, series.histograms).allSatisfy {
                    $0.time == $1.timestamp
                        && ScriptComparison.areClose($0.histogram, $1.histogram, comparesHint: $0.hasHint)
                }
            if !floatsAgree || !histogramsAgree {
                return "expected \(expected.values.map(ScriptComparison.text)) for \(series.labels), got "
                    + ScriptComparison.text(.matrix([series]))
            }
        }
        return missing(matrix.map(\.labels))
    }

    private func missing(_ labels: [Labels]) -> String? {
        test.series.first { !labels.contains($0.labels) }.map {
            "expected \($0.labels) with \($0.values.map(ScriptComparison.text)), got none"
        }
    }

    // MARK: - Closeness

    static func areClose(_ a: Double, _ b: Double) -> Bool {
        if Marker.isStale(a) || Marker.isStale(b) { return Marker.isStale(a) && Marker.isStale(b) }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let size = abs(a) + abs(b)
        let difference = abs(a - b)
        if a == 0 || b == 0 || size < .leastNormalMagnitude {
            return difference < 1e-6 * .leastNormalMagnitude
        }
        return difference / min(size, .greatestFiniteMagnitude) < 1e-6
    }

    static func areClose(_ a: FloatHistogram, _ b: FloatHistogram, comparesHint: Bool) -> Bool {
        let (a, b) = (a.compacted(), b.compacted())
        func close(_ x: [Double], _ y: [Double]) -> Bool {
            x.count == y.count && zip(x, y).allSatisfy { areClose($0, $1) }
        }
        return a.schema == b.schema && areClose(a.count, b.count) && areClose(a.sum, b.sum)
            && a.customBounds == b.customBounds && a.zeroThreshold == b.zeroThreshold
            && areClose(a.zeroCount, b.zeroCount) && a.positiveRuns == b.positiveRuns
            && a.negativeRuns == b.negativeRuns && close(a.positiveBuckets, b.positiveBuckets)
            && close(a.negativeBuckets, b.negativeBuckets) && (!comparesHint || a.resetHint == b.resetHint)
    }

    // MARK: - Text

    static func text(_ element: SeriesNotation.Element) -> String {
        switch element {
        case .omitted: "_"
        case .number(let value): NumberSyntax.text(value)
        case .histogram(let histogram, _): HistogramNotation.text(histogram)
        }
    }

    static func text(_ element: VectorElement) -> String {
        switch element.number {
        case .float(let value): "\(element.labels) \(NumberSyntax.text(value))"
        case .histogram(let histogram): "\(element.labels) \(HistogramNotation.text(histogram))"
        }
    }

    static func text(_ value: QueryValue) -> String {
        switch value {
        case .scalar(let value): return NumberSyntax.text(value)
        case .string(let text): return text
        case .vector(let elements): return elements.prefix(5).map(text).joined(separator: "; ")
        case .matrix(let matrix):
            return matrix.prefix(3).map { series in
                let floats = series.samples.map {
                    "\(NumberSyntax.text($0.value))@\($0.timestamp.milliseconds)"
                }
                let histograms = series.histograms.map {
                    "\(HistogramNotation.text($0.histogram))@\($0.timestamp.milliseconds)"
                }
                return "\(series.labels) [\((floats + histograms).joined(separator: " "))]"
            }.joined(separator: "; ")
        }
    }
}
