import Scraping
import Testing
import TimeSeries

/// Exemplars and start timestamps of OpenMetrics.
@Suite struct ExemplarScrapeTests {
    private let type = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private func series(_ name: String, _ labels: [String: String] = [:]) -> Labels {
        Labels(labels.merging(["__name__": name, "job": "j", "instance": "a:1"]) { own, _ in own })
    }

    @Test func `each new exemplar reaches the sink with the series of its line`() async throws {
        let rig = try ScrapeRig()
        func body(_ first: String, _ second: String, _ value: Int) -> String {
            """
            # TYPE l histogram
            l_bucket{le="1"} \(value)\(first)
            l_bucket{le="2"} \(value + 1)
            l_bucket{le="+Inf"} \(value + 2)\(second)
            l_count \(value + 2)
            # EOF

            """
        }
        await rig.scrape(body(##" # {t="a"} 0.5"##, ##" # {t="b"} 2.5 1000.5"##, 1), contentType: type)
        await rig.scrape(body(##" # {t="a"} 0.5"##, ##" # {t="c"} 3.5 1010.25"##, 2), contentType: type)
        await rig.scrape(body("", ##" # {t="c"} 3.5 1010.25"##, 3), contentType: type)

        func times(_ le: String) -> [String: [Exemplar]] {
            var found: [String: [Exemplar]] = [:]
            for entry in rig.sink.exemplars where entry.labels == series("l_bucket", ["le": le]) {
                for exemplar in entry.exemplars {
                    found[exemplar.labels["t"] ?? "", default: []].append(exemplar)
                }
            }
            return found
        }
        #expect(times("1").keys.sorted() == ["a"])
        #expect(times("1")["a"]?.first?.value == 0.5)
        // The line gives no time: that of the scrape.
        #expect(times("1")["a"]?.first?.timestamp == ScrapeRig.start + .seconds(10))
        #expect(times("+Inf").keys.sorted() == ["b", "c"])
        #expect(times("+Inf")["c"]?.first?.timestamp == Timestamp(milliseconds: 1_010_250))
        #expect(rig.values("l_bucket", ["le": "1"]) == ["1.0", "2.0", "3.0"])
        #expect(rig.values("l_bucket", ["le": "+Inf"]) == ["3.0", "4.0", "5.0"])
        #expect(rig.values("l_count") == ["3.0", "4.0", "5.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a body that repeats its exemplars brings no others`() async throws {
        let rig = try ScrapeRig()
        for value in 1...3 {
            await rig.scrape("a_total \(value) # {t=\"x\"} 1 5\n# EOF\n", contentType: type)
        }
        #expect(Set(rig.sink.exemplars).count == 1)
        #expect(rig.values("a_total") == ["1.0", "2.0", "3.0"])
    }

    @Test func `created lines say when the counters of their family started`() async throws {
        let rig = try ScrapeRig()
        func body(_ created: String, _ value: Int) -> String {
            """
            # TYPE c counter
            c_total{k="1"} \(value)
            c_created{k="1"} \(created)
            c_total{k="2"} \(value)
            c_created{k="2"} 7
            # TYPE h histogram
            h_bucket{le="1"} \(value)
            h_bucket{le="+Inf"} \(value)
            h_count \(value)
            h_sum \(value)
            h_created 8.5
            # TYPE g gauge
            g \(value)
            # EOF

            """
        }
        await rig.scrape(body("5.25", 1), contentType: type)
        await rig.scrape(body("5.25", 2), contentType: type)
        await rig.scrape(body("1015", 0), contentType: type)

        let starts = rig.sink.starts
        func start(_ labels: Labels) -> [Int64] {
            starts.filter { $0.labels == labels }.compactMap { $0.start?.milliseconds }
        }
        #expect(start(series("c_total", ["k": "1"])) == [5250, 1_015_000])
        #expect(start(series("c_total", ["k": "2"])) == [7000])
        for labels in [
            series("h_bucket", ["le": "1"]), series("h_bucket", ["le": "+Inf"]), series("h_count"),
            series("h_sum"),
        ] {
            #expect(start(labels) == [8500])
        }
        #expect(start(series("g")).isEmpty)
        #expect(starts.map(\.at).max() == ScrapeRig.start + .seconds(30))
    }
}
