/// What a metric is, as its exposition declares it.
package struct MetricMetadata: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable {
        case counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown
    }

    package var kind: Kind
    package var help: String
    package var unit: String

    package init(kind: Kind = .unknown, help: String = "", unit: String = "") {
        self.kind = kind
        self.help = help
        self.unit = unit
    }
}
