import TimeSeries

extension Rate {
    /// Of native histograms; nil where there are too few or they do not fit together.
    func histogram(
        _ samples: HistogramSamples, _ range: Range<Int>, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        if rangeExtension != nil { return extended(samples, range, &annotations) }
        let times = samples.times.milliseconds
        let first = range.lowerBound
        let last = range.upperBound - 1
        var result: FloatHistogram?
        if range.count > 1 {
            result = increase(samples, range, &annotations)
            guard result != nil else { return nil }
        }
        var span = Span(times[first], times[last], count: range.count)
        if let startTime = usableStart(samples.starts?[first], firstSample: times[first]) {
            span.begin(at: startTime)
            if let between = result {
                var arithmetic = HistogramArithmetic(metric: metric, position: position)
                guard let sum = arithmetic.sum(between, samples.values[first], &annotations) else {
                    return nil
                }
                result = sum
            } else {
                result = samples.values[first]
            }
        } else if range.count < 2 {
            return nil
        }
        guard let result else { return nil }
        return result.scaled(
            by: factor(span, firstValue: samples.values[first].count, increase: result.count))
    }

    private func increase(
        _ samples: HistogramSamples, _ range: Range<Int>, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        let histograms = samples.values
        var previous = histograms[range.lowerBound]
        let last = histograms[range.upperBound - 1]
        let second = range.lowerBound + 1
        if isCounter, previous.resetHint == .gauge || last.resetHint == .gauge {
            annotations.notACounter(metric, position)
        }
        if isCounter, isReset(samples, second, after: previous) {
            // Nothing of the first histogram counts then, so neither does its layout.
            previous = FloatHistogram(
                schema: histograms[second].schema, customBounds: histograms[second].customBounds)
        }
        guard last.usesCustomBuckets == previous.usesCustomBuckets else {
            annotations.mixedExponentialAndCustom(metric, position)
            return nil
        }
        var schema = min(last.schema, previous.schema)
        if isCounter {
            for histogram in histograms[second..<range.upperBound - 1] {
                if histogram.resetHint == .gauge { annotations.notACounter(metric, position) }
                schema = min(schema, histogram.schema)
                guard histogram.usesCustomBuckets == previous.usesCustomBuckets else {
                    annotations.mixedExponentialAndCustom(metric, position)
                    return nil
                }
            }
        } else if histograms[range.lowerBound].resetHint != .gauge || last.resetHint != .gauge {
            annotations.notAGauge(metric, position)
        }
        var arithmetic = HistogramArithmetic(metric: metric, position: position)
        guard var result = arithmetic.difference(last.reduced(to: schema), previous, &annotations) else {
            return nil
        }
        if isCounter {
            guard let corrected = corrected(result, samples, range, previous, &annotations) else {
                return nil
            }
            result = corrected
        }
        result.resetHint = .gauge
        return result.compacted()
    }

    /// With what each reset had taken added again.
    private func corrected(
        _ difference: FloatHistogram, _ samples: HistogramSamples, _ range: Range<Int>,
        _ first: FloatHistogram, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        var result = difference
        var previous = first
        var overlaps = false
        var arithmetic = HistogramArithmetic(metric: metric, position: position)
        for index in range.dropFirst() {
            if let starts = samples.starts {
                let before = (start: starts[index - 1], time: samples.times.milliseconds[index - 1])
                overlaps = overlaps || StartTimes.overlap(previous: before, current: starts[index])
            }
            if isReset(samples, index, after: previous) {
                guard let sum = arithmetic.sum(result, previous, &annotations) else { return nil }
                result = sum
            }
            previous = samples.values[index]
        }
        if overlaps { annotations.overlappingStart(metric, position) }
        return result
    }

    private func isReset(_ samples: HistogramSamples, _ index: Int, after previous: FloatHistogram) -> Bool {
        samples.isReset(at: index) || samples.values[index].isReset(after: previous)
    }
}

extension HistogramSamples {
    /// Whether start timestamps tell of a reset between this sample and the one before it.
    func isReset(at index: Int) -> Bool {
        guard let starts else { return false }
        return StartTimes.isReset(
            previous: (starts[index - 1], times.milliseconds[index - 1]),
            current: (starts[index], times.milliseconds[index]))
    }
}

extension FloatSamples {
    /// As for histograms.
    func isReset(at index: Int) -> Bool {
        guard let starts else { return false }
        return StartTimes.isReset(
            previous: (starts[index - 1], times.milliseconds[index - 1]),
            current: (starts[index], times.milliseconds[index]))
    }
}
