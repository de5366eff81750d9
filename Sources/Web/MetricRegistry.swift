package import Exposition
import Synchronization
package import TimeSeries

/// What the service tells about itself at /metrics. Thread-safe; a name is registered once.
package final class MetricRegistry: Sendable {
    package typealias Observation = (labels: ExpositionWriter.LabelPairs, value: Double)
    private typealias Collector = @Sendable (inout ExpositionWriter) -> Void

    private let collectors = Mutex<[String: Collector]>([:])

    package init() {}

    package func counter(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily<Metric> {
        numbers(name, help, .counter, labels)
    }

    package func gauge(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily<Metric> {
        numbers(name, help, .gauge, labels)
    }

    package func histogram(
        _ name: String, _ help: String, labels: [String] = [],
        bounds: [Double] = BucketHistogram.defaultBounds
    ) -> MetricFamily<HistogramMetric> {
        let family = MetricFamily(labelNames: labels) { HistogramMetric(bounds: bounds) }
        register(name) { writer in
            writer.histogram(name, help: help, family.sorted.map { ($0.labels, $0.series.snapshot) })
        }
        return family
    }

    /// A family whose series are computed when somebody asks; `read` must be quick.
    package func observe(
        _ name: String, _ help: String, kind: MetricMetadata.Kind = .gauge,
        series read: @escaping @Sendable () -> [Observation]
    ) {
        register(name) { writer in
            writer.family(name, kind, help: help)
            for (labels, value) in read() { writer.sample(name, labels, value) }
        }
    }

    /// One series without labels that is computed when somebody asks; nil shows none.
    package func observe(
        _ name: String, _ help: String, kind: MetricMetadata.Kind = .gauge,
        value read: @escaping @Sendable () -> Double?
    ) {
        observe(name, help, kind: kind, series: { read().map { [(labels: [], value: $0)] } ?? [] })
    }

    /// Families that their owner writes by itself. `owner` says where among the names they stand.
    package func include(_ owner: String, _ write: @escaping @Sendable (inout ExpositionWriter) -> Void) {
        register(owner, write)
    }

    /// Every family by name, in the text format of `ExpositionWriter.contentType`.
    package func render() -> [UInt8] {
        var writer = ExpositionWriter(reserving: 16 << 10)
        let collectors = collectors.withLock { $0 }
        for (_, collect) in collectors.sorted(by: { $0.key < $1.key }) { collect(&writer) }
        return writer.bytes
    }

    private func numbers(
        _ name: String, _ help: String, _ kind: MetricMetadata.Kind, _ labels: [String]
    ) -> MetricFamily<Metric> {
        let family = MetricFamily(labelNames: labels) { Metric() }
        observe(name, help, kind: kind, series: { family.sorted.map { ($0.labels, $0.series.value) } })
        return family
    }

    private func register(_ name: String, _ collect: @escaping Collector) {
        let old = collectors.withLock { $0.updateValue(collect, forKey: name) }
        precondition(old == nil, "metric \(name) is registered twice")
    }
}
