import Synchronization

/// What the server counts of its own requests.
final class WebMetrics: Sendable {
    private struct Key: Hashable {
        var handler: String
        var status: Int
    }

    /// The series of one route and status, so that they are looked up once and not three times.
    private struct Seen {
        var requests: Metric
        var durations: HistogramMetric
        var bytes: Metric
    }

    private let seen = Mutex<[Key: Seen]>([:])
    private let requests: MetricFamily<Metric>
    private let durations: MetricFamily<HistogramMetric>
    private let bytes: MetricFamily<Metric>

    init(_ registry: MetricRegistry) {
        requests = registry.counter(
            "flyball_http_requests_total", "Requests answered, by route and status.",
            labels: ["handler", "code"])
        durations = registry.histogram(
            "flyball_http_request_duration_seconds", "Time from head to answer, by route.",
            labels: ["handler"])
        bytes = registry.counter(
            "flyball_http_response_bytes_total", "Bytes of answers, by route.", labels: ["handler"])
    }

    func record(handler: String, status: Int, elapsed: Duration, bytes count: Int) {
        let series = seen.withLock { seen in
            let key = Key(handler: handler, status: status)
            if let series = seen[key] { return series }
            let series = Seen(
                requests: requests.with(handler, String(status)), durations: durations.with(handler),
                bytes: bytes.with(handler))
            seen[key] = series
            return series
        }
        series.requests.add()
        series.durations.observe(elapsed / .seconds(1))
        series.bytes.add(Double(count))
    }
}
