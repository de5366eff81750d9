import Curl
import Discovery
import Exposition
import TimeSeries

/// The sink's table of a target and what keeps it in step with the target's lines.
struct ScrapeTable {
    struct Outcome {
        var isUp: Bool
        /// Empty where there is none.
        var problem: String
        var samples: Int
        var position: UInt64
    }

    /// Samples with times further ahead of the clock than this are dropped.
    static let futureLimit = Duration.seconds(600)
    /// Columns without a line that a table may have before it is opened anew, at least.
    static let retiredLimit = 1000

    var job: ScrapeConfiguration
    private(set) var isClosed = false
    private let target: Labels
    private let sink: any SampleSink
    private let rules: SeriesRules
    private let reportColumns: [Labels]
    private let registry: LineTextRegistry
    private var cache: LineCache
    private var table: TableID?
    /// The table before this one, until the first scrape of this one says which of its series go on; there is none
    /// meanwhile.
    private var former: FormerTable?
    /// Own series whose last scrape brought a sample that ends when there is none: one without a time of its own, but where
    /// stale markers were asked for of the others too.
    private var liveOwn: Set<Int> = []
    /// Native histograms of the last scrape.
    private var liveHistograms: Set<Labels> = []
    /// What the last scrape that went well had beside the table.
    private var lastOwn: Set<Int> = []
    private var lastHistograms: Set<Labels> = []
    /// Whether the series of the table have a sample behind their last stale marker.
    private var isLive = false
    private var lastTimestamp = Timestamp.distantPast
    private var created = CreatedSeries()
    private var starts = LineStarts()
    /// Starts of counters that the scrape at hand was the first to say.
    private var news: [ColumnStart] = []

    init(
        _ target: Target, _ job: ScrapeConfiguration, _ sink: any SampleSink, _ registry: LineTextRegistry
    ) {
        self.registry = registry
        self.job = job
        self.target = target.labels
        self.sink = sink
        rules = SeriesRules(job, target: target.labels)
        reportColumns = ScrapeReport.columns(job)
        cache = LineCache(reportColumns: reportColumns, registry: registry)
    }

    /// Writes what a scrape brought, or that it failed.
    mutating func land(
        _ answer: Result<TransportResponse, ScrapeFailure>, at timestamp: Timestamp, now: Timestamp,
        duration: Duration, timeout: Duration
    ) -> Outcome {
        var report = ScrapeReport(duration: duration)
        var row = Array(repeating: Marker.absent, count: cache.columnCount)
        var batch: [SeriesSamples] = []
        var problem = ""
        news = []
        do throws(ScrapeFailure) {
            let response = try answer.get()
            problem = try ingest(response, at: timestamp, now: now, into: &row, &batch, &report)
            report.isUp = true
        } catch {
            returnToFormer()
            if case .transport(.bodyTooLarge, _) = error { report.bodyBytes = -1 }
            problem = error.description
            row = Array(repeating: Marker.absent, count: cache.columnCount)
            endSeries(&row, &batch, at: timestamp)
        }
        report.write(to: &row, job, timeout: timeout)
        var kept = AppendReport()
        do throws(SinkError) {
            let table = try open(adding: [])
            kept = sink.append(table, at: timestamp, row: row)
            news += report.isUp ? created.news(row) : []
            if !news.isEmpty { sink.append(table, at: timestamp, starts: news) }
            lastTimestamp = timestamp
        } catch {
            problem = ScrapeFailure.sink(error).description
        }
        if problem.isEmpty { problem = kept.problem }
        if !batch.isEmpty {
            let others = sink.append(scraped: batch)
            kept.position = max(kept.position, others.position)
            if problem.isEmpty { problem = others.problem }
        }
        if cache.retiredCount > max(ScrapeTable.retiredLimit, cache.layout.count) { replace() }
        return Outcome(
            isUp: report.isUp, problem: problem, samples: report.isUp ? report.kept : 0,
            position: kept.position)
    }

    /// Ends all series and gives the table back.
    mutating func close(at now: Timestamp) {
        guard !isClosed else { return }
        isClosed = true
        returnToFormer()
        guard let table else { return }
        let timestamp = max(now, lastTimestamp + .milliseconds(1))
        var row = Array(repeating: Marker.absent, count: cache.columnCount)
        var batch: [SeriesSamples] = []
        endSeries(&row, &batch, at: timestamp)
        for column in reportColumns.indices { row[column] = Marker.stale }
        _ = sink.append(table, at: timestamp, row: row)
        if !batch.isEmpty { _ = sink.append(scraped: batch) }
        sink.closeTable(table)
        self.table = nil
    }

    /// The table, opened or extended by `columns`.
    private mutating func open(adding columns: [Labels]) throws(SinkError) -> TableID {
        if let table {
            if !columns.isEmpty { try sink.extendTable(table, columns: columns) }
            return table
        }
        let opened = try sink.openTable(target: target, columns: reportColumns + columns)
        table = opened
        return opened
    }

