package import TimeSeries

/// Writes series with their history as OpenMetrics 1.0: a line for each sample, with its moment, series by series.
///
/// The names of metrics come in the order of `ordered`, so that a family stays together. An exemplar stands at the first sample
/// that is not older and has none. Native histograms have no place
/// in the format; they are counted and left out. So are stale markers, unless they are asked for: then they are `NaN` with
/// the exemplar `{stale="true"}`, which `OpenMetricsReader` reads back and others take for a NaN.
package struct OpenMetricsWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var series = 0
    package private(set) var samples = 0
    package private(set) var omittedHistograms = 0
    package private(set) var omittedMarkers = 0
    /// Series without a name, which the format has no place for.
    package private(set) var omittedSeries = 0
    package private(set) var exemplars = 0
    /// Exemplars for which no line of their series was left: a line has one at most.
    package private(set) var omittedExemplars = 0
    private let metadata: [String: MetricMetadata]
    private let keepsMarkers: Bool
    private var family: String?

    package init(metadata: [String: MetricMetadata] = [:], keepsStaleMarkers: Bool = false) {
        self.metadata = metadata
        keepsMarkers = keepsStaleMarkers
    }

    static let staleExemplar = Array(#" # {stale="true"} 1"#.utf8)

    package func ordered(_ names: some Collection<String>) -> [String] {
        names.map { (family: OpenMetricsFamily(of: $0, metadata).name, name: $0) }.sorted { a, b in
            a.family == b.family ? Labels.precedes(a.name, b.name) : Labels.precedes(a.family, b.family)
        }.map(\.name)
    }

    /// All series of one name, with the exemplars of each, ascending in time.
    package mutating func append(
        _ name: String, _ columns: [SeriesColumns], exemplars: [Labels: [Exemplar]] = [:]
    ) {
        guard !name.isEmpty else {
            omittedSeries += columns.count
            return
        }
        let family = OpenMetricsFamily(of: name, metadata)
        if family.name != self.family { head(family) }
        self.family = family.name
        for column in OpenMetricsWriter.bucketsInOrder(columns) {
            append(column, exemplars[column.labels] ?? [])
        }
    }

    /// Buckets of one histogram together, by rising bounds, as the format wants them; others as they are.
    private static func bucketsInOrder(_ columns: [SeriesColumns]) -> [SeriesColumns] {
        var buckets: [(others: Labels, bound: Double, column: SeriesColumns)] = []
        for column in columns {
            guard column.labels.metricName.hasSuffix("_bucket"), let bound = column.labels["le"] else {
                return columns
            }
            buckets.append((column.labels.removing(["le"]), Double(bound) ?? .nan, column))
        }
        buckets.sort { a, b in a.others == b.others ? a.bound < b.bound : a.others < b.others }
        return buckets.map(\.column)
    }

    /// Takes what was written so far out.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    package mutating func finish() { text("# EOF\n") }

    private mutating func append(_ columns: SeriesColumns, _ exemplars: [Exemplar]) {
        let start = bytes.count
        label(columns.labels)
        let name = Array(bytes[start...])
        bytes.removeLast(bytes.count - start)
        var written = 0
        var rest = exemplars[...]
        for (row, value) in columns.values.enumerated() {
            if columns.histograms?[row] != nil {
                omittedHistograms += 1
                continue
            }
            let isStale = Marker.isStale(value)
            if isStale, !keepsMarkers {
                omittedMarkers += 1
                continue
            }
            bytes += name
            text(" " + value.expositionText + " ")
            moment(columns.times.milliseconds[row])
            if isStale {
                bytes += Self.staleExemplar
            } else if let next = rest.first, next.timestamp.milliseconds <= columns.times.milliseconds[row] {
                exemplar(next)
                rest.removeFirst()
            }
            text("\n")
            written += 1
        }
        omittedExemplars += rest.count
        self.exemplars += exemplars.count - rest.count
        samples += written
        if written > 0 { series += 1 }
    }

    private mutating func exemplar(_ exemplar: Exemplar) {
        text(" # {")
        var separator = ""
        for label in exemplar.labels.pairs {
            text(separator)
            if Labels.isLegacyName(label.name) { text(label.name) } else { quoted(label.name) }
            text("=")
            quoted(label.value)
            separator = ","
        }
        text("} " + exemplar.value.expositionText + " ")
        moment(exemplar.timestamp.milliseconds)
    }

    private mutating func head(_ family: OpenMetricsFamily) {
        guard let metadata = family.metadata else { return }
        text("# TYPE ")
        metricName(family.name)
        text(" " + metadata.kind.rawValue + "\n")
        if !metadata.unit.isEmpty, family.name.hasSuffix("_" + metadata.unit) {
            text("# UNIT ")
            metricName(family.name)
            text(" " + metadata.unit + "\n")
        }
        guard !metadata.help.isEmpty else { return }
        text("# HELP ")
        metricName(family.name)
        text(" ")
        escaped(metadata.help)
        text("\n")
    }

    private mutating func label(_ labels: Labels) {
        let name = labels.metricName
        let isPlain = Labels.isLegacyMetricName(name)
        if isPlain { text(name) }
        var separator = "{"
        if !isPlain {
            text("{")
            quoted(name)
            separator = ","
        }
        for label in labels.pairs where label.name != "__name__" {
            text(separator)
            if Labels.isLegacyName(label.name) { text(label.name) } else { quoted(label.name) }
            text("=")
            quoted(label.value)
            separator = ","
        }
        if separator == "," { text("}") }
    }

    /// Seconds with milliseconds where there are any; digits, not a double, so that they are exact.
    private mutating func moment(_ milliseconds: Int64) {
        if milliseconds < 0 { text("-") }
        let magnitude = milliseconds.magnitude
        text(String(magnitude / 1000))
        let rest = String(magnitude % 1000)
        if rest != "0" { text("." + String(repeating: "0", count: 3 - rest.count) + rest) }
    }

    private mutating func metricName(_ name: String) {
        if Labels.isLegacyMetricName(name) { text(name) } else { quoted(name) }
    }

    private mutating func quoted(_ value: String) {
        text("\"")
        escaped(value)
        text("\"")
    }

    private mutating func escaped(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text("\\\\")
            case UInt8(ascii: "\n"): text("\\n")
            case UInt8(ascii: "\""): text("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func text(_ value: String) { bytes.append(contentsOf: value.utf8) }
}
