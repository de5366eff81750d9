import Curl
import Discovery
import Exposition
import TimeSeries

/// The body of an answer as text, and what no text says.
struct ScrapeBody {
    let format: ExpositionReader.Format
    let text: [UInt8]
    let histograms: [ExposedHistogram]
    let starts: [ProtobufExposition.LineStart]
    private let exemplars: [ProtobufExposition.LineExemplar]

    init(_ response: TransportResponse, _ job: ScrapeConfiguration) throws(ScrapeFailure) {
        let type = response.header("content-type")
        let isProtobuf = type.map { $0.hasPrefix("application/vnd.google.protobuf") }
        if isProtobuf ?? (job.fallbackProtocol == .protobuf) {
            let wanted = ProtobufExposition.Histograms(
                takesNative: job.readsNativeHistograms, keepsClassic: job.keepsClassicHistograms,
                convertsClassic: job.convertsClassicHistograms)
            let read: ProtobufExposition
            do {
                read = try ProtobufExposition(
                    response.body.span, wanted, limit: job.limits.bodyBytes ?? 1 << 30)
            } catch {
                throw .protobuf(error)
            }
            format = .text
            (text, histograms) = (read.text, read.histograms)
            (starts, exemplars) = (read.starts, read.exemplars)
            return
        }
        let standard: ExpositionReader.Format =
            job.fallbackProtocol?.isOpenMetrics == true ? .openMetrics : .text
        let format = ExpositionReader.Format(contentType: type, otherwise: standard)
        self.format = format
        (starts, exemplars) = ([], [])
        guard job.convertsClassicHistograms else {
            (text, histograms) = (response.body, [])
            return
        }
        let converted = try ScrapeFailure.reading { () throws(ExpositionError) in
            try HistogramConversion(response.body.span, format, keepsClassic: job.keepsClassicHistograms)
        }
        (text, histograms) = (converted.text, converted.histograms)
    }

    /// Exemplars with the series of their lines, once the cache has taken over this body.
    func lineExemplars(_ cache: LineCache, _ rules: SeriesRules) throws(ScrapeFailure) -> [LineExemplar] {
        var found: [LineExemplar] = []
        for exemplar in exemplars {
            guard let series = try cache.columnLabels(ofLine: exemplar.line, rules) else { continue }
            found.append(
                LineExemplar(
                    series: series, labels: exemplar.labels, value: exemplar.value,
                    timestamp: exemplar.timestamp))
        }
        return found
    }
}

/// When the counters of a table started, from expositions that say it beside their lines.
struct LineStarts {
    /// What was said last, by column; in milliseconds.
    private var last: [Int: Int64] = [:]

    /// What was not said before. Lines that have no column are left out.
    mutating func news(
        _ starts: [ProtobufExposition.LineStart], _ layout: LineLayout
    ) -> [ColumnStart] {
        var news: [ColumnStart] = []
        for entry in starts {
            for line in entry.lines where line < layout.count && layout.destinations[line] >= 0 {
                let column = Int(layout.destinations[line])
                guard last.updateValue(entry.start.milliseconds, forKey: column) != entry.start.milliseconds
                else { continue }
                let start = entry.start.milliseconds > 0 ? entry.start : nil
                news.append(ColumnStart(column: column, start: start))
            }
        }
        return news
    }
}
