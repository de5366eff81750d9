package import TimeSeries

/// Reads samples with their moments from OpenMetrics 1.0, a piece of the text at a time, in memory of one piece.
///
/// Every sample must say when it was. Lines of one series are best together: each run of them becomes one `SeriesSamples`.
package struct OpenMetricsReader: Sendable {
    /// Why a text cannot be read, with its line.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case text(ExpositionError)
        case noMoment(line: Int)

        package var description: String {
            switch self {
            case .text(let error) where error.kind == .missingEOF:
                "\(error): it is cut off, or not OpenMetrics; export it again, or end it with that line"
            case .text(let error): "\(error)"
            case .noMoment(let line):
                "line \(line): the sample has no moment; OpenMetrics has it behind the value, in seconds since 1970"
            }
        }
    }

    package private(set) var metadata: [String: MetricMetadata] = [:]
    package private(set) var samples = 0
    private var kinds: [String: MetricMetadata.Kind] = [:]
    private var lines = 0

    package init() {}

    /// Reads a piece, which ends with a line's end or is the last. `body` gets runs of samples in the order of the text.
    package mutating func read(
        _ piece: [UInt8], isLast: Bool, _ body: (SeriesSamples) throws -> Void
    ) throws {
        var piece = piece
        let newlines = piece.count { $0 == UInt8(ascii: "\n") }
        // Each piece is a whole text to the reader of lines.
        if !isLast { piece += Array("# EOF\n".utf8) }
        let text = piece.span
        var reader = ExpositionReader(.openMetrics)
        var run: (name: Range<Int>, series: SeriesSamples)?
        do {
            while let entry = try reader.next(text) {
                switch entry {
                case .sample(let sample):
                    guard let moment = sample.timestamp else {
                        let place = ExpositionError(.expectedValue, at: sample.valueStart, in: text)
                        throw Failure.noMoment(line: place.line + lines)
                    }
                    let value = isStale(sample, text) ? Marker.stale : sample.value
                    samples += 1
                    if let known = run?.name, equal(text, known, sample.series) {
                        run?.series.samples.append(Sample(moment, value))
                        continue
                    }
                    if let series = run?.series { try body(series) }
                    let labels = try reader.labels(text)
                    run = (sample.series, SeriesSamples(labels: labels, samples: [Sample(moment, value)]))
                case .exemplar: continue
                case .type(let name, let kind):
                    let family = ExpositionReader.name(text, name)
                    kinds[family] = kind
                    metadata[OpenMetricsFamily.metadataName(family, kind), default: MetricMetadata()].kind = kind
                case .help(let name, let help):
                    let family = ExpositionReader.name(text, name)
                    let words = SeriesScanner.unescaped(text, help, quotes: true)
                    metadata[key(family), default: MetricMetadata()].help = words
                case .unit(let name, let unit):
                    let family = ExpositionReader.name(text, name)
                    let word = ExpositionReader.string(text, unit)
                    metadata[key(family), default: MetricMetadata()].unit = word
                }
            }
        } catch var error as ExpositionError {
            error.line += lines
            throw Failure.text(error)
        }
        if let series = run?.series { try body(series) }
        lines += newlines
    }

    private func key(_ family: String) -> String {
        OpenMetricsFamily.metadataName(family, kinds[family] ?? .unknown)
    }

    private func isStale(_ sample: ExpositionSample, _ text: Span<UInt8>) -> Bool {
        let mark = OpenMetricsWriter.staleExemplar
        let start = sample.end - mark.count
        guard sample.value.isNaN, start > sample.valueStart else { return false }
        return mark.indices.allSatisfy { text[start + $0] == mark[$0] }
    }

    private func equal(_ text: Span<UInt8>, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard a.count == b.count else { return false }
        for offset in 0..<a.count where text[a.lowerBound + offset] != text[b.lowerBound + offset] {
            return false
        }
        return true
    }
}
