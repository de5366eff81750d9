import Journal
import Synchronization
package import TimeSeries

extension Store {
    @discardableResult
    package func append(_ exemplars: [SeriesExemplars]) -> AppendReport {
        head.withLock { head in
            var report = AppendReport()
            do throws(LogError) {
                try append(exemplars, to: &head)
            } catch {
                // The next scrape brings them again.
                report.refuse(0, error)
            }
            report.position = appendPosition
            return report
        }
    }

    private func append(_ exemplars: [SeriesExemplars], to head: inout Head) throws(LogError) {
        for series in exemplars {
            for exemplar in series.exemplars where head.exemplars.accepts(exemplar, of: series.labels) {
                try log.append([ExemplarRecord.exemplar(exemplar, of: series.labels)])
                head.exemplars.append(exemplar, of: series.labels)
            }
        }
    }

    /// Exemplars in a range, of series that meet any of the matcher sets; ordered by labels, then time.
    package func exemplars(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) -> [SeriesExemplars]
    {
        head.withLock { $0.exemplars }.select(matcherSets, in: range)
    }
}
