import Journal
import Storage
import TimeSeries

/// Matchers over many series, half of them in tables and half single ones.
enum SelectBenchmark {
    static func run(_ count: Int) async throws {
        let empty = residentBytes()
        let store = try Store(disk: NullDisk(), now: Timestamp(milliseconds: 0))
        let moment = Timestamp(milliseconds: 1_700_000_000_000)
        let targets = count / 2 / 1000
        let fleet = try Fleet(store, targets: targets, series: 1000, distinctLayouts: false)
        for target in 0..<targets {
            _ = store.append(fleet.tables[target], at: moment, row: fleet.values[target])
        }
        var batch: [SeriesSamples] = []
        for number in 0..<count / 2 {
            let labels = Labels([
                "__name__": "request_total", "instance": "host\(number / 100)", "path": "/\(number % 100)",
                "job": "web",
            ])
            batch.append(SeriesSamples(labels: labels, samples: [Sample(moment, 1)]))
            if batch.count == 5000 {
                _ = store.append(batch)
                try store.sync()
                batch = []
            }
        }
        let perSeries = Double(residentBytes() - empty) / Double(store.statistics().series)
        print("\(store.statistics().series) series, \(text(perSeries, 0)) resident bytes each")
        let queries: [(String, [Matcher])] = [
            (
                "one series",
                [
                    Matcher(equal: "__name__", "request_total"), Matcher(equal: "instance", "host77"),
                    Matcher(equal: "path", "/5"),
                ]
            ),
            ("one instance", [Matcher(equal: "instance", "host77:9100")]),
            ("prefix", [try Matcher("instance", .regex, "host77.*"), Matcher(equal: "path", "/5")]),
            (
                "alternatives",
                [
                    try Matcher("instance", .regex, "host1|host2|host3"),
                    Matcher(equal: "__name__", "request_total"),
                ]
            ),
            (
                "a metric of all targets",
                [
                    Matcher(equal: "__name__", "node_metric_number_3_total"),
                    Matcher(equal: "mode", "idle"),
                ]
            ),
            ("unlike", [Matcher(equal: "path", "/5"), try Matcher("instance", .notRegex, "host[1-4].*")]),
            ("ending", [Matcher(equal: "path", "/5"), try Matcher("instance", .regex, ".*77")]),
            ("empty", [Matcher(equal: "instance", "host77"), try Matcher("mode", .equal, "")]),
            ("not equal", [Matcher(equal: "path", "/5"), try Matcher("instance", .notEqual, "host1")]),
        ]
        print("                 series    select ms   of which finding and labels ms")
        for (name, matchers) in queries {
            var found = 0
            var shortest = Double.infinity
            var labels = Double.infinity
            for _ in 0..<7 {
                let start = wallTime()
                found = try await store.select([Selection(matchers, in: moment...moment)])[0].count
                let middle = wallTime()
                _ = try await store.series([matchers], in: moment...moment)
                shortest = min(shortest, middle - start)
                labels = min(labels, wallTime() - middle)
            }
            print(
                "\(name + String(repeating: " ", count: max(0, 24 - name.count))) \(found)  \(text(shortest / 1e6))  \(text(labels / 1e6))"
            )
        }
    }
}
