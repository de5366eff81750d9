import Daemon
import Discovery
import Foundation
import Scraping
import Testing
import TimeSeries

struct ScrapeFailureLogTests {
    private func landed(isUp: Bool, _ path: String?) -> LandedScrape {
        let job = ScrapeConfiguration(jobName: "web")
        let group = TargetGroup(source: "static", addresses: ["a:1"])
        let target = TargetSet(job, groups: [group]).active[0]
        var scrape = LandedScrape(
            target: target, timestamp: Timestamp(milliseconds: 1500), isUp: isUp, samples: 0, position: 0)
        scrape.problem = "connection \"refused\""
        scrape.failureLog = path
        return scrape
    }

    @Test func `each failed scrape of a job with a log is a line of JSON`() throws {
        let path = NSTemporaryDirectory() + "scrape-failures-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let logs = ScrapeFailureLogs()
        #expect(logs.open([path]) == [])

        logs.note(landed(isUp: false, path))
        logs.note(landed(isUp: true, path))
        logs.note(landed(isUp: false, nil))
        #expect(logs.open([path]) == [])
        logs.note(landed(isUp: false, path))

        let line =
            #"{"time":"1970-01-01T00:00:01.5Z","level":"ERROR","msg":"connection \"refused\"","#
            + #""job_name":"web","target":"http://a:1/metrics"}"#
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.map(String.init) == [line, line])
    }

    @Test func `a log that cannot be written is named with the reason`() {
        let problems = ScrapeFailureLogs().open(["/nonexistent/failures.log"])

        #expect(problems.count == 1)
        #expect(problems.first?.contains("scrape_failure_log_file /nonexistent/failures.log") == true)
    }
}
