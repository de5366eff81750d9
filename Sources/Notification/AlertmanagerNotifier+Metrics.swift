package import Exposition
import TimeSeries

extension AlertmanagerNotifier {
    /// Writes what the notifier counts: Prometheus' notification metrics under our prefix, by `alertmanager`.
    package func writeMetrics(to writer: inout ExpositionWriter) {
        let statistics = statistics
        func rows(_ value: (NotifierStatistics.Peer) -> Double) -> [(ExpositionWriter.LabelPairs, Double)] {
            statistics.peers.map { ([(name: "alertmanager", value: $0.url)], value($0)) }
        }
        writer.counter(
            "flyball_notifications_sent_total", help: "Alerts that an Alertmanager took.",
            rows { Double($0.sent) })
        writer.counter(
            "flyball_notifications_errors_total", help: "Alerts that an Alertmanager could not be told of.",
            rows { Double($0.errors) })
        writer.counter(
            "flyball_notifications_dropped_total",
            help: "Alerts that were lost: the queue was full, or no Alertmanager took them.",
            Double(statistics.dropped))
        writer.gauge(
            "flyball_notifications_queue_length", help: "Alerts in the longest queue.",
            Double(statistics.queueLength))
        writer.gauge(
            "flyball_notifications_queue_capacity", help: "Alerts that a queue can hold.",
            Double(statistics.queueCapacity))
        writer.gauge(
            "flyball_notifications_alertmanagers_discovered", help: "Alertmanagers that are told of alerts.",
            Double(statistics.peers.count))
        let latency = "flyball_notifications_latency_seconds"
        writer.family(latency, .summary, help: "The time of requests to an Alertmanager.")
        for (labels, value) in rows({ $0.totalLatency.inSeconds }) {
            writer.sample(latency + "_sum", labels, value)
        }
        for (labels, value) in rows({ Double($0.requests) }) {
            writer.sample(latency + "_count", labels, value)
        }
    }
}
