import Journal
import Synchronization
package import TimeSeries

extension Store {
    package func append(_ exemplars: [SeriesExemplars]) {
        head.withLock { head in
            for series in exemplars {
                for exemplar in series.exemplars where head.exemplars.accepts(exemplar, of: series.labels) {
                    // Lost, the next scrape brings it again.
                    guard
                        (try? log.append([ExemplarRecord.exemplar(exemplar, of: series.labels)])) != nil
                    else { return }
                    head.exemplars.append(exemplar, of: series.labels)
                }
            }
        }
    }

    /// Exemplars in a range, of series that meet any of the matcher sets; ordered by labels, then time.
    package func exemplars(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) -> [SeriesExemplars]
    {
        head.withLock { $0.exemplars }.select(matcherSets, in: range)
    }
}
