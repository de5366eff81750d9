package import Exposition
import Synchronization

/// One series of a counter or gauge. Cheap enough for hot paths: one atomic word.
package final class Metric: Sendable {
    private let bits = Atomic<UInt64>(0)

    /// Only upwards for a counter; nobody checks.
    package func add(_ amount: Double = 1) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: old) + amount).bitPattern
            let (done, seen) = bits.weakCompareExchange(expected: old, desired: sum, ordering: .relaxed)
            if done { return }
            old = seen
        }
    }

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// One series of a classic histogram.
package final class HistogramMetric: Sendable {
    private let state: Mutex<BucketHistogram>

    init(bounds: [Double]) { state = Mutex(BucketHistogram(bounds: bounds)) }

    package func observe(_ value: Double) { state.withLock { $0.observe(value) } }

    package var snapshot: BucketHistogram { state.withLock { $0 } }
}

/// All series of one name, by the values of its labels. Ask once and keep the series where it is hot.
package final class MetricFamily<Series: Sendable>: Sendable {
    private let labelNames: [String]
    private let make: @Sendable () -> Series
    private let series = Mutex<[[String]: Series]>([:])

    init(labelNames: [String], make: @escaping @Sendable () -> Series) {
        self.labelNames = labelNames
        self.make = make
        // A family without labels has its one series from the start, so that rates see it begin at zero.
        if labelNames.isEmpty { series.withLock { $0[[]] = make() } }
    }

    /// - Parameter values: one for each label name, in their order.
    package func with(_ values: String...) -> Series {
        precondition(values.count == labelNames.count, "want values for \(labelNames), got \(values)")
        return series.withLock { series in
            if let found = series[values] { return found }
            let made = make()
            series[values] = made
            return made
        }
    }

    /// Every series with its labels, by the values of the labels.
    var sorted: [(labels: ExpositionWriter.LabelPairs, series: Series)] {
        series.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (labels: zip(labelNames, $0.key).map { (name: $0, value: $1) }, series: $0.value) }
    }
}
