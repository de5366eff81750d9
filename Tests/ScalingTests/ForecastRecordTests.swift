import Forecasting
import Testing

@testable import Scaling

/// How forecasts turned out.
struct ForecastRecordTests {
    private let window = Window(first: 2, last: 4)

    /// Forecasts at each of the first hundred moments of a rising line, and their end.
    private func record(expected: (Double) -> Double, peak: (Double) -> Double, holes: Set<Int> = [])
        -> ForecastRecord
    {
        var record = ForecastRecord()
        var values: [Double] = []
        for index in 0..<104 {
            values.append(holes.contains(index) ? .nan : Double(index))
            record.settle(values, newest: Int64(index), window: window)
            if index < 100 {
                let last = Double(index)
                record.made(at: Int64(index), expected: expected(last), peak: peak(last), last: last)
            }
        }
        return record
    }

    @Test
    func `an expectation that is met has no error, and one like the last value the last value's`() throws {
        let exact = record(expected: { $0 + 4 }, peak: { $0 + 5 })
        let naive = record(expected: { $0 }, peak: { $0 + 3 })

        #expect(exact.errorRatio == 0)
        #expect(exact.coverage == 1)
        #expect(abs(try #require(naive.errorRatio) - 1) < 1e-9)
        #expect(naive.coverage == 0)
    }

    @Test
    func `nothing is said before some windows are over`() {
        var record = ForecastRecord()
        record.made(at: 0, expected: 1, peak: 2, last: 1)
        record.settle([1, 1, 1, 1], newest: 3, window: window)
        #expect(record.coverage == nil)
        record.settle([1, 1, 1, 1, 1], newest: 4, window: window)
        #expect(record.coverage == nil)
        #expect(record.errorRatio == nil)
    }

    @Test
    func `a window that is mostly missing is not counted`() {
        let holed = record(
            expected: { $0 + 4 }, peak: { $0 + 5 }, holes: Set((0..<104).filter { $0 % 3 != 0 }))

        #expect(holed.coverage == nil)
    }
}
