import Curl
import Discovery
import Scraping
import Testing
import TimeSeries

/// Targets whose lines are those of another: what one of them taught serves the others.
struct SharedLinesTests {
    private func rig(_ addresses: [String], honorsLabels: Bool = false) throws -> ScrapeRig {
        try ScrapeRig { job in
            job.staticGroups = [TargetGroup(source: "static", addresses: addresses)]
            job.honorsLabels = honorsLabels
        }
    }

    private func answer(_ rig: ScrapeRig, _ address: String, _ text: String) {
        rig.transport.answer("http://\(address)/metrics", text: text)
    }

    private func values(_ rig: ScrapeRig, _ name: String, _ address: String) -> [String] {
        rig.sink.values(name, ["job": "j", "instance": address])
    }

    @Test func `targets with equal lines have series of their own`() async throws {
        let rig = try rig(["a:1", "b:1", "c:1"])
        for (address, value) in [("a:1", 1), ("b:1", 2), ("c:1", 3)] {
            answer(rig, address, "# TYPE x gauge\nx \(value)\nx \(value)\ny{z=\"w\"} \(value * 10)\n")
        }

        await rig.scrape()
        await rig.scrape()

        for (address, value) in [("a:1", "1.0"), ("b:1", "2.0"), ("c:1", "3.0")] {
            #expect(values(rig, "x", address) == [value, value])
            #expect(values(rig, "scrape_series_added", address) == ["2.0", "0.0"])
            #expect(values(rig, "scrape_samples_scraped", address) == ["3.0", "3.0"])
        }
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a target that ends as another one and differs before is read for itself`() async throws {
        let rig = try rig(["a:1", "b:1"])
        answer(rig, "a:1", "x 1\ny 1\n")
        answer(rig, "b:1", "x 2\nw 2\ny 2\n")

        await rig.scrape()

        #expect(values(rig, "w", "b:1") == ["2.0"])
        #expect(values(rig, "y", "b:1") == ["2.0"])
        #expect(values(rig, "w", "a:1") == [])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `lines that change behind shared ones change for their target alone`() async throws {
        let rig = try rig(["a:1", "b:1"])
        answer(rig, "a:1", "x 1\ny 1\n")
        answer(rig, "b:1", "x 2\ny 2\n")
        await rig.scrape()
        answer(rig, "b:1", "x 3\nz 3\ny 3\n")

        await rig.scrape()

        #expect(values(rig, "x", "a:1") == ["1.0", "1.0"])
        #expect(values(rig, "z", "a:1") == [])
        #expect(values(rig, "z", "b:1") == ["3.0"])
        #expect(values(rig, "y", "b:1") == ["2.0", "3.0"])
        #expect(values(rig, "scrape_series_added", "b:1") == ["2.0", "1.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a line that bears the label of one target is not taken for that of another`() async throws {
        let rig = try rig(["a:1", "b:1"], honorsLabels: true)
        for address in ["a:1", "b:1"] { answer(rig, address, "x{instance=\"a:1\"} 1\ny 1\n") }

        await rig.scrape()

        #expect(values(rig, "x", "a:1").count == 2)
        #expect(values(rig, "x", "b:1") == [])
        #expect(values(rig, "y", "b:1") == ["1.0"])
    }

    /// Bodies that end as the first one does and have some of its lines: in another order, missing, new, given twice, with
    /// labels in another order, with a time, with comments.
    static let near = [
        "a 1\nb{x=\"1\",y=\"2\"} 2\nc 3\nd 4\nz 5\n",
        "# HELP q Help.\n# TYPE q gauge\nq 1\na 2\nc 3\nz 5\n",
        "d 1\nc 2\nb{x=\"1\",y=\"2\"} 3\na 4\nz 5\n",
        "a 1\na 2\nb{y=\"2\",x=\"1\"} 2\nb{x=\"1\",y=\"2\"} 9\nc 3\nz 5\n",
        "a 1 5000\nb{x=\"1\",y=\"2\"} 2\nn 7\nd 4\nz 5\n",
        "n 1\nm 2\nz 5\n",
    ]

    @Test(arguments: near, near)
    func `a target that has some lines of another is read as if it were alone`(
        other: String, own: String
    ) async throws {
        let alone = try rig(["b:1"])
        let both = try rig(["a:1", "b:1"])
        answer(both, "a:1", other)
        for text in [own, own, other, own] {
            for rig in [alone, both] {
                answer(rig, "b:1", text)
                await rig.scrape()
            }
        }

        let labels = alone.sink.labels
        #expect(labels == both.sink.labels.filter { $0["instance"] == "b:1" })
        for series in labels where !series.metricName.hasPrefix("scrape_duration") {
            let (a, b) = (alone.sink.samples(series), both.sink.samples(series))
            #expect(a.map(\.timestamp) == b.map(\.timestamp), "\(series)")
            #expect(a.map(\.value.bitPattern) == b.map(\.value.bitPattern), "\(series)")
        }
        // The columns in the same order, so that targets with these lines share a layout.
        #expect(alone.sink.columns.last == both.sink.columns.last)
        // The one time of its own does not go on.
        for complaint in alone.sink.complaints + both.sink.complaints {
            #expect(complaint.hasPrefix("a{") && complaint.hasSuffix("goes back in time"))
        }
    }
}
