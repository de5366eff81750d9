import Curl
import Discovery
import Relabelling
import Scraping
import Testing
import TimeSeries

struct SeriesRulesTests {
    @Test func `labels that clash with the target's are renamed`() async throws {
        let rig = try ScrapeRig()

        await rig.scrape("a{job=\"x\",exported_job=\"y\",instance=\"z\"} 1\n")

        let labels = ["exported_exported_job": "x", "exported_job": "y", "exported_instance": "z"]
        #expect(rig.values("a", labels) == ["1.0"])
    }

    @Test func `with honor_labels they win, and such series end like others`() async throws {
        let rig = try ScrapeRig { $0.honorsLabels = true }

        await rig.scrape("a{job=\"x\"} 1\nb 1\n")
        await rig.scrape("a{job=\"x\"} 2\nb 2\n")
        await rig.scrape("b 3\n")

        #expect(rig.values("a", ["job": "x"]) == ["1.0", "2.0", "stale"])
        #expect(rig.values("b") == ["1.0", "2.0", "3.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `series outside the target's labels end with a failed scrape`() async throws {
        let rig = try ScrapeRig { $0.honorsLabels = true }
        await rig.scrape("a{job=\"x\"} 1\n")

        rig.transport.fail(ScrapeRig.url, with: .timedOut)
        await rig.scrape()

        #expect(rig.values("a", ["job": "x"]) == ["1.0", "stale"])
    }

    @Test func `metric relabelling drops and renames, and the report counts both ways`() async throws {
        let rig = try ScrapeRig {
            $0.metricRelabelRules = [
                try RelabelRule(action: .drop, sourceLabels: ["__name__"], regex: "noise_.*"),
                try RelabelRule(action: .labeldrop, regex: "secret"),
                try RelabelRule(
                    sourceLabels: ["__name__"], regex: "old_(.*)", targetLabel: "__name__",
                    replacement: "new_$1"),
            ]
        }

        await rig.scrape("noise_a 1\nold_b{secret=\"x\"} 2\nc 3\n")
        await rig.scrape("noise_a 1\nold_b{secret=\"x\"} 4\nc 5\n")

        #expect(rig.values("new_b") == ["2.0", "4.0"])
        #expect(rig.values("c") == ["3.0", "5.0"])
        #expect(rig.values("noise_a").isEmpty)
        #expect(rig.values("scrape_samples_scraped") == ["3.0", "3.0"])
        #expect(rig.values("scrape_samples_post_metric_relabeling") == ["2.0", "2.0"])
    }

    @Test func `relabelling may take the target's labels away`() async throws {
        let rig = try ScrapeRig {
            $0.metricRelabelRules = [try RelabelRule(action: .labeldrop, regex: "instance")]
        }

        await rig.scrape("a 1\n")
        await rig.scrape("a 2\n")

        #expect(rig.sink.values("a", ["job": "j"]) == ["1.0", "2.0"])
    }

    @Test func `times in the text are honoured, and too distant ones dropped`() async throws {
        let rig = try ScrapeRig()
        let soon = ScrapeRig.start.milliseconds + 15_000

        await rig.scrape("a 1 \(soon)\nb 1\nc 1 99999999999999\n")
        await rig.scrape("a 2 \(soon + 1)\nb 2\nc 1 99999999999999\n")
        await rig.scrape("b 3\n")

        let labels = Labels(["__name__": "a", "job": "j", "instance": "a:1"])
        #expect(rig.sink.samples(labels).map(\.timestamp.milliseconds) == [soon, soon + 1])
        #expect(rig.values("a") == ["1.0", "2.0"])
        #expect(rig.values("b") == ["1.0", "2.0", "3.0"])
        #expect(rig.values("c").isEmpty)
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `times in the text are passed over where they are not honoured`() async throws {
        let rig = try ScrapeRig { $0.honorsTimestamps = false }

        await rig.scrape("a 1 5\n")
        await rig.scrape("a 2 6\n")

        let labels = Labels(["__name__": "a", "job": "j", "instance": "a:1"])
        #expect(
            rig.sink.samples(labels).map(\.timestamp)
                == [ScrapeRig.start + .seconds(10), ScrapeRig.start + .seconds(20)])
    }

    @Test func `series with times of their own end only where that was asked for`() async throws {
        let rig = try ScrapeRig { $0.tracksTimestampStaleness = true }

        await rig.scrape("a 1 1000001\n")
        await rig.scrape("b 1\n")

        #expect(rig.values("a") == ["1.0", "stale"])
    }

    @Test func `a sample without a time ends as soon as its series has times of its own again`() async throws
    {
        let rig = try ScrapeRig()

        await rig.scrape("a 6 1000001\nb 1\n")
        await rig.scrape("a 5\nb 1\n")
        await rig.scrape("a 6 1000001\nb 1\n")
        await rig.scrape("b 1\n")

        let labels = Labels(["__name__": "a", "job": "j", "instance": "a:1"])
        let stale = rig.sink.samples(labels).filter { Marker.isStale($0.value) }
        #expect(stale.map(\.timestamp) == [ScrapeRig.start + .seconds(30)])
    }

    @Test(arguments: [
        (ScrapeLimits(samples: 1), "sample_limit exceeded (2 samples, limit 1)"),
        (ScrapeLimits(labels: 3), "label_limit exceeded"),
        (ScrapeLimits(labelNameLength: 8), "label_name_length_limit exceeded"),
        (ScrapeLimits(labelValueLength: 8), "label_value_length_limit exceeded"),
    ])
    func `a limit that is exceeded fails the scrape`(limits: ScrapeLimits, reason: String) async throws {
        let rig = try ScrapeRig { $0.limits = limits }

        await rig.scrape("a 1\nb{long_name=\"long value\"} 2\n")

        #expect(rig.values("up") == ["0.0"])
        #expect(rig.values("a").isEmpty)
        #expect(rig.status?.lastError.hasPrefix(reason) == true)
    }

