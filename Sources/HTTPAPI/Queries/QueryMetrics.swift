import Exposition
import Synchronization
import TimeSeries
package import Web

/// What Prometheus tells about its engine, under its names.
package final class QueryMetrics: Sendable {
    /// A part of a query's life, the label `slice`.
    enum Slice: String, CaseIterable { case queueTime = "queue_time", innerEval = "inner_eval" }

    private static let quantiles = [0.5, 0.9, 0.99]
    /// Quantiles are of so many newest queries.
    private static let kept = 1024

    private struct Summary {
        var newest: [Double] = []
        var next = 0
        var sum = 0.0
        var count = 0

        mutating func observe(_ seconds: Double) {
            sum += seconds
            count += 1
            if newest.count < QueryMetrics.kept { newest.append(seconds) } else { newest[next] = seconds }
            next = (next + 1) % QueryMetrics.kept
        }
    }

    private let summaries = Mutex<[Slice: Summary]>([:])

    package init() {}

    func observe(_ slice: Slice, _ duration: Duration) {
        summaries.withLock { $0[slice, default: Summary()].observe(duration.inSeconds) }
    }

    package func register(in registry: MetricRegistry, queue: QueryQueue) {
        registry.observe("prometheus_engine_queries", "Queries that run or wait.") {
            let counts = queue.counts
            return Double(counts.running + counts.waiting)
        }
        registry.observe("prometheus_engine_queries_concurrent_max", "Queries that may run at a time.") {
            Double(queue.maxConcurrency)
        }
        registry.include("prometheus_engine_query_duration_seconds") { self.write(to: &$0) }
    }

    private func write(to writer: inout ExpositionWriter) {
        let name = "prometheus_engine_query_duration_seconds"
        writer.family(name, .summary, help: "Time that queries waited and ran.")
        let summaries = summaries.withLock { $0 }
        for slice in Slice.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
            let summary = summaries[slice] ?? Summary()
            let sorted = summary.newest.sorted()
            for quantile in Self.quantiles {
                let index = min(sorted.count - 1, Int(quantile * Double(sorted.count)))
                writer.sample(
                    name,
                    [(name: "quantile", value: "\(quantile)"), (name: "slice", value: slice.rawValue)],
                    sorted.isEmpty ? .nan : sorted[index])
            }
            let labels = [(name: "slice", value: slice.rawValue)]
            writer.sample(name + "_sum", labels, summary.sum)
            writer.sample(name + "_count", labels, Double(summary.count))
        }
    }
}
