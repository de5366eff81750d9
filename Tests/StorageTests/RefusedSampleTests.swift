import Journal
import Storage
import Testing
import TimeSeries

/// Samples that were refused are nowhere, also where what they were refused for is damaged.
@Suite struct RefusedSampleTests {
    private static let series = 40
    private static let steps = 300

    private func labels(_ number: Int) -> Labels { Labels(["__name__": "m", "n": "\(number)"]) }

    private func value(_ number: Int, _ step: Int) -> Double {
        Double(UInt64(number * 1000 + step + 1) &* 0x9e37_79b9_7f4a_7c15 >> 11)
    }

    enum Way: CaseIterable { case labels, handles }

    @Test(arguments: Way.allCases) func `a refused sample does not come back in the place of a damaged one`(
        _ way: Way
    ) async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        var handles: [UInt32] = []
        func push(_ steps: Range<Int>, _ value: (Int, Int) -> Double) -> AppendReport {
            var batch = SampleBatch()
            for number in 0..<Self.series {
                let samples = steps.map { Sample(at($0), value(number, $0)) }
                batch.append(SeriesSamples(labels: labels(number), samples: samples))
            }
            if way == .handles, !handles.isEmpty {
                let known = KnownSamples(
                    handles: handles, ends: batch.entries.map(\.samplesEnd), samples: batch.samples)
                return store.append(known)!
            }
            return store.append(batch, handles: &handles)
        }
        #expect(push(0..<Self.steps, value).accepted == Self.series * Self.steps)
        try store.snapshot()

        // Of each series the last is new and so taken, and stands in the log among those that are refused.
        let report = push(100..<Self.steps + 1) { number, step in
            step == Self.steps ? value(number, step) : -1
        }

        #expect(report.duplicate == Self.series * (Self.steps - 100) && report.accepted == Self.series)
        try store.sync()
        disk.crash()
        let path = try #require(disk.paths.first { $0.hasPrefix("snapshots/chunks-") })
        disk.setContents(path, nil)
        let found = try await select(try Store(disk: disk, now: at(0)), [])
        #expect(found.count == Self.series)
        for series in found {
            let number = try #require(series.labels["n"].flatMap { Int($0) })
            #expect(series.times.milliseconds.count < Self.steps)
            #expect(series.times.milliseconds.last == Int64(1000 * Self.steps))
            for (time, found) in zip(series.times.milliseconds, series.values) {
                #expect(found == value(number, Int(time / 1000)))
            }
        }
    }

    @Test func `a native histogram that was refused does not come back either`() async throws {
        let disk = SimulatedDisk()
        let store = try Store(disk: disk, now: at(0))
        func push(_ steps: Range<Int>, _ count: Double) -> AppendReport {
            store.append([
                SeriesSamples(
                    labels: labels(0), samples: [],
                    histograms: steps.map { step in
                        var histogram = FloatHistogram()
                        histogram.count = count + Double(step)
                        return (at(step), histogram)
                    })
            ])
        }
        #expect(push(0..<Self.steps, 1).accepted == Self.steps)
        try store.snapshot()
        #expect(push(0..<Self.steps + 1, 2).duplicate == Self.steps)
        try store.sync()
        disk.crash()
        let path = try #require(disk.paths.first { $0.hasPrefix("snapshots/chunks-") })
        disk.setContents(path, nil)

        let found = try #require(try await select(try Store(disk: disk, now: at(0)), []).first)
        #expect(found.times.milliseconds.last == Int64(1000 * Self.steps))
        for (time, value) in zip(found.times.milliseconds, found.values).dropLast() {
            #expect(value == 1 + Double(time / 1000))
        }
    }
}
