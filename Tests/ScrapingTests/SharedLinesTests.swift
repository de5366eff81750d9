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
}
