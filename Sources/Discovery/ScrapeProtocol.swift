/// A format that a target may answer in, by the names of Prometheus' `scrape_protocols`.
package enum ScrapeProtocol: String, Hashable, Sendable, CaseIterable {
    case protobuf = "PrometheusProto"
    case openMetrics001 = "OpenMetricsText0.0.1"
    case openMetrics100 = "OpenMetricsText1.0.0"
    case text004 = "PrometheusText0.0.4"
    case text100 = "PrometheusText1.0.0"

    /// What is asked for where the configuration says nothing.
    package static let standard: [ScrapeProtocol] = [.openMetrics100, .openMetrics001, .text100, .text004]

    package var isOpenMetrics: Bool { self == .openMetrics001 || self == .openMetrics100 }

    private func mediaRange(_ escaping: String) -> String {
        switch self {
        case .protobuf:
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
        case .openMetrics001: "application/openmetrics-text;version=0.0.1"
        case .openMetrics100: "application/openmetrics-text;version=1.0.0;escaping=\(escaping)"
        case .text004: "text/plain;version=0.0.4"
        case .text100: "text/plain;version=1.0.0;escaping=\(escaping)"
        }
    }

    /// The `Accept` header, the most wanted first and anything last.
    package static func acceptHeader(
        _ protocols: [ScrapeProtocol], escaping: String = NameRules().escaping
    ) -> String {
        var ranges: [String] = []
        for (index, wanted) in protocols.enumerated() {
            ranges.append("\(wanted.mediaRange(escaping));q=0.\(protocols.count + 1 - index)")
        }
        return (ranges + ["*/*;q=0.1"]).joined(separator: ",")
    }
}
