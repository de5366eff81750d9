import Discovery
import Relabelling
import Testing
import TimeSeries

struct TargetSetTests {
    private func job(_ change: (inout ScrapeConfiguration) throws -> Void = { _ in }) throws
        -> ScrapeConfiguration
    {
        var job = ScrapeConfiguration(jobName: "web")
        try change(&job)
        return job
    }

    private func group(_ addresses: String..., labels: [String: String] = [:]) -> TargetGroup {
        TargetGroup(source: "test", addresses: addresses, labels: Labels(labels))
    }

    @Test func `a target has job, instance, URL and times`() throws {
        let set = TargetSet(try job(), groups: [group("a:1", labels: ["env": "prod", "__meta_x": "y"])])

        let target = try #require(set.active.first)
        #expect(target.labels == Labels(["job": "web", "instance": "a:1", "env": "prod"]))
        #expect(target.url == "http://a:1/metrics")
        #expect(target.interval == .seconds(60))
        #expect(target.timeout == .seconds(10))
        #expect(target.discovered["__meta_x"] == "y")
        #expect(target.discovered["__scrape_interval__"] == "1m")
    }

    @Test func `relabelling may change address, path, scheme, times and parameters`() throws {
        let job = try job {
            $0.parameters = [ScrapeConfiguration.Parameter(name: "m", values: ["a b", "c"])]
            $0.relabelRules = [
                try RelabelRule(targetLabel: "__metrics_path__", replacement: "probe"),
                try RelabelRule(targetLabel: "__scheme__", replacement: "https"),
                try RelabelRule(targetLabel: "__scrape_interval__", replacement: "5s"),
                try RelabelRule(targetLabel: "__scrape_timeout__", replacement: "1s"),
                try RelabelRule(sourceLabels: ["__address__"], targetLabel: "__param_target"),
                try RelabelRule(targetLabel: "__address__", replacement: "exporter:9115"),
                try RelabelRule(sourceLabels: ["__param_target"], targetLabel: "instance"),
            ]
        }

        let target = try #require(TargetSet(job, groups: [group("db:5432")]).active.first)

        #expect(target.url == "https://exporter:9115/probe?m=a+b&m=c&target=db%3A5432")
        #expect(target.labels["instance"] == "db:5432")
        #expect(target.interval == .seconds(5))
        #expect(target.timeout == .seconds(1))
    }

    @Test func `labels of the target win over those of the group and the job`() throws {
        let group = TargetGroup(
            source: "x", targets: [Labels(["__address__": "a:1", "env": "own", "job": "mine"])],
            labels: Labels(["env": "group"]))

        let target = try #require(TargetSet(try job(), groups: [group]).active.first)

        #expect(target.labels["env"] == "own")
        #expect(target.labels["job"] == "mine")
    }

    @Test func `what relabelling drops is listed with its reason`() throws {
        let job = try job {
            $0.relabelRules = [try RelabelRule(action: .drop, sourceLabels: ["env"], regex: "test")]
            $0.keepsDroppedTargets = 1
        }

        let set = TargetSet(job, groups: [group("a:1", "b:1", labels: ["env": "test"]), group("c:1")])

        #expect(set.active.map(\.url) == ["http://c:1/metrics"])
        #expect(set.dropped.map(\.reason) == [.relabelled])
        #expect(set.dropped.first?.discovered["__address__"] == "a:1")
        #expect(set.droppedCount == 2)
    }

    @Test(arguments: [
        ("__address__", "", "no address"), ("__address__", "a/b", "not a valid hostname"),
        ("__scheme__", "ftp", "invalid scheme"), ("__scrape_interval__", "soon", "scrape interval"),
        ("__scrape_timeout__", "0s", "scrape timeout"), ("__scrape_timeout__", "2m", "cannot be greater"),
    ])
    func `a target that cannot be scraped is listed with its reason`(
        label: String, value: String, reason: String
    ) throws {
        let job = try job { $0.relabelRules = [try RelabelRule(targetLabel: label, replacement: value)] }

        let set = TargetSet(job, groups: [group("a:1")])

        #expect(set.active.isEmpty)
        #expect(set.dropped.first?.reason.description.contains(reason) == true)
    }

    @Test func `a target that is found twice is scraped once`() throws {
        #expect(TargetSet(try job(), groups: [group("a:1"), group("a:1")]).active.count == 1)
    }

    @Test func `too many targets are said to be so`() throws {
        let job = try job { $0.limits.targets = 1 }

        let set = TargetSet(job, groups: [group("a:1", "b:1")])

        #expect(set.limitExceeded == "target_limit exceeded (number of targets: 2, limit: 1)")
    }
}
