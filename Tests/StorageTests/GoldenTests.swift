import Glibc
import Journal
import Storage
import Testing
import TimeSeries

/// Files of each format version, written once and kept: every later program must read them. Compressed bytes may
/// differ between versions of liblz4, so the files are read and not compared.
@Suite struct GoldenTests {
    private static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast().joined(separator: "/") + "/Golden/"
    }()
    private let target = Labels(["job": "golden", "instance": "a"])
    private let columns = ["idle", "user", "gone"].map {
        Labels(["__name__": "cpu_seconds_total", "mode": $0])
    }
    private let histogram = FloatHistogram(
        schema: -53, count: 3, sum: 4.5, positiveRuns: [.init(offset: 0, length: 2)],
        positiveBuckets: [1, 2], customBounds: [0.5])

    private let group = ["a", "b", "c"].map { Labels(["__name__": "pushed", "from": $0]) }

    private func value(_ number: Int, _ step: Int) -> Double { Double(number * step) / 10 }

    /// A unit in the last place or two beside a short fraction.
    private func sum(_ step: Int) -> Double {
        let value = 0.25 + Double(step * step) / 1_000_000
        return Double(bitPattern: value.bitPattern + UInt64(step % 3))
    }

    /// Has nothing to do with the one before.
    private func wild(_ step: Int) -> Double {
        Double(bitPattern: UInt64(step + 1) &* 0x9e37_79b9_7f4a_7c15 & 0xbfff_ffff_ffff_ffff)
    }

    /// One of a few in no order.
    private func code(_ step: Int) -> Double {
        [0, 1, 200, 404, 500][Int(UInt64(step + 1) &* 0x9e37_79b9_7f4a_7c15 >> 40) % 5]
    }

    /// A counter whose steps are all about as frequent.
    private func count(_ step: Int) -> Double { Double((0...step).reduce(0) { $0 + $1 * 37 % 100 }) }

    private func row(_ step: Int) -> [Double] {
        [Double(step) / 100, Double(step * step % 97) * 0.001, step < 250 ? 5 : Marker.absent]
    }

    private func write(_ disk: SimulatedDisk) throws {
        let store = try Store(disk: disk, now: at(0))
        let table = try store.openTable(target: target, columns: columns)
        store.describe([
            "cpu_seconds_total": MetricMetadata(kind: .counter, help: "CPU time.", unit: "seconds")
        ])
        for step in 0..<300 {
            _ = store.append(table, at: at(15 * step), row: row(step))
            _ = store.append(
                group.enumerated().map { number, labels in
                    SeriesSamples(labels: labels, samples: [Sample(at(15 * step), value(number, step))])
                })
            let others = [
                ("sum", sum(step)), ("wild", wild(step)), ("x_code", code(step)), ("x_count", count(step)),
            ]
            _ = store.append(
                others.map { name, value in
                    SeriesSamples(
                        labels: Labels(["__name__": name]), samples: [Sample(at(15 * step), value)])
                })
            if step == 260 { try store.snapshot() }
            if step == 280 { try store.snapshot() }
        }
        _ = store.append([
            SeriesSamples(
                labels: Labels(["__name__": "loose"]),
                samples: (0..<20).map { Sample(at($0), Double($0) / 3) }),
            SeriesSamples(labels: Labels(["__name__": "h"]), samples: [], histograms: [(at(1), histogram)]),
        ])
        try store.sync()
    }

    @Test(arguments: 1...6) func `files of each version are read`(_ version: Int) async throws {
        let disk = SimulatedDisk()
        let folder = Self.folder + "v\(version)"
        if version == 6, unsafe getenv("FLYBALL_REWRITE_GOLDEN") != nil {
            try rewrite(folder)
        }
        let golden = try RealDisk(root: folder)
        for path in try ["log", "snapshots"].flatMap({ folder in
            try golden.list(folder).map { folder + "/" + $0 }
        }) {
            let file = try golden.open(path, create: false)
            disk.setContents(path, try file.read(at: 0, count: try file.length()))
        }

        let store = try Store(disk: disk, now: at(0))

        #expect(store.statistics().damage.isEmpty)
        #expect(store.statistics().losses.isEmpty)
        let series = try await select(store, [])
        #expect(
            series.map(\.labels.metricName) == [
                "cpu_seconds_total", "cpu_seconds_total", "cpu_seconds_total", "h", "loose",
            ] + (version == 1 ? [] : ["pushed", "pushed", "pushed"])
                + (version < 5 ? [] : ["sum", "wild"]) + (version < 6 ? [] : ["x_code", "x_count"]))
        #expect(series[0].values == (0..<250).map { _ in 5 })
        #expect(series[1].values == (0..<300).map { row($0)[0] })
        #expect(series[2].values == (0..<300).map { row($0)[1] })
        #expect(series[2].times.milliseconds == (0..<300).map { Int64($0) * 15_000 })
        #expect(series[3].histograms == [0: histogram])
        #expect(series[4].values == (0..<20).map { Double($0) / 3 })
        for (number, series) in series.dropFirst(5).prefix(3).enumerated() {
            #expect(series.times.milliseconds == (0..<300).map { Int64($0) * 15_000 })
            #expect(series.values == (0..<300).map { value(number, $0) })
        }
        for (series, value) in zip(series.dropFirst(8), [sum, wild, code, count]) {
            let expected = (0..<300).map { value($0) }
            #expect(series.values.map(\.bitPattern) == expected.map(\.bitPattern))
        }
        #expect(await store.metadata(of: nil)["cpu_seconds_total"]?.first?.unit == "seconds")
    }

    /// Set FLYBALL_REWRITE_GOLDEN for a new version of the format, in a folder of its own.
    private func rewrite(_ folder: String) throws {
        let disk = SimulatedDisk()
        try write(disk)
        unsafe mkdir(folder, 0o755)
        let golden = try RealDisk(root: folder)
        try golden.createFolder("log")
        try golden.createFolder("snapshots")
        for path in disk.paths {
            let file = try golden.open(path, create: true)
            try file.truncate(to: 0)
            try file.append(disk.contents(path) ?? [])
        }
    }
}
