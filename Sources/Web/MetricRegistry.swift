import Synchronization

/// One series of a counter or gauge. Cheap enough for hot paths: one atomic word.
package final class Metric: Sendable {
    private let bits = Atomic<UInt64>(0)

    /// Only upwards for a counter; the registry does not check.
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
    package struct Snapshot: Hashable, Sendable {
        /// Ascending upper bounds, without +Inf.
        package var bounds: [Double]
        /// Not cumulative; one more than bounds, the last for +Inf.
        package var counts: [UInt64]
        package var sum: Double
    }

    private let state: Mutex<Snapshot>

    init(bounds: [Double]) {
        state = Mutex(
            Snapshot(bounds: bounds, counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    package func observe(_ value: Double) {
        state.withLock { state in
            let index = state.bounds.firstIndex { value <= $0 } ?? state.bounds.count
            state.counts[index] += 1
            state.sum += value
        }
    }

    package var snapshot: Snapshot { state.withLock { $0 } }
}

/// All series of one name, by the values of its labels. Ask once and keep the series where it is hot.
package final class MetricFamily<Series: Sendable>: Sendable {
    private let labelNames: [String]
    private let make: @Sendable () -> Series
    private let series = Mutex<[[String]: Series]>([:])

    init(labelNames: [String], make: @escaping @Sendable () -> Series) {
        self.labelNames = labelNames
        self.make = make
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

    func forEach(_ body: (_ labels: [(name: String, value: String)], _ series: Series) -> Void) {
        let sorted = series.withLock { $0.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
        for (values, series) in sorted { body(zip(labelNames, values).map { (name: $0, value: $1) }, series) }
    }
}

/// What the service tells about itself at /metrics. Thread-safe; a name is registered once.
package final class MetricRegistry: Sendable {
    private let collectors = Mutex<[String: @Sendable () -> MetricSnapshot]>([:])

    package init() {}

    package func counter(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily<Metric> {
        numbers(name, help, .counter, labels)
    }

    package func gauge(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily<Metric> {
        numbers(name, help, .gauge, labels)
    }

    package func histogram(
        _ name: String, _ help: String, labels: [String] = [],
        bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    ) -> MetricFamily<HistogramMetric> {
        let family = MetricFamily(labelNames: labels) { HistogramMetric(bounds: bounds) }
        register(name) {
            var points: [MetricSnapshot.Point] = []
            family.forEach { points.append(.init(labels: $0, value: .histogram($1.snapshot))) }
            return MetricSnapshot(name: name, help: help, kind: .histogram, points: points)
        }
        return family
    }

    /// A family whose series are computed when somebody asks; `read` must be quick.
    package func observe(
        _ name: String, _ help: String, kind: MetricSnapshot.Kind = .gauge,
        _ read: @escaping @Sendable () -> [(labels: [(name: String, value: String)], value: Double)]
    ) {
        register(name) {
            let points = read().map { MetricSnapshot.Point(labels: $0.labels, value: .number($0.value)) }
            return MetricSnapshot(name: name, help: help, kind: kind, points: points)
        }
    }

    /// One gauge without labels that is computed when somebody asks; nil shows nothing.
    package func observe(
        _ name: String, _ help: String, kind: MetricSnapshot.Kind = .gauge,
        value read: @escaping @Sendable () -> Double?
    ) {
        observe(name, help, kind: kind) { read().map { [(labels: [], value: $0)] } ?? [] }
    }

    /// Every family, by name.
    package func snapshot() -> [MetricSnapshot] {
        let collectors = collectors.withLock { $0 }
        return collectors.sorted { $0.key < $1.key }.map { $0.value() }
    }

    private func numbers(
        _ name: String, _ help: String, _ kind: MetricSnapshot.Kind, _ labels: [String]
    ) -> MetricFamily<Metric> {
        let family = MetricFamily(labelNames: labels) { Metric() }
        register(name) {
            var points: [MetricSnapshot.Point] = []
            family.forEach { points.append(.init(labels: $0, value: .number($1.value))) }
            return MetricSnapshot(name: name, help: help, kind: kind, points: points)
        }
        return family
    }

    private func register(_ name: String, _ collect: @escaping @Sendable () -> MetricSnapshot) {
        let old = collectors.withLock { $0.updateValue(collect, forKey: name) }
        precondition(old == nil, "metric \(name) is registered twice")
    }
}
