import Journal
import Testing
import TimeSeries

@testable import Storage

/// Single series that come and go.
@Suite struct ChurnTests {
    private func labels(_ number: Int) -> Labels {
        Labels(["__name__": "churned", "job": "j", "instance": "i", "number": "\(number)"])
    }

    @Test(.timeLimit(.minutes(1))) func `many that came again are replayed in one go`() {
        var series = LooseSeries()
        let count: UInt32 = 30_000
        for number in 0..<count { series.add(number, labels(Int(number))) }
        // A log does not tell that they went.
        for number in 0..<count { series.add(count + number, labels(Int(number))) }
        series.settle()

        #expect(series.count == Int(count))
        #expect(series.select([Matcher(equal: "job", "j")]) == Array(count..<2 * count))
        #expect(series.select([Matcher(equal: "number", "17")]) == [count + 17])
        #expect(series.pairs.count == Int(count) + 3)
    }

    @Test func `groups all of whose series are gone take no memory, and those behind them are kept`() {
        var series = LooseSeries()
        let perPage = UInt32(Paged<LooseGroup>.pageSize * LooseGroup.width)
        for number in 0..<3 * perPage {
            series.add(number, labels(Int(number)))
            _ = series.append(number, number == perPage + 5 ? 5000 : 1000, 1, window: 0)
        }
        let full = series.groups.ownCount
        series.drop { _ in 2000 }

        #expect(series.count == 1 && series.has(perPage + 5))
        // The page of the one that is left, and the one in which the next number is.
        #expect(series.groups.ownCount <= full / 3)
        series.forgetFiles()
        series.dropTails()
        #expect(series.groups.ownCount <= full / 3)

        series.add(3 * perPage, labels(1))
        _ = series.append(3 * perPage, 6000, 2, window: 0)
        #expect(series.all == [perPage + 5, 3 * perPage])
        #expect(series.find(labels(1)) == 3 * perPage)
        // A snapshot says how many there were, and has those that are left.
        var again = LooseSeries()
        again.add(perPage + 5, labels(5))
        again.reserve(40 * perPage)
        again.add(40 * perPage, labels(6))
        #expect(again.groups.ownCount <= 2 * Paged<LooseGroup>.pageSize)
        #expect(again.all == [perPage + 5, 40 * perPage])
    }

    @Test func `when no number is left series are refused`() {
        var head = Head(StoreConfiguration())
        head.loose.reserve(LooseSeries.numberLimit - 1)
        var report = AppendReport()
        var records: [[UInt8]] = []
        let batch = SampleBatch(
            (0..<2).map { SeriesSamples(labels: labels($0), samples: [Sample(at(0), 1)]) })

        let (numbers, added) = head.numbers(of: batch, &records, &report)

        #expect(numbers == [LooseSeries.numberLimit - 1, .max] && added.count == 1)
        #expect(report.refusal?.contains("no number") == true)
    }

    @Test func `histograms that share few buckets are not merged, those behind them are`() {
        var series = LooseSeries()
        series.add(0, labels(0))
        func push(_ step: Int, _ offset: Int, _ buckets: Int) {
            let histogram = FloatHistogram(
                schema: 8, positiveRuns: [.init(offset: Int32(offset), length: UInt32(buckets))],
                positiveBuckets: Array(repeating: 1, count: buckets))
            _ = series.append(0, Int64(step), histogram, window: 0)
        }
        for step in 0..<40 { push(step, 3000 * step, 3000) }
        #expect(series.groups[0].parts.map(\.rowCount) == [8, 8, 8, 8, 8])
        for step in 40..<600 { push(step, 0, 40) }

        let rows = series.groups[0].parts.map { Int($0.rowCount) }
        #expect(rows[0] >= LooseGroup.mergedRows && rows.contains(8))
        #expect(rows.reduce(series.groups[0].tail(0).count, +) == 600)
    }
}
