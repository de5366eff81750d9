import PromQL

/// Functions of the samples in a window.
extension ReferenceFunctions {
    func overTime(_ function: Function, _ samples: [ReferenceSeries.Sample]) throws -> ReferenceNumber? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let numbers = samples.compactMap { sample in sample.value.float.map { (time: sample.time, value: $0) }
        }
        let histograms = samples.compactMap { sample in
            sample.value.histogram.map { (time: sample.time, value: $0) }
        }
        switch function {
        case .countOverTime: return .float(Double(samples.count))
        case .presentOverTime: return .float(1)
        case .firstOverTime: return first.value
        case .lastOverTime: return last.value
        case .tsOfFirstOverTime: return .float(Double(first.time) / 1000)
        case .tsOfLastOverTime: return .float(Double(last.time) / 1000)
        case .changes:
            return .float(
                Double(
                    count(samples) {
                        !$0.isEqual($1)
                    } numbers: {
                        !same($0, $1)
                    }))
        case .resets:
            return .float(
                Double(
                    count(samples) {
                        $1.isReset(after: $0)
                    } numbers: {
                        $1 < $0
                    }))
        case .irate, .idelta: return try instantRate(function, samples)
        case .rate, .increase, .delta:
            if histograms.isEmpty { return extrapolated(function, numbers).map { .float($0) } }
            guard numbers.isEmpty else { return nil }
            return try extrapolated(function, histograms).map { .histogram($0) }
        case .sumOverTime, .avgOverTime:
            if histograms.isEmpty { break }
            guard numbers.isEmpty, let sum = try ReferenceFunctions.sum(histograms.map(\.value)) else {
                return nil
            }
            let count = Double(histograms.count)
            return .histogram(function == .avgOverTime ? sum.scaled { $0 / count } : sum)
        default: break
        }
        return numbers.isEmpty ? nil : ofNumbers(function, numbers).map { .float($0) }
    }

    private func same(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }

    /// Neighbours that differ; a number beside a histogram always does.
    private func count(
        _ samples: [ReferenceSeries.Sample],
        _ histograms: (ReferenceHistogram, ReferenceHistogram) -> Bool, numbers: (Double, Double) -> Bool
    ) -> Int {
        zip(samples, samples.dropFirst()).count { a, b in
            switch (a.value, b.value) {
            case (.float(let a), .float(let b)): numbers(a, b)
            case (.histogram(let a), .histogram(let b)): histograms(a, b)
            default: true
            }
        }
    }

    private func instantRate(
        _ function: Function, _ samples: [ReferenceSeries.Sample]
    ) throws -> ReferenceNumber? {
        guard samples.count > 1 else { return nil }
        let (before, last) = (samples[samples.count - 2], samples[samples.count - 1])
        let seconds = Double(last.time - before.time) / 1000
        switch (before.value, last.value) {
        case (.float(let a), .float(let b)):
            if function == .idelta { return .float(b - a) }
            return .float((b < a ? b : b - a) / seconds)
        case (.histogram(let a), .histogram(let b)):
            if function == .idelta { return try b.adding(a, sign: -1).map { .histogram($0.compacted) } }
            let change = b.isReset(after: a) ? b : try b.adding(a, sign: -1)
            return change.map { .histogram($0.scaled { $0 / seconds }.compacted) }
        default: return nil
        }
    }

    private func ofNumbers(_ function: Function, _ samples: [Sample]) -> Double? {
        let values = samples.map(\.value)
        switch function {
        case .sumOverTime: return values.reduce(0, +)
        case .avgOverTime: return values.reduce(0, +) / Double(values.count)
        case .minOverTime: return values.filter { !$0.isNaN }.min() ?? .nan
        case .maxOverTime: return values.filter { !$0.isNaN }.max() ?? .nan
        case .stddevOverTime, .stdvarOverTime:
            return ReferenceFunctions.variance(values, function == .stddevOverTime)
        case .quantileOverTime: return ReferenceFunctions.quantile(scalars[0], values)
        case .madOverTime:
            if values.contains(where: \.isNaN) { return .nan }
            let median = ReferenceFunctions.quantile(0.5, values)
            return ReferenceFunctions.quantile(0.5, values.map { abs($0 - median) })
        case .tsOfMaxOverTime: return extreme(samples, >=)
        case .tsOfMinOverTime: return extreme(samples, <=)
        case .deriv, .predictLinear: return regression(function, samples)
        case .doubleExponentialSmoothing: return smoothed(values)
        default: return nil
        }
    }

    /// The time of the extreme value, the last one of equals; a NaN gives way to anything.
    private func extreme(_ samples: [Sample], _ precedes: (Double, Double) -> Bool) -> Double {
        var best = samples[0]
        for sample in samples.dropFirst() where precedes(sample.value, best.value) || best.value.isNaN {
            best = sample
        }
        return Double(best.time) / 1000
    }

    private func smoothed(_ values: [Double]) -> Double? {
        guard values.count > 1 else { return nil }
        var (level, slope) = (values[0], values[1] - values[0])
        for (index, value) in values.enumerated().dropFirst() {
            let next = scalars[0] * value + (1 - scalars[0]) * (level + slope)
            if index < values.count - 1 { slope = scalars[1] * (next - level) + (1 - scalars[1]) * slope }
            level = next
        }
        return level
    }

    // MARK: - Rates

    private func extrapolated(_ function: Function, _ samples: [Sample]) -> Double? {
        guard samples.count > 1 else { return nil }
        var change = samples[samples.count - 1].value - samples[0].value
        if function != .delta {
            for (a, b) in zip(samples, samples.dropFirst()) where b.value < a.value { change += a.value }
        }
        return change * factor(function, samples.map(\.time), first: samples[0].value, change: change)
    }

    private func extrapolated(
        _ function: Function, _ samples: [(time: Int64, value: ReferenceHistogram)]
    ) throws -> ReferenceHistogram? {
        guard samples.count > 1 else { return nil }
        var histograms = samples.map(\.value)
        let isCounter = function != .delta
        if isCounter, histograms[1].isReset(after: histograms[0]) {
            // Nothing of the first one is in any other.
            histograms[0] = ReferenceHistogram(emptyLike: histograms[1])
        }
        let others = isCounter ? histograms : [histograms[0], histograms[histograms.count - 1]]
        guard others.allSatisfy({ $0.isCustom == others[0].isCustom }) else { return nil }
        let schema = others.map(\.schema).min() ?? 0
        guard
            var change = try histograms[histograms.count - 1].reduced(to: schema)
                .adding(histograms[0], sign: -1)
        else { return nil }
        if isCounter {
            for (a, b) in zip(histograms, histograms.dropFirst()) where b.isReset(after: a) {
                guard let sum = try change.adding(a) else { return nil }
                change = sum
            }
        }
        let factor = factor(
            function, samples.map(\.time), first: samples[0].value.count, change: change.count)
        return change.scaled { $0 * factor }.compacted
    }

    /// What a change between the first and last sample is multiplied by to stand for the window.
    private func factor(_ function: Function, _ times: [Int64], first: Double, change: Double) -> Double {
        let covered = Double(times[times.count - 1] - times[0]) / 1000
        let average = covered / Double(times.count - 1)
        var before = Double(times[0] - (end - window)) / 1000
        var after = Double(end - times[times.count - 1]) / 1000
        if before >= average * 1.1 { before = average / 2 }
        if function != .delta, change > 0, first >= 0 { before = min(before, covered * (first / change)) }
        if after >= average * 1.1 { after = average / 2 }
        let factor = (covered + before + after) / covered
        return function == .rate ? factor / (Double(window) / 1000) : factor
    }

    private func regression(_ function: Function, _ samples: [Sample]) -> Double? {
        guard samples.count > 1, let first = samples.first else { return nil }
        let origin = function == .deriv ? first.time : now
        if samples.allSatisfy({ $0.value == first.value }) {
            let isFinite = first.value.isFinite
            return isFinite ? (function == .deriv ? 0 : first.value) : .nan
        }
        let count = Double(samples.count)
        let xs = samples.map { Double($0.time - origin) / 1000 }
        let meanX = xs.reduce(0, +) / count
        let meanY = samples.reduce(0) { $0 + $1.value } / count
        var covariance = 0.0
        var variance = 0.0
        for (x, sample) in zip(xs, samples) {
            covariance += (x - meanX) * (sample.value - meanY)
            variance += (x - meanX) * (x - meanX)
        }
        let slope = covariance / variance
        return function == .deriv ? slope : slope * scalars[0] + (meanY - slope * meanX)
    }
}