    /// A table with only the columns that are in use, from the next reading on. The one before stays open until then.
    private mutating func replace() {
        if let table {
            former = FormerTable(
                table: table, cache: cache, live: isLive ? cache.liveColumns(rules) : [:], created: created,
                starts: starts)
        }
        table = nil
        created = CreatedSeries()
        starts = LineStarts()
        cache = LineCache(reportColumns: reportColumns, own: cache.own, registry: registry)
    }

    /// Goes on with the table before, where nothing came into the one that was to replace it.
    private mutating func returnToFormer() {
        guard let former else { return }
        (table, cache, created, starts) = (former.table, former.cache, former.created, former.starts)
        self.former = nil
    }

    /// Ends the series of the table before that have no column in the present one, and gives it back. Returns how many
    /// go on.
    private mutating func endFormer(keeping columns: [Labels], at timestamp: Timestamp) -> Int {
        guard let former else { return 0 }
        self.former = nil
        var ended = former.live
        for labels in columns { ended[labels.processHash] = nil }
        // The sink may have given the same table again.
        if former.table != table {
            var row = Array(repeating: Marker.absent, count: former.cache.columnCount)
            for column in ended.values { row[Int(column)] = Marker.stale }
            if !ended.isEmpty { _ = sink.append(former.table, at: timestamp, row: row) }
            sink.closeTable(former.table)
        }
        return former.live.count - ended.count
    }
}

/// A table that is being replaced.
private struct FormerTable {
    var table: TableID
    var cache: LineCache
    /// Its columns that had a sample in the last scrape, by the hash of their labels.
    var live: [UInt64: LineLayout.Destination]
    var created: CreatedSeries
    var starts: LineStarts
}

extension AppendReport {
    /// Which limit samples were above, empty where none were.
    fileprivate var problem: String {
        guard limited > 0 else { return "" }
        return String("\(limited) samples are refused: \(refusal ?? "they are above a limit")".prefix(512))
    }
}

extension SinkError {
    /// Whether series beyond a limit are refused while others go on.
    fileprivate var isLimitOfSeries: Bool {
        switch self {
        case .seriesLimit, .targetSeriesLimit, .memoryLimit: true
        case .labelLimit, .closed, .unavailable: false
        }
    }
}

extension ScrapeTable {
    /// Reads a body into the row and the batch; returns what the sink refused of it, empty for nothing.
    private mutating func ingest(
        _ response: TransportResponse, at timestamp: Timestamp, now: Timestamp, into row: inout [Double],
        _ batch: inout [SeriesSamples], _ report: inout ScrapeReport
    ) throws(ScrapeFailure) -> String {
        report.bodyBytes = response.body.count
        let body = try ScrapeBody(response, job)
        var reading = LineCache.Reading()
        do {
            defer { (report.scraped, report.kept) = (reading.lineCount, reading.keptCount) }
            try cache.read(body.text.span, body.format, rules, into: &row, &reading)
        }
        var exemplars: [SeriesExemplars] = []
        let histograms = try series(of: body.histograms, at: timestamp, &exemplars)
        report.scraped += body.histograms.count
        report.kept += histograms.count
        if let limit = job.limits.samples, report.kept > limit {
            throw .sampleLimit(count: report.kept, limit: limit)
        }
        let problem = try take(&reading, body, at: timestamp, into: &row, &report)
        isLive = true
        if !reading.metadata.isEmpty { sink.describe(reading.metadata) }
        if body.format == .openMetrics { created.update(cache.layout) }
        var lines = reading.exemplars
        if problem.isEmpty {
            // The cache knows the lines of this very body.
            lines += try body.lineExemplars(cache, rules)
            news = starts.news(body.starts, cache.layout)
        }
        exemplars += lines.map { $0.whole(target, at: timestamp) }
        if !exemplars.isEmpty { sink.append(exemplars) }
        appendOwn(reading, at: timestamp, now: now, to: &batch, &report)
        appendHistograms(histograms, at: timestamp, to: &batch)
        report.added += liveHistograms.subtracting(lastHistograms).count
        lastHistograms = liveHistograms
        return problem
    }

    /// Takes what was read into the table; returns what the sink refused of it, empty for nothing.
    ///
    /// Series that ended do not keep others out of a target that has room for those that it shows: a table of these alone
    /// takes the place of the present one. Where the sink has no room for a new table, the one before goes on.
    private mutating func take(
        _ reading: inout LineCache.Reading, _ body: ScrapeBody, at timestamp: Timestamp,
        into row: inout [Double], _ report: inout ScrapeReport
    ) throws(ScrapeFailure) -> String {
        var mayReplace = former == nil
        while let refusal = extend(reading, at: timestamp, &row, &report) {
            if former != nil {
                returnToFormer()
            } else if mayReplace, case .targetSeriesLimit(let limit) = refusal,
                reportColumns.count + row.count(where: { !Marker.isAbsent($0) }) <= limit
            {
                replace()
            } else {
                try keepKnown(of: reading, refusal, &row, report)
                return ScrapeFailure.sink(refusal).description
            }
            mayReplace = false
            row = Array(repeating: Marker.absent, count: cache.columnCount)
            try cache.read(body.text.span, body.format, rules, into: &row, &reading)
        }
        return ""
    }

