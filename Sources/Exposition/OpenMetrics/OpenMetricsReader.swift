package import TimeSeries

/// Reads samples with their moments from OpenMetrics 1.0, a piece of the text at a time, in memory of one piece.
///
/// Every sample must say when it was. Lines of one series are best together: each run of them becomes one `SeriesSamples`.
package struct OpenMetricsReader: Sendable {
    /// Why a text cannot be read, with its line.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case text(ExpositionError)
        case noMoment(line: Int)
        case carriageReturn(line: Int)

        package var description: String {
            switch self {
            case .text(let error) where error.kind == .missingEOF:
                "\(error): it is cut off, or not OpenMetrics; export it again, or end it with that line"
            case .text(let error): "\(error)"
            case .noMoment(let line):
                "line \(line): the sample has no moment; OpenMetrics has it behind the value, in seconds since 1970"
            case .carriageReturn(let line):
                "line \(line) ends with a carriage return; OpenMetrics ends lines with a line feed alone, as dos2unix makes them"
            }
        }
    }

    package private(set) var samples = 0
    /// By family, as scrapes keep it too; its lines may come in any order.
    package private(set) var metadata: [String: MetricMetadata] = [:]
    private var exemplars: [SeriesExemplars] = []
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
        var run: Run?
        do {
            while let entry = try reader.next(text) {
                switch entry {
                case .sample(let sample): try take(sample, text, &reader, &run, body)
                case .exemplar: continue
                case .type(let name, let kind):
                    metadata[ExpositionReader.name(text, name), default: MetricMetadata()].kind = kind
                case .help(let name, let help):
                    let words = SeriesScanner.unescaped(text, help, quotes: true)
                    metadata[ExpositionReader.name(text, name), default: MetricMetadata()].help = words
                case .unit(let name, let unit):
                    let word = ExpositionReader.string(text, unit)
                    metadata[ExpositionReader.name(text, name), default: MetricMetadata()].unit = word
                }
            }
        } catch {
            // What stands before the error is read.
            if let series = run?.series { try body(series) }
            throw failure(error, piece)
        }
        if let series = run?.series { try body(series) }
        lines += newlines
    }

    /// The exemplars of the lines since the last call, those of one series in the order of the lines.
    package mutating func takeExemplars() -> [SeriesExemplars] {
        defer { exemplars = [] }
        return exemplars
    }

    /// Samples of one series, line by line.
    private struct Run {
        var name: Range<Int>
        var series: SeriesSamples
    }

    private mutating func take(
        _ sample: ExpositionSample, _ text: Span<UInt8>, _ reader: inout ExpositionReader, _ run: inout Run?,
        _ body: (SeriesSamples) throws -> Void
    ) throws {
        guard let moment = sample.timestamp else {
            throw Failure.noMoment(
                line: ExpositionError(.expectedValue, at: sample.valueStart, in: text).line + lines)
        }
        let isStale = isStale(sample, text)
        samples += 1
        let read = Sample(moment, isStale ? Marker.stale : sample.value)
        if let known = run?.name, equal(text, known, sample.series) {
            run?.series.samples.append(read)
        } else {
            if let series = run?.series { try body(series) }
            run = nil
            run = Run(
                name: sample.series,
                series: SeriesSamples(labels: try reader.labels(text), samples: [read]))
        }
        guard let range = sample.exemplar, !isStale, let labels = run?.series.labels else { return }
        let (own, value, time) = try ExpositionReader.exemplar(text, range)
        let exemplar = Exemplar(labels: own, value: value, timestamp: time ?? moment)
        if exemplars.last?.labels == labels {
            exemplars[exemplars.count - 1].exemplars.append(exemplar)
        } else {
            exemplars.append(SeriesExemplars(labels: labels, exemplars: [exemplar]))
        }
    }

    /// The error with its line in the whole text.
    private func failure(_ error: any Error, _ piece: [UInt8]) -> any Error {
        guard var place = error as? ExpositionError else { return error }
        let ends = piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).prefix(
            place.line)
        if let line = ends.firstIndex(where: { $0.last == UInt8(ascii: "\r") }) {
            return Failure.carriageReturn(line: line + 1 + lines)
        }
        place.line += lines
        return Failure.text(place)
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
