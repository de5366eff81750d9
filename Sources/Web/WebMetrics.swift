/// What the server counts of its own requests.
struct WebMetrics: Sendable {
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
        requests.with(handler, String(status)).add()
        durations.with(handler).observe(elapsed / .seconds(1))
        bytes.with(handler).add(Double(count))
    }
}
