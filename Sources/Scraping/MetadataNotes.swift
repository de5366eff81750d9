import Exposition
import TimeSeries

/// Collects HELP, TYPE and UNIT of a body. The lines of a metric follow each other, so one is looked up once.
struct MetadataNotes {
    private var all: [String: MetricMetadata] = [:]
    private var name: Range<Int>?
    private var kind: MetricMetadata.Kind?
    private var help: Range<Int>?
    private var unit: Range<Int>?

    mutating func note(_ entry: ExpositionEntry, _ body: Span<UInt8>) {
        switch entry {
        case .help(let name, let text):
            turn(to: name, body)
            help = text
        case .type(let name, let kind):
            turn(to: name, body)
            self.kind = kind
        case .unit(let name, let text):
            turn(to: name, body)
            unit = text
        case .sample, .exemplar: break
        }
    }

    /// What was said, by metric.
    mutating func finish(_ body: Span<UInt8>) -> [String: MetricMetadata] {
        settle(body)
        return all
    }

    private mutating func turn(to next: Range<Int>, _ body: Span<UInt8>) {
        if let name, Runs.same(body.extracting(name), body.extracting(next)) { return }
        settle(body)
        name = next
    }

    private mutating func settle(_ body: Span<UInt8>) {
        guard let name else { return }
        let key = ExpositionReader.name(body, name)
        var metadata = all[key] ?? MetricMetadata()
        if let kind { metadata.kind = kind }
        if let help { metadata.help = ExpositionReader.help(body, help) }
        if let unit { metadata.unit = ExpositionReader.string(body, unit) }
        all[key] = metadata
        (self.name, kind, help, unit) = (nil, nil, nil, nil)
    }
}
