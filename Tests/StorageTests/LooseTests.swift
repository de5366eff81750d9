import Journal
import Storage
import Testing
import TimeSeries

/// Single series: those that are pushed.
@Suite struct LooseTests {
    private let disk = SimulatedDisk()

    private func open(_ configuration: StoreConfiguration = StoreConfiguration()) throws -> Store {
        try Store(disk: disk, configuration: configuration, now: at(0))
    }

    private func pod(_ wave: Int, _ number: Int) -> Labels {
        Labels([
            "__name__": "container_cpu_seconds_total", "namespace": "n\(number % 5)",
            "pod": "pod-\(wave)-\(number)", "uid": "uid-of-wave-\(wave)-and-number-\(number)",
        ])
    }

    @Test func `series that come together take little more than their samples`() throws {
        let store = try open()
        for step in 0..<240 {
            _ = store.append(
                (0..<160).map { SeriesSamples(labels: pod(0, $0), samples: [Sample(at(step), Double($0))]) })
        }

        let statistics = store.statistics()

        #expect(statistics.samples == 160 * 240)
        // Sixteen constant series share one column of times.
        #expect(statistics.chunkBytes < 160 * 80)
        // The groups do not seal at the same time; in between they hold half of a full tail, with room for a few rows.
        #expect(statistics.tailBytes < 160 * 68 * 3 / 4)
    }

    @Test func `series of a group with times of their own, missing samples and gaps keep every sample`()
        async throws
    {
        let store = try open()
        var expected: [Labels: [(Int64, Double)]] = [:]
        var random = SplitMix(seed: 11)
        for step in 0..<700 {
            var batch: [SeriesSamples] = []
            for number in 0..<40 {
                // Some miss a sample now and then, some come at other times, some seldom, one stops.
                if number % 5 == 1, Int.random(in: 0..<9, using: &random) == 0 { continue }
                if number % 7 == 3, step % 6 != 0 { continue }
                if number == 12, step > 300 { continue }
                let time = Int64(step) * 15_000 + (number % 11 == 4 ? Int64(number) * 7 : 0)
                let value = Double(number * step % 97)
                expected[pod(0, number), default: []].append((time, value))
                batch.append(
                    SeriesSamples(
                        labels: pod(0, number), samples: [Sample(Timestamp(milliseconds: time), value)]))
            }
            #expect(store.append(batch).accepted == batch.count)
            if step == 350 { try store.snapshot() }
            if step == 500 { try store.snapshot() }
        }
        try store.sync()
        disk.crash()

        for store in [store, try open()] {
            let found = try await select(store, [])
            #expect(found.map(\.labels) == expected.keys.sorted())
            for series in found {
                let samples = expected[series.labels] ?? []
                #expect(series.times.milliseconds == samples.map(\.0))
                #expect(series.values == samples.map(\.1))
            }
        }
    }

    @Test func `waves of short-lived series leave nothing behind`() async throws {
        let store = try open(StoreConfiguration(retention: .seconds(600)))
        let stays = Labels(["__name__": "stays"])
        func wave(_ number: Int) throws {
            let start = number * 3600
            for step in 0..<20 {
                let batch = (0..<500).map {
                    SeriesSamples(labels: pod(number, $0), samples: [Sample(at(start + step * 15), 1)])
                }
                let known = SeriesSamples(labels: stays, samples: [Sample(at(start + step * 15), 2)])
                _ = store.append(batch + [known])
            }
            try store.sync()
        }
        func settle(_ number: Int) throws -> StoreStatistics {
            // All but the series that stays are older than the retention half an hour later.
            let moment = number * 3600 + 1800
            _ = store.append([SeriesSamples(labels: stays, samples: [Sample(at(moment), 2)])])
            try store.maintain(now: at(moment + 1))
            return store.statistics()
        }

        _ = store.append([SeriesSamples(labels: stays, samples: [Sample(at(-15), 2)])])
        try wave(0)
        let full = store.statistics()
        #expect(full.series == 501)
        let base = try settle(0)
        #expect(base.series == 1)
        #expect(base.labelPairs == 1)
        #expect(base.indexBytes < full.indexBytes / 10)
        for number in 1..<12 {
            try wave(number)
            let after = try settle(number)
            #expect(after.series == base.series)
            #expect(after.labelPairs == base.labelPairs)
            #expect(after.indexBytes == base.indexBytes)
            // A tail of the series that stays, with room for its group.
            #expect(after.samples <= 16)
            #expect(after.chunkBytes + after.tailBytes < 4096)
        }
        #expect(try await select(store, []).map(\.labels) == [stays])
        #expect(try await store.labelValues("pod", [], in: at(0)...at(100_000)).isEmpty)
    }

