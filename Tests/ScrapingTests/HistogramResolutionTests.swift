import Testing
import TimeSeries

@testable import Scraping

struct HistogramResolutionTests {
    private func histogram(_ buckets: Int, schema: Int32 = 3, offset: Int32 = -1) -> FloatHistogram {
        FloatHistogram(
            schema: schema, count: Double(buckets), sum: 1,
            positiveRuns: [.init(offset: offset, length: UInt32(buckets))],
            positiveBuckets: Array(repeating: 1, count: buckets))
    }

    @Test func `without settings a histogram is taken as it is`() {
        #expect(HistogramResolution(limit: nil, factor: 0).fit(histogram(300)) == histogram(300))
    }

    @Test func `neighbours are merged until the buckets are within the limit`() throws {
        let fitted = try #require(HistogramResolution(limit: 4, factor: 0).fit(histogram(8)))

        // Indices -1...6 of schema 3 are 0...3 of schema 2: (-1, 0), (1, 2), (3, 4), (5, 6).
        #expect(fitted.schema == 2)
        #expect(fitted.positiveRuns == [.init(offset: 0, length: 4)])
        #expect(fitted.positiveBuckets == [2, 2, 2, 2])
        #expect(fitted.count == 8)
    }

    @Test func `gaps stay gaps, and what falls together over a gap is merged`() throws {
        var wide = histogram(2, offset: 1)
        wide.positiveRuns = [
            .init(offset: 1, length: 1), .init(offset: 0, length: 1), .init(offset: 6, length: 2),
        ]
        wide.positiveBuckets = [1, 2, 4, 8]
        wide.negativeRuns = [.init(offset: 3, length: 1)]
        wide.negativeBuckets = [16]

        let fitted = try #require(HistogramResolution(limit: 4, factor: 0).fit(wide))

        // Indices 1, 2, 9, 10 become 1, 1, 5, 5; 3 becomes 2.
        #expect(fitted.positiveRuns == [.init(offset: 1, length: 1), .init(offset: 3, length: 1)])
        #expect(fitted.positiveBuckets == [3, 12])
        #expect(fitted.negativeRuns == [.init(offset: 2, length: 1)])
    }

    @Test func `runs that no histogram has are neither waited for nor a trap`() {
        var hostile = histogram(2)
        hostile.positiveRuns = [.init(offset: .min, length: .max), .init(offset: .max, length: .max)]

        #expect(HistogramResolution(limit: nil, factor: 3).fit(hostile)?.positiveBuckets.reduce(0, +) == 2)
    }

    @Test func `a histogram that no schema makes small enough is refused`() {
        let resolution = HistogramResolution(limit: 1, factor: 0)
        var spread = histogram(2, schema: -4)
        spread.positiveRuns = [.init(offset: 0, length: 1), .init(offset: 5, length: 1)]
        var custom = histogram(3, schema: FloatHistogram.customBucketsSchema)
        custom.customBounds = [1, 2]

        #expect(resolution.fit(spread) == nil)
        #expect(resolution.fit(custom) == nil)
    }

    @Test(arguments: [
        (0.0, 8), (1.0, 8), (1.002, 8), (1.1, 2), (1.19, 1), (1.5, 0), (2, 0), (3, -1), (100_000, -4),
    ])
    func `the factor between bounds chooses the finest schema, as Prometheus has it`(
        _ factor: Double, _ schema: Int
    ) {
        let fitted = HistogramResolution(limit: nil, factor: factor).fit(histogram(4, schema: 8))

        #expect(fitted?.schema == Int32(schema))
    }

    @Test func `without settings too there is a limit`() throws {
        let fitted = try #require(HistogramResolution(limit: nil, factor: 0).fit(histogram(30_000)))

        #expect(fitted.schema == 1 && fitted.positiveBuckets.count <= FloatHistogram.mostBuckets)
        #expect(fitted.positiveBuckets.reduce(0, +) == 30_000)
    }
}