    @Test func `a full store keeps the series it knows`() async throws {
        let rig = try ScrapeRig()
        await rig.scrape("a 1\n")
        rig.sink.limit(series: 6)

        await rig.scrape("a 2\nb 2\n")
        let full = rig.status
        rig.sink.limit(series: .max)
        await rig.scrape("a 3\nb 3\n")

        #expect(rig.values("a") == ["1.0", "2.0", "3.0"])
        #expect(rig.values("b") == ["3.0"])
        #expect(full?.health == .up)
        #expect(full?.lastError.contains("limit of 6 series") == true)
        #expect(rig.status?.lastError == "")
    }

    @Test func `a target whose samples the store refuses says why`() async throws {
        let rig = try ScrapeRig()
        await rig.scrape("a 1\n")
        rig.sink.refuse("more than 9 bytes wait to be written")

        await rig.scrape("a 2\n")
        #expect(rig.status?.health == .up)
        #expect(rig.status?.lastError.hasSuffix("are refused: more than 9 bytes wait to be written") == true)
        rig.sink.refuse(nil)
        await rig.scrape("a 3\n")
        #expect(rig.status?.lastError == "")
        #expect(rig.values("a") == ["1.0", "3.0"])
    }

    @Test func `a target of which the store takes no series is down`() async throws {
        let rig = try ScrapeRig()
        rig.sink.limit(series: 6)

        await rig.scrape("a 1\nb 1\n")
        #expect(rig.status?.health == .down)
        #expect(rig.status?.lastError.contains("limit of 6 series") == true)
        #expect(rig.values("up") == ["0.0"])
        await rig.scrape("a 2\n")
        #expect(rig.status?.health == .up)
        #expect(rig.values("a") == ["2.0"])
    }

    @Test func `extra metrics of a scrape are there when asked for`() async throws {
        let rig = try ScrapeRig {
            $0.reportsExtraMetrics = true
            $0.limits.samples = 10
        }

        await rig.scrape("a 1\n")

        #expect(rig.values("scrape_timeout_seconds") == ["5.0"])
        #expect(rig.values("scrape_sample_limit") == ["10.0"])
        #expect(rig.values("scrape_body_size_bytes") == ["4.0"])
    }

    @Test func `times of OpenMetrics are in seconds, scrape after scrape`() async throws {
        let rig = try ScrapeRig()
        let type = "application/openmetrics-text; version=1.0.0"

        await rig.scrape("x 1 1000\ny 1\n# EOF\n", contentType: type)
        await rig.scrape("x 2 1010\ny 2\n# EOF\n", contentType: type)

        let labels = Labels(["__name__": "x", "job": "j", "instance": "a:1"])
        #expect(rig.sink.samples(labels).map(\.timestamp.milliseconds) == [1_000_000, 1_010_000])
        #expect(rig.values("y") == ["1.0", "2.0"])
    }

    @Test func `lines with exemplars bring their values, scrape after scrape`() async throws {
        let rig = try ScrapeRig()
        let type = "application/openmetrics-text; version=1.0.0"

        await rig.scrape("x_total 1 # {trace_id=\"a\"} 0.5\ny 1\n# EOF\n", contentType: type)
        await rig.scrape("x_total 2 # {trace_id=\"b\"} 0.7\ny 2\n# EOF\n", contentType: type)

        #expect(rig.values("x_total") == ["1.0", "2.0"])
        #expect(rig.values("y") == ["1.0", "2.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a target is asked for the formats of the configuration, the most wanted first`() async throws
    {
        let rig = try ScrapeRig { $0.protocols = [.text004, .openMetrics100] }

        await rig.scrape("x 1\n")

        let accept = rig.transport.requests.first?.headers.first { $0.name == "Accept" }?.value
        #expect(
            accept == "text/plain;version=0.0.4;q=0.3,"
                + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.2,*/*;q=0.1")
    }

    @Test func `an answer without a format is read as the fallback says`() async throws {
        let rig = try ScrapeRig { $0.fallbackProtocol = .openMetrics100 }

        await rig.scrape("x 1 1000\n# EOF\n", contentType: "")

        let labels = Labels(["__name__": "x", "job": "j", "instance": "a:1"])
        #expect(rig.sink.samples(labels).map(\.timestamp.milliseconds) == [1_000_000])
    }

    @Test func `legacy names fail a scrape that has another, and are asked for with underscores`()
        async throws
    {
        let rig = try ScrapeRig {
            $0.names.areLegacy = true
            $0.names.escaping = "underscores"
            $0.protocols = [.text100]
        }

        await rig.scrape("plain:name{label_1=\"ü\"} 1\n")
        await rig.scrape("plain:name 2\n{\"not.plain\"} 1\n")

        #expect(rig.values("up") == ["1.0", "0.0"])
        let accept = rig.transport.requests.first?.headers.first { $0.name == "Accept" }?.value
        #expect(accept == "text/plain;version=1.0.0;escaping=underscores;q=0.2,*/*;q=0.1")
    }

    @Test(arguments: [
        ("a:b", true, false), ("_", true, true), ("1a", false, false), ("", false, false),
        ("a.b", false, false),
        ("ü", false, false), ("a1", true, true),
    ])
    func `a name is plain by its characters`(_ name: String, _ metric: Bool, _ label: Bool) {
        #expect(Labels.isLegacyMetricName(name) == metric)
        #expect(Labels.isLegacyName(name) == label)
    }
}
