import PromQL
import TimeSeries

/// `anchored` and `smoothed`: what is known of a series around a window, or a moment, gives values to its ends.
extension ReferenceEvaluator {
    private func samples(
        of series: ReferenceSeries, after start: Int64, upTo end: Int64
    ) -> [ReferenceSeries.Sample] {
        series.samples.filter { $0.time > start && $0.time <= end && !isStale($0.value) }
    }

    /// The value of each series at the moment, on the line between its samples around it.
    func smoothed(_ selector: VectorSelector, at time: Int64) throws -> Vector {
        let time = try reference(selector.offset, selector.at, time)
        var result: Vector = [:]
        for series in matching(selector.matchers) {
            let samples = samples(of: series, after: time - lookback, upTo: time + lookback)
            let numbers = samples.count { $0.value.float != nil }
            guard numbers == 0 || numbers == samples.count else { continue }
            guard let before = samples.last(where: { $0.time <= time }) else { continue }
            // Histograms are counters where nothing says otherwise.
            let line = ReferenceLine(isCounter: numbers == 0)
            let after = samples.first { $0.time >= time } ?? before
            result[series.labels] = try line.value(at: time, before, after)
        }
        return result
    }

    func extendedCall(_ function: Function, _ matrix: MatrixSelector, at time: Int64) throws -> Vector {
        let end = try reference(matrix.selector.offset, matrix.selector.at, time)
        let start = end - (try matrix.window.milliseconds(step: .zero, range: .zero, positive: true))
        let isSmoothed = matrix.selector.rangeExtension == .smoothed
        let window = ReferenceExtendedWindow(
            function: function, isSmoothed: isSmoothed, start: start, end: end)
        var result: Vector = [:]
        for series in matching(matrix.selector.matchers) {
            let samples = samples(
                of: series, after: start - lookback, upTo: isSmoothed ? end + lookback : end)
            guard let value = try window.value(samples) else { continue }
            try result.add(series.labels.nameless, value)
        }
        return result
    }
}

/// A straight line between two samples.
struct ReferenceLine {
    /// Whether what is less was reset, and so began at 0.
    var isCounter: Bool

    /// Nil where the two are of different kinds.
    func value(
        at time: Int64, _ before: ReferenceSeries.Sample, _ after: ReferenceSeries.Sample
    ) throws -> ReferenceNumber? {
        if time <= before.time || before.time == after.time { return before.value }
        if time == after.time { return after.value }
        let (passed, whole) = (Double(time - before.time), Double(after.time - before.time))
        switch (before.value, after.value) {
        case (.float(let low), .float(let high)):
            let low = isCounter && high < low ? 0 : low
            return .float(low + (high - low) * passed / whole)
        case (.histogram(let low), .histogram(let high)):
            guard low.isCustom == high.isCustom else { return nil }
            if isReset(before, after) { return .histogram(high.scaled { $0 * (passed / whole) }) }
            let difference = try high.adding(low, sign: -1)
            return try difference?.scaled { $0 * (passed / whole) }.adding(low).map { .histogram($0) }
        default: return nil
        }
    }

    func isReset(_ before: ReferenceSeries.Sample, _ after: ReferenceSeries.Sample) -> Bool {
        switch (before.value, after.value) {
        case (.float(let before), .float(let after)): isCounter && after < before
        case (.histogram(let before), .histogram(let after)): isCounter && after.isReset(after: before)
        default: false
        }
    }
}

/// A window that begins with a value at its start.
struct ReferenceExtendedWindow {
    private typealias Sample = ReferenceSeries.Sample

    var function: Function
    var isSmoothed: Bool
    var start: Int64
    var end: Int64

    private var line: ReferenceLine { ReferenceLine(isCounter: function != .delta) }

    /// - Parameter samples: in the window and as long as the lookback around it.
    func value(_ samples: [ReferenceSeries.Sample]) throws -> ReferenceNumber? {
        // Something must be known of the window itself.
        guard samples.contains(where: { $0.time > start }), samples.contains(where: { $0.time <= end }) else {
            return nil
        }
        if function == .changes || function == .resets {
            let functions = ReferenceFunctions(end: end, window: end - start, now: end, scalars: [])
            return try functions.overTime(function, anchored(samples))
        }
        let numbers = samples.count { $0.value.float != nil }
        guard numbers == 0 || numbers == samples.count else { return nil }
        return try change(isSmoothed ? smoothed(samples) : anchored(samples))
    }

    /// The newest sample at or before the start, and all of the window.
    private func anchored(_ samples: [Sample]) -> [Sample] {
        let inside = samples.filter { $0.time > start }
        return (samples.last { $0.time <= start }.map { [$0] } ?? []) + inside
    }

    /// The values at both ends as far as there are samples beyond them, and all samples in between.
    private func smoothed(_ samples: [Sample]) throws -> [Sample] {
        let ends = try [start, end].map { time -> [Sample] in
            guard let before = samples.last(where: { $0.time <= time }),
                let after = samples.first(where: { $0.time >= time }),
                let value = try line.value(at: time, before, after)
            else { return [] }
            return [(time, value)]
        }
        return ends[0] + samples.filter { $0.time > start && $0.time < end } + ends[1]
    }

    /// From the first to the last of a path through the window, and what was lost to resets on the way.
    private func change(_ path: [Sample]) throws -> ReferenceNumber? {
        guard let first = path.first, let last = path.last else { return nil }
        var lost: [ReferenceNumber] = []
        for (a, b) in zip(path, path.dropFirst()) where line.isReset(a, b) { lost.append(a.value) }
        let seconds = function == .rate ? Double(end - start) / 1000 : 1
        switch (first.value, last.value) {
        case (.float(let first), .float(let last)):
            let lost = lost.compactMap(\.float).reduce(0, +)
            return .float((last - first + lost) / seconds)
        case (.histogram(let first), .histogram(let last)):
            guard var change = try last.adding(first, sign: -1) else { return nil }
            for histogram in lost.compactMap(\.histogram) {
                guard let sum = try change.adding(histogram) else { return nil }
                change = sum
            }
            return .histogram(change.scaled { $0 / seconds }.compacted)
        default: return nil
        }
    }
}