    /// Makes columns for all that was read; returns why the sink refused them.
    private mutating func extend(
        _ reading: LineCache.Reading, at timestamp: Timestamp, _ row: inout [Double],
        _ report: inout ScrapeReport
    ) -> SinkError? {
        do throws(SinkError) {
            if table == nil || !reading.newColumns.isEmpty { _ = try open(adding: reading.newColumns) }
        } catch {
            return error
        }
        report.added = cache.commit(reading, row: &row)
        report.added -= endFormer(keeping: reading.newColumns, at: timestamp)
        return nil
    }

    /// The series that are known go on or end; the new ones are tried again with the next scrape. A target of which
    /// nothing is taken would look healthy without a sample.
    private mutating func keepKnown(
        of reading: LineCache.Reading, _ refusal: SinkError, _ row: inout [Double], _ report: ScrapeReport
    ) throws(ScrapeFailure) {
        let known = cache.own.count
        let refused = reading.newColumns.count + reading.ownSamples.count { $0.series >= known }
        let repeated = reading.layout?.repeatedCount ?? 0
        guard refusal.isLimitOfSeries, report.kept > refused + repeated else { throw .sink(refusal) }
        row.removeLast(reading.newColumns.count)
        cache.endMissing(row: &row)
    }

    /// Native histograms under the labels that the rules give them; without those that are dropped.
    private func series(
        of histograms: [ExposedHistogram], at timestamp: Timestamp, _ exemplars: inout [SeriesExemplars]
    ) throws(ScrapeFailure) -> [SeriesSamples] {
        let resolution = HistogramResolution(limit: job.histogramBuckets, factor: job.histogramFactor)
        var series: [SeriesSamples] = []
        for histogram in histograms {
            let labels: Labels
            switch try rules.place(histogram.labels) {
            case .dropped: continue
            case .own(let whole): labels = whole
            case .column(let rest): labels = rest.merging(target)
            }
            guard let fitted = resolution.fit(histogram.histogram) else {
                throw .bucketLimit(line: "\(labels)", limit: resolution.limit)
            }
            let time = (rules.honorsTimestamps ? histogram.timestamp : nil) ?? timestamp
            series.append(
                SeriesSamples(
                    labels: labels, samples: [], histograms: [(time, fitted)],
                    histogramStarts: histogram.start.map { [$0.milliseconds] } ?? []))
            guard !histogram.exemplars.isEmpty else { continue }
            let ordered = histogram.exemplars.sorted { $0.timestamp < $1.timestamp }
            exemplars.append(SeriesExemplars(labels: labels, exemplars: ordered))
        }
        return series
    }

    private mutating func appendHistograms(
        _ histograms: [SeriesSamples], at timestamp: Timestamp, to batch: inout [SeriesSamples]
    ) {
        batch += histograms
        let live = Set(histograms.map(\.labels))
        for labels in liveHistograms.subtracting(live).sorted() {
            batch.append(SeriesSamples(labels: labels, samples: [Sample(timestamp, Marker.stale)]))
        }
        liveHistograms = live
    }

    /// Samples of series outside the table, by series; a stale marker for those that had none this time.
    private mutating func appendOwn(
        _ reading: LineCache.Reading, at timestamp: Timestamp, now: Timestamp,
        to batch: inout [SeriesSamples], _ report: inout ScrapeReport
    ) {
        guard !reading.ownSamples.isEmpty || !liveOwn.isEmpty || !lastOwn.isEmpty else { return }
        var samples: [Int: [Sample]] = [:]
        var live: Set<Int> = []
        for sample in reading.ownSamples where sample.series < cache.own.count {
            if sample.timestamp == nil || job.tracksTimestampStaleness { live.insert(sample.series) }
            let time = sample.timestamp ?? timestamp
            if time - now > ScrapeTable.futureLimit { continue }
            samples[sample.series, default: []].append(Sample(time, sample.value))
        }
        for (series, list) in samples.sorted(by: { $0.key < $1.key }) {
            let ordered = list.enumerated().sorted { a, b in
                (a.element.timestamp, a.offset) < (b.element.timestamp, b.offset)
            }
            batch.append(
                SeriesSamples(labels: cache.own[series], samples: ordered.map(\.element)))
        }
        appendStale(liveOwn.subtracting(live), at: timestamp, to: &batch)
        liveOwn = live
        let all = Set(samples.keys)
        report.added += all.subtracting(lastOwn).count
        lastOwn = all
    }

    private func appendStale(_ series: Set<Int>, at timestamp: Timestamp, to batch: inout [SeriesSamples]) {
        for index in series.sorted() {
            batch.append(
                SeriesSamples(labels: cache.own[index], samples: [Sample(timestamp, Marker.stale)]))
        }
    }

    /// Stale markers for all series that had a sample in the last scrape.
    private mutating func endSeries(
        _ row: inout [Double], _ batch: inout [SeriesSamples], at timestamp: Timestamp
    ) {
        if isLive { cache.markStale(&row) }
        isLive = false
        appendStale(liveOwn, at: timestamp, to: &batch)
        liveOwn = []
        appendHistograms([], at: timestamp, to: &batch)
    }
}
