import Discovery
import Documents
package import Scraping
import Synchronization
import TimeSeries

/// `scrape_failure_log_file`: a line of JSON for each scrape that failed, with the fields of Prometheus'.
package final class ScrapeFailureLogs: Sendable {
    private let logs = Mutex<[String: JSONLog]>([:])

    package init() {}

    /// Opens these files and no others, anew where they are open already: whoever rotates one reloads the service.
    /// - Returns: which cannot be written and why.
    package func open(_ paths: Set<String>) -> [String] {
        logs.withLock { logs in
            logs = logs.filter { paths.contains($0.key) }
            return paths.sorted().compactMap { path in
                let log = logs[path] ?? JSONLog()
                logs[path] = log
                return log.open(path, key: "scrape_failure_log_file")
            }
        }
    }

    /// Lines that no disk took.
    package var failures: Int { logs.withLock { $0.values.reduce(0) { $0 + $1.failures } } }

    /// Writes down a scrape, if it failed and its job has a log.
    package func note(_ scrape: LandedScrape) {
        guard !scrape.isUp, let path = scrape.failureLog else { return }
        let log = logs.withLock { $0[path] }
        guard let log else { return }
        var json = JSONWriter()
        json.object { json in
            json.field("time", RFC3339.text(scrape.timestamp))
            json.field("level", "ERROR")
            json.field("msg", scrape.problem)
            json.field("job_name", scrape.target.pool)
            json.field("target", scrape.target.url)
        }
        log.write(json.bytes)
    }
}
