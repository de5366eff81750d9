import Discovery
import Journal
import Notification
import Scraping
import Storage
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct TargetRoutesTests {
    private var routes: [Route] {
        var up = TargetStatus(
            target: Target(
                pool: "web", labels: Labels(["instance": "a:1", "job": "web"]),
                discovered: Labels(["__address__": "a:1"]), url: "http://a:1/metrics", interval: .seconds(15),
                timeout: .seconds(10)))
        up.health = .up
        up.lastScrape = Timestamp(milliseconds: 1500)
        up.lastDuration = .milliseconds(12)
        var down = TargetStatus(
            target: Target(
                pool: "node", labels: .empty, url: "http://b:1/metrics", interval: .seconds(5),
                timeout: .seconds(5)))
        down.health = .down
        down.lastError = "connection refused"
        let listing = TargetListing(active: [up, down], dropped: [], droppedCounts: ["web": 3])
        var statistics = NotifierStatistics(queueCapacity: 10)
        statistics.peers = [.init(url: "http://am:9093/api/v2/alerts")]
        let notifier = statistics
        return TargetRoutes(targets: { listing }, notifier: { notifier }).routes
    }

    @Test func `targets are shown as Prometheus shows them`() async throws {
        let (status, body) = try await answer(routes, .get, "/api/v1/targets?scrapePool=web")

        #expect(status == 200)
        #expect(
            body
                == #"{"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"a:1"},"#
                + #""labels":{"instance":"a:1","job":"web"},"scrapePool":"web","scrapeUrl":"http://a:1/metrics","#
                + #""globalUrl":"http://a:1/metrics","lastError":"","lastScrape":"1970-01-01T00:00:01.5Z","#
                + #""lastScrapeDuration":0.012,"health":"up","scrapeInterval":"15s","scrapeTimeout":"10s"}],"#
                + #""droppedTargets":[],"droppedTargetCounts":{"web":3}}}"#)
    }

    @Test func `only dropped targets are shown where only they are asked for`() async throws {
        let (_, body) = try await answer(routes, .get, "/api/v1/targets?state=dropped")

        #expect(body.contains(#""activeTargets":[]"#))
        #expect(body.contains(#""droppedTargetCounts":{"web":3}"#))
    }

    @Test func `only active targets are shown where only they are asked for`() async throws {
        let (_, body) = try await answer(routes, .get, "/api/v1/targets?state=active")

        #expect(body.contains("connection refused"))
        #expect(body.contains(#""droppedTargetCounts":{}"#))
    }

    @Test func `Alertmanagers are listed by URL`() async throws {
        let (_, body) = try await answer(routes, .get, "/api/v1/alertmanagers")

        #expect(
            body
                == #"{"status":"success","data":{"activeAlertmanagers":[{"url":"http://am:9093/api/v2/alerts"}],"#
                + #""droppedAlertmanagers":[]}}"#)
    }

    @Test func `the store is shown in the terms of Prometheus and in ours`() async throws {
        var statistics = StoreStatistics()
        statistics.series = 7
        statistics.newest = Timestamp(milliseconds: 2000)
        statistics.seriesByMetric = []
        let found = statistics
        let routes = StorageRoutes { _ in found }.routes

        let tsdb = try await answer(routes, .get, "/api/v1/status/tsdb?limit=5")
        let storage = try await answer(routes, .get, "/api/v1/status/storage")

        #expect(
            tsdb.body.contains(
                #""headStats":{"numSeries":7,"numLabelPairs":0,"chunkCount":0,"minTime":9223372036854775807,"maxTime":2000}"#
            ))
        #expect(tsdb.body.contains(#""seriesCountByMetricName":[]"#))
        let none = try await answer(routes, .get, "/api/v1/status/tsdb?limit=0")
        #expect(none.status == 400 && none.body.contains("a whole number of at least 1"))
        #expect(storage.body.contains(#""newest":"1970-01-01T00:00:02Z""#))
        #expect(storage.body.contains(#""gapSeconds":0,"gaps":[],"damage":[],"unreadableRecords":0"#))
    }

    @Test func `what recovery lost is shown with its records and its moments`() async throws {
        var statistics = StoreStatistics()
        var loss = Loss(path: "log", from: Timestamp(milliseconds: 1000), to: Timestamp(milliseconds: 4500))
        loss.sequences = 7...9
        statistics.losses = [loss]
        statistics.gapSeconds = 3.5
        statistics.damage = [DamagedRange(path: "log/0000000001.log", offset: 40, length: 12)]
        let found = statistics

        let (_, body) = try await answer(StorageRoutes { _ in found }.routes, .get, "/api/v1/status/storage")

        #expect(
            body.contains(
                #""gapSeconds":3.5,"gaps":[{"path":"log","first":7,"last":9,"from":"1970-01-01T00:00:01Z","#
                    + #""to":"1970-01-01T00:00:04.5Z"}],"damage":[{"path":"log/0000000001.log","offset":40,"length":12}]"#
            ))
    }

    private var metadataRoutes: [Route] {
        let targets = ["a:1", "b:1"].map { instance in
            TargetStatus(
                target: Target(
                    pool: "web", labels: Labels(["instance": instance, "job": "web"]),
                    url: "http://\(instance)/metrics",
                    interval: .seconds(15), timeout: .seconds(10)))
        }
        let source = StubSource(
            known: [
                Labels(["__name__": "requests_total", "instance": "a:1", "job": "web"]),
                Labels(["__name__": "latency_bucket", "le": "1", "instance": "a:1", "job": "web"]),
                Labels(["__name__": "requests_total", "instance": "b:1", "job": "web"]),
            ],
            metadata: [
                "requests": [MetricMetadata(kind: .counter, help: "Requests.", unit: "")],
                "latency": [MetricMetadata(kind: .histogram, help: "Latency.", unit: "seconds")],
                "other": [MetricMetadata(kind: .gauge)],
            ])
        return TargetMetadataRoutes(
            targets: { TargetListing(active: targets, dropped: [], droppedCounts: [:]) }, source: source
        ).routes
    }

    @Test func `metadata is listed for the targets that expose the metric`() async throws {
        let (status, body) = try await answer(metadataRoutes, .get, "/api/v1/targets/metadata")

        #expect(status == 200)
        #expect(body.ranges(of: #""metric":"requests""#).count == 2)
        #expect(body.ranges(of: #""metric":"latency""#).count == 1)
        #expect(!body.contains("other"))
    }

    @Test func `metadata of one metric and target is shown as Prometheus shows it`() async throws {
        let path = "/api/v1/targets/metadata?metric=latency&match_target=%7Binstance%3D%22a:1%22%7D"
        let (_, body) = try await answer(metadataRoutes, .get, path)
        #expect(
            body
                == #"{"status":"success","data":[{"target":{"instance":"a:1","job":"web"},"#
                + #""type":"histogram","help":"Latency.","unit":"seconds"}]}"#)

        let none = try await answer(metadataRoutes, .get, "/api/v1/targets/metadata?metric=absent")
        #expect(none.status == 404 && none.body.contains("specified metadata not found"))
        let limited = try await answer(metadataRoutes, .get, "/api/v1/targets/metadata?limit=1")
        #expect(limited.body.ranges(of: #""target""#).count == 1)
    }
}
