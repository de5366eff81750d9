import Testing

@testable import Forecasting

/// Margins from the errors of a backtest, the newer of which weigh more.
struct ResidualsTests {
    /// The 95th percentile of errors around 100 with these deviations, oldest first, in units of the forecast.
    private func margin(_ deviations: [Double], _ quantile: Double = 0.95) -> Double {
        var source = Synthetic(seed: 3)
        let actual = deviations.map { 100 + $0 * source.normal() }
        let forecasts = [Double](repeating: 100, count: actual.count)
        var residuals = Residuals(actual, forecasts, [Double](repeating: 1, count: actual.count))
        residuals.sort()
        return 100 * residuals.margin(quantile)
    }

    private func stretch(_ count: Int, _ deviation: Double) -> [Double] {
        [Double](repeating: deviation, count: count)
    }

    @Test
    func `a series that has become wilder is planned for before it has been so for long`() {
        // Of all errors alike a tenth is wild: their 95th percentile is about the median of the wild ones' upper half.
        #expect(margin(stretch(1800, 1) + stretch(200, 10)) > 5.5)
        #expect(margin(stretch(1800, 1) + stretch(200, 10), 0.05) < -5.5)
    }

    @Test
    func `one that has become calm is not taken for calm at once`() {
        #expect(margin(stretch(1000, 10) + stretch(1000, 1)) > 11)
    }

    @Test
    func `steady errors are taken as they are`() {
        #expect((1.5...1.9).contains(margin(stretch(2000, 1))))
        #expect(abs(margin(stretch(2000, 1), 0.5)) < 0.15)
    }

    /// The 95th percentile around 100, at moments of which so much unrest is foretold.
    private func bounds(_ scales: [Double], deviations: [Double], at asked: [Double]) -> [Double] {
        var source = Synthetic(seed: 4)
        let actual = deviations.map { 100 + $0 * source.normal() }
        let forecasts = [Double](repeating: 100, count: actual.count)
        var residuals = Residuals(actual, forecasts, scales)
        residuals.sort()
        return asked.map { residuals.moved(100, by: residuals.margin(0.95), scale: $0) }
    }

    @Test
    func `calm and burst a hundred times apart are each planned for where that is foretold`() {
        let scales = (0..<2000).map { $0 % 10 == 0 ? 10 : 0.1 }
        let bounds = bounds(scales, deviations: scales, at: [0.1, 10])

        #expect((100.1...100.25).contains(bounds[0]))
        #expect((112...122).contains(bounds[1]))
    }

    @Test
    func `unrest that is foretold and does not come moves nothing`() {
        let scales = (0..<2000).map { $0 % 7 == 0 ? 10 : 0.1 }
        let bounds = bounds(scales, deviations: stretch(2000, 1), at: [0.1, 10])

        #expect(bounds[0] == bounds[1])
    }

    @Test
    func `a quantile of what weighs alike is that of what does not weigh`() {
        let numbers = [1.0, 2, 4, 8, 16]
        let weights = [1.0, 2, 3, 4, 5]

        for quantile in [0.01, 0.2, 0.5, 0.77, 0.99] {
            #expect(
                Quantile.ofSorted(numbers, weights: weights, quantile)
                    == Quantile.ofSorted(numbers, quantile))
        }
        #expect(Quantile.ofSorted(numbers, weights: [0.1, 0.2, 0.3, 0.4, 5], 0.5) > 8)
    }
}
