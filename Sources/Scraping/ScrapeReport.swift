import Discovery
import TimeSeries

/// The series that a scrape adds about itself; always the first columns of a table, in this order.
struct ScrapeReport {
    var isUp = false
    var duration: Duration = .zero
    /// Lines in the body, up to the one at which it turned out bad.
    var scraped = 0
    /// Of them, those that relabelling kept, whatever became of them then.
    var kept = 0
    /// Series that the scrape before which went well did not have.
    var added = 0
    /// Of the unpacked body; -1 where it was above its limit, 0 where there was none.
    var bodyBytes = 0

    private static let names = [
        "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
        "scrape_series_added",
    ]
    private static let extraNames = [
        "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
    ]

    /// The labels of the columns without those of the target.
    static func columns(_ job: ScrapeConfiguration) -> [Labels] {
        (names + (job.reportsExtraMetrics ? extraNames : [])).map { Labels(["__name__": $0]) }
    }

    func write(to row: inout [Double], _ job: ScrapeConfiguration, timeout: Duration) {
        row[0] = isUp ? 1 : 0
        row[1] = duration.inSeconds
        row[2] = Double(scraped)
        row[3] = Double(kept)
        row[4] = Double(added)
        guard job.reportsExtraMetrics else { return }
        row[5] = timeout.inSeconds
        row[6] = Double(job.limits.samples ?? 0)
        row[7] = Double(bodyBytes)
    }
}
