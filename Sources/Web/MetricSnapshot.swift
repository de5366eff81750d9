/// A metric family at one moment.
package struct MetricSnapshot: Sendable {
    package enum Kind: String, Hashable, Sendable { case counter, gauge, histogram }

    package enum Value: Hashable, Sendable {
        case number(Double)
        case histogram(HistogramMetric.Snapshot)
    }

    package struct Point: Sendable {
        package var labels: [(name: String, value: String)]
        package var value: Value
    }

    package var name: String
    package var help: String
    package var kind: Kind
    package var points: [Point]
}