    @Test func `statistics count pairs of tables and of single series together`() throws {
        let store = try open()
        let table = try store.openTable(
            target: Labels(["job": "a"]),
            columns: [Labels(["__name__": "up", "job": "line"]), Labels(["__name__": "load"])])
        _ = store.append(table, at: at(0), row: [1, 2])
        _ = store.append([
            SeriesSamples(labels: Labels(["__name__": "up", "job": "a"]), samples: [Sample(at(0), 1)]),
            SeriesSamples(labels: Labels(["__name__": "up", "job": "b"]), samples: [Sample(at(0), 1)]),
        ])

        let statistics = store.statistics()

        func texts(_ entries: [StoreStatistics.Entry]) -> [String] {
            entries.map { "\($0.name) \($0.value)" }
        }
        // The target's job wins over the line's, which no series has; one of those pushed is the table's.
        #expect(
            texts(statistics.seriesByPair) == [
                "__name__=up 2", "job=a 2", "__name__=load 1", "job=b 1",
            ])
        #expect(texts(statistics.seriesByMetric) == ["up 2", "load 1"])
        #expect(texts(statistics.valuesByLabel) == ["__name__ 2", "job 2"])
        #expect(texts(statistics.bytesByLabel) == ["__name__ 6", "job 2"])
        #expect(statistics.labelPairs == 4)
    }

    @Test func `a series that stands in several places counts once by its labels too`() throws {
        let store = try open()
        let target = Labels(["job": "a"])
        func columns(_ names: String...) -> [Labels] { names.map { Labels(["__name__": $0]) } }
        let first = try store.openTable(target: target, columns: columns("up", "load"))
        _ = store.append(first, at: at(0), row: [1, 2])
        store.closeTable(first)
        let second = try store.openTable(target: target, columns: columns("up", "x", "y", "z"))
        _ = store.append(second, at: at(1), row: [1, 2, 3, 4])
        _ = store.append(
            ["up", "pushed"].map { name in
                SeriesSamples(
                    labels: Labels(["__name__": name, "job": "a"]), samples: [Sample(at(2), 1)])
            })
        try store.maintain(now: at(3))

        let statistics = store.statistics()

        #expect(statistics.tables == 2 && statistics.series == 6)
        #expect(statistics.seriesByMetric.map(\.value) == [1, 1, 1, 1, 1, 1])
        #expect(statistics.seriesByPair.first.map { "\($0.name) \($0.value)" } == "job=a 6")
    }

    @Test func `the largest counts are listed, as many as are asked for`() throws {
        let store = try open()
        for number in 0..<30 {
            for other in 0...number {
                let labels = Labels(["__name__": "m\(number)", "n": "\(other)"])
                _ = store.append([SeriesSamples(labels: labels, samples: [Sample(at(0), 1)])])
            }
        }

        let statistics = store.statistics(limit: 3)

        #expect(
            statistics.seriesByMetric.map { "\($0.name) \($0.value)" } == ["m29 30", "m28 29", "m27 28"])
        #expect(statistics.seriesByPair.count == 3)
    }

    @Test func `matchers find single series whatever decides first`() async throws {
        let store = try open()
        var batch: [SeriesSamples] = []
        for number in 0..<600 {
            let labels = Labels([
                "__name__": number % 3 == 0 ? "a" : "b", "host": "host\(number / 6)",
                "path": "/\(number % 6)", "rare": number % 50 == 0 ? "yes" : "",
            ])
            batch.append(SeriesSamples(labels: labels, samples: [Sample(at(0), Double(number))]))
        }
        _ = store.append(batch)
        let texts: [(String, Matcher.Operation, String)] = [
            ("host", .equal, "host7"), ("host", .notEqual, "host7"), ("host", .regex, "host7.*"),
            ("host", .regex, "host1|host2|none"), ("host", .notRegex, "host[1-8].*"), ("host", .regex, ".+"),
            ("path", .equal, "/3"), ("path", .regex, "/[0-2]"), ("path", .notRegex, "/3|/4"),
            ("rare", .equal, ""), ("rare", .notEqual, ""), ("rare", .regex, "|yes"),
            ("rare", .notRegex, ".+"),
            ("rare", .notRegex, "|no"), ("rare", .equal, "yes"), ("none", .equal, ""),
            ("none", .notEqual, ""),
            ("none", .regex, ".*"), ("__name__", .equal, "a"), ("__name__", .notRegex, "a"),
        ]
        let matchers = try texts.map { try Matcher($0.0, $0.1, $0.2) }

        for first in matchers {
            for second in matchers {
                let found = try await select(store, [first, second]).map(\.labels)
                let expected = batch.map(\.labels).filter { first.matches($0) && second.matches($0) }
                #expect(found == expected.sorted(), "\(first), \(second)")
            }
        }
    }

    @Test func `labels of many series are found in rows, at distances, and after some have gone`()
        async throws
    {
        let store = try open(StoreConfiguration(retention: .seconds(600)))
        let all = (0..<3000).map { number in
            Labels([
                "__name__": "m", "near": "\(number / 700)", "far": "\(number % 150)",
                "seldom": number % 1100 == 7 ? "yes" : "", "number": "\(number)",
            ])
        }
        func push(_ labels: [Labels], at time: Int) {
            _ = store.append(labels.map { SeriesSamples(labels: $0, samples: [Sample(at(time), 1)]) })
        }
        func compare(_ labels: [Labels]) async throws {
            let texts: [(String, Matcher.Operation, String)] = [
                ("near", .equal, "2"), ("far", .equal, "33"), ("far", .notEqual, "33"),
                ("seldom", .equal, "yes"), ("near", .regex, "1|3"), ("far", .notRegex, "1.*"),
            ]
            let matchers = try texts.map { try Matcher($0.0, $0.1, $0.2) }
            for first in matchers {
                for second in matchers {
                    let found = try await select(store, [first, second]).map(\.labels)
                    let expected = labels.filter { first.matches($0) && second.matches($0) }
                    #expect(found == expected.sorted(), "\(first), \(second)")
                }
            }
        }

        push(all, at: 0)
        try await compare(all)

        // Of the first 1,000 every fifth stays, and all from 2,000 on.
        let kept = stride(from: 0, to: 1000, by: 5).map { all[$0] } + all[2000...]
        push(kept, at: 900)
        try store.sync()
        try store.maintain(now: at(901))
        #expect(store.statistics().series == kept.count)
        try await compare(kept)
    }

    @Test func `results are ordered by labels, whatever bytes these hold`() async throws {
        let store = try open()
        let texts = ["a", "ab", "b", "a\u{0}", "a\u{0}b", "é", "aaaaaaaa", "aaaaaaaab", "aaaaaaaaaaaaaaaaa"]
        var all: [Labels] = []
        for name in ["m", "mm", "n"] {
            all.append(Labels(["__name__": name]))
            for text in texts {
                all.append(Labels(["__name__": name, "x": text]))
                all.append(Labels(["__name__": name, "x": text, "y": text]))
                all.append(Labels(["__name__": name, "xy": text]))
            }
            all.append(Labels(["__name__": name, "x": String(repeating: "long", count: 60)]))
        }
        func compare(_ labels: [Labels]) async throws {
            let found = try await select(store, [])
            #expect(found.map(\.labels) == labels.sorted())
            let series = try await store.series([[], []], in: at(-10)...at(10))
            #expect(series == labels.sorted())
        }

        // First those that are compared by words, then all.
        let plain = all.filter { !$0.bytes.contains(0) && $0.bytes.count < 100 }
        _ = store.append(plain.reversed().map { SeriesSamples(labels: $0, samples: [Sample(at(0), 1)]) })
        try await compare(plain)
        _ = store.append(all.map { SeriesSamples(labels: $0, samples: [Sample(at(1), 1)]) })
        try await compare(all)
    }

    @Test(arguments: [false, true]) func `names that look alike in one series survive a restart`(
        _ hasSnapshot: Bool
    ) async throws {
        let alike = Labels([
            (name: "__name__", value: "m"), (name: "\u{e9}", value: "1"), (name: "e\u{301}", value: "2"),
        ])
        var store = try open()
        #expect(store.append([SeriesSamples(labels: alike, samples: [Sample(at(1), 1)])]).accepted == 1)
        let table = try store.openTable(
            target: Labels(["job": "j"]), columns: [alike, Labels(["__name__": "n"])])
        #expect(store.append(table, at: at(1), row: [2, 3]).accepted == 2)
        try store.sync()
        if hasSnapshot { try store.snapshot() }
        disk.crash()
        store = try open()

        #expect(store.statistics().losses.isEmpty && store.statistics().unreadableRecords == 0)
        #expect(try await select(store, []).count == 3)
        let found = try await select(store, [Matcher(equal: "\u{e9}", "1"), Matcher(equal: "e\u{301}", "2")])
        #expect(found.map(\.values).sorted { $0[0] < $1[0] } == [[1], [2]])
        #expect(try await select(store, [Matcher(equal: "\u{e9}", "2")]).isEmpty)
    }
}
