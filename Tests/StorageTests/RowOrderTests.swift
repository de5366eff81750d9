import Dispatch
import Journal
import Synchronization
import Testing
import TimeSeries

@testable import Storage

/// Samples that come many at a time: those of one series behind each other.
@Suite struct RowOrderTests {
    private let disk = SimulatedDisk()

    private func labels(_ number: Int) -> Labels { Labels(["__name__": "m", "number": "\(number)"]) }

    /// Some series of a group, with samples at these moments each.
    private func known(_ slots: [UInt32], _ times: [Int]) -> KnownSamples {
        KnownSamples(
            handles: slots, ends: slots.indices.map { ($0 + 1) * times.count },
            samples: slots.flatMap { slot in
                times.map { Sample(at($0), Double(Int(slot) * 1000 + $0 * $0 % 89)) }
            })
    }

    private func series(_ count: UInt32) -> LooseSeries {
        var series = LooseSeries()
        for number in 0..<count { series.add(number, labels(Int(number))) }
        return series
    }

    private func append(_ samples: KnownSamples, to series: inout LooseSeries) -> AppendTally {
        var tally = AppendTally(report: AppendReport())
        series.append(samples, samples.handles.indices, window: 600_000, &tally)
        return tally
    }

    @Test func `twenty samples of each series in a request share parts as those of twenty requests do`() {
        var together = series(16)
        var apart = series(16)
        for first in stride(from: 0, to: 240, by: 20) {
            let times = Array(first..<first + 20)
            #expect(append(known(Array(0..<16), times), to: &together).report.accepted == 16 * 20)
            for time in times { _ = append(known(Array(0..<16), [time]), to: &apart) }
        }

        let group = together.groups[0]
        #expect(group.parts.map(\.identity) == apart.groups[0].parts.map(\.identity))
        #expect(group.parts.allSatisfy { $0.slots == 0xffff })
        #expect(group.sampleCount == 16 * 240)
    }

    @Test func `series with times of their own, more samples than others or none keep every sample`() {
        var all = series(16)
        var random = SplitMix(seed: 3)
        var expected = [[Int64]](repeating: [], count: 16)
        var time = [Int](repeating: 0, count: 16)
        for _ in 0..<60 {
            var samples = KnownSamples(handles: [], ends: [], samples: [])
            for slot in (0..<UInt32(16)).shuffled(using: &random) where Bool.random(using: &random) {
                // Now and then a series is there twice.
                for _ in 0..<(slot % 5 == 2 ? 2 : 1) {
                    for _ in 0..<Int.random(in: 1...23, using: &random) {
                        time[Int(slot)] += slot % 4 == 3 ? Int.random(in: 1...3, using: &random) : 1
                        samples.samples.append(Sample(at(time[Int(slot)]), Double(time[Int(slot)])))
                        expected[Int(slot)].append(at(time[Int(slot)]).milliseconds)
                    }
                    samples.handles.append(slot)
                    samples.ends.append(samples.samples.count)
                }
            }
            let tally = append(samples, to: &all)
            #expect(tally.report.accepted == samples.samples.count && tally.late.isEmpty)
        }

        for slot in 0..<16 {
            let slice = all.groups[0].read(1 << UInt16(slot), in: .min ... .max).first
            #expect(slice?.times.milliseconds == expected[slot])
            #expect(slice?.values == expected[slot].map { Double($0) / 1000 })
        }
    }

    @Test func `late samples, repeated ones and those of no moment are told apart by series`() throws {
        let store = try Store(disk: disk, now: at(0))
        var handles: [UInt32] = []
        let first = (0..<3).map { SeriesSamples(labels: labels($0), samples: [Sample(at(100), 1)]) }
        _ = store.append(SampleBatch(first), handles: &handles)
        let beyond = Timestamp(milliseconds: 1 << 51)
        let samples = KnownSamples(
            handles: handles, ends: [4, 6, 9],
            samples: [
                Sample(at(50), 2), Sample(at(100), 1), Sample(at(101), 3), Sample(beyond, 4),
                Sample(at(101), 5), Sample(at(102), 6),
                Sample(at(100), 7), Sample(at(101), 8), Sample(beyond, 9),
            ])
        let report = try #require(store.append(samples))

        #expect(report.accepted == 5)
        #expect(report.repeated == 1 && report.duplicate == 1 && report.tooOld == 2)
        try store.sync()
        disk.crash()
        #expect(try Store(disk: disk, now: at(0)).statistics().samples == 8)
    }

    @Test func `what came in one request is in the same parts after recovery`() async throws {
        let store = try Store(disk: disk, now: at(0))
        var handles: [UInt32] = []
        for first in stride(from: 0, to: 300, by: 20) {
            let times = Array(first..<first + 20)
            let samples = known(Array(0..<40), times)
            if first == 0 {
                let batch = (0..<40).map { number in
                    SeriesSamples(
                        labels: labels(number),
                        samples: Array(samples.samples[number * 20..<number * 20 + 20]))
                }
                _ = store.append(SampleBatch(batch), handles: &handles)
            } else {
                #expect(store.append(samples)?.accepted == 40 * 20)
            }
            try store.sync()
        }
        disk.crash()
        let second = try Store(disk: disk, now: at(0))

        let parts = store.head.withLock { head in
            head.loose.groups.indices.map { head.loose.groups[$0].parts }
        }
        let again = second.head.withLock { head in
            head.loose.groups.indices.map { head.loose.groups[$0].parts }
        }
        #expect(parts.map { $0.map(\.bytes) } == again.map { $0.map(\.bytes) })
        #expect(parts.count == 3 && parts.allSatisfy { !$0.isEmpty })
    }

    @Test func `several workers take the samples of a request as one does`() {
        let eager = Workers(count: 3, isEager: true) { pieces, body in
            DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
        }
        var alone = series(200)
        var shared = series(200)
        var random = SplitMix(seed: 11)
        for request in 0..<40 {
            // In order, so that the groups can be shared out, or not.
            var slots = (0..<UInt32(200)).filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
            if request % 8 == 7 { slots.shuffle(using: &random) }
            if request % 5 == 4 { slots[slots.count / 2] = KnownSamples.noHandle }
            var samples = KnownSamples(handles: slots, ends: [], samples: [])
            for slot in slots {
                for step in 0..<Int.random(in: 1...12, using: &random) {
                    // Now and then one of long ago, or of no moment.
                    let back = Int.random(in: 0..<50, using: &random) == 0 ? 30 : 0
                    let time = request * 12 + step - back
                    let isOdd = slot % 70 == 69 && step == 3
                    samples.samples.append(
                        Sample(
                            isOdd ? Timestamp(milliseconds: 1 << 51) : at(time),
                            Double(Int(slot % 300) * time)))
                }
                samples.ends.append(samples.samples.count)
            }
            var (one, several) = (AppendTally(report: AppendReport()), AppendTally(report: AppendReport()))
            alone.append(samples, window: 600_000, .one, &one)
            shared.append(samples, window: 600_000, eager, &several)

            #expect(several.report == one.report)
            #expect(several.newest == one.newest)
            #expect(several.refused == one.refused)
            #expect(several.late.map(\.place) == one.late.map(\.place))
            #expect(several.late.map(\.number) == one.late.map(\.number))
        }
        for index in alone.groups.indices {
            #expect(shared.groups[index].parts.map(\.bytes) == alone.groups[index].parts.map(\.bytes))
            for slot in 0..<16 { #expect(shared.groups[index].tail(slot) == alone.groups[index].tail(slot)) }
        }
    }
}
