import Glibc
import Testing

@testable import Forecasting

struct SeasonalityTests {
    @Test(arguments: [24, 120, 50])
    func `the period of a noisy wave is found`(period: Int) {
        var source = Synthetic(seed: 1)

        let found = Seasonality.periods(of: source.wave(period * 8, period: period, noise: 10))

        #expect(found.count == 1)
        #expect(abs(found[0] - period) <= 1, "\(found)")
    }

    @Test
    func `a day is found exactly in two weeks of minutes`() {
        var source = Synthetic(seed: 2)

        #expect(
            Seasonality.periods(of: source.wave(20_160, period: 1440, noise: 20), stepSeconds: 60) == [1440])
    }

    /// Averaged to five and twenty minutes.
    @Test(arguments: [(14, 140), (14, 180), (14, 210), (14, 233), (56, 180)])
    func `bursts of any period are found to the minute`(days: Int, period: Int) {
        var source = Synthetic(seed: 12)
        let values = (0..<days * 1440).map { index in
            (index % period < period / 7 ? 900 : 300) * exp(0.03 * source.normal())
        }

        let found = Seasonality.periods(of: values, stepSeconds: 60)

        #expect(found.first == period, "\(found)")
        #expect(found.allSatisfy { $0 % period == 0 }, "\(found)")
    }

    @Test
    func `a week is found beside the day`() {
        var source = Synthetic(seed: 3)
        let values = source.wave(24 * 35, period: 24, noise: 5).enumerated().map { index, value in
            index / 24 % 7 >= 5 ? value * 0.4 : value
        }

        #expect(Seasonality.periods(of: values, stepSeconds: 3600) == [24, 168])
    }

    @Test
    func `a slow drift does not make the day an hour short`() {
        var source = Synthetic(seed: 5)
        var level = 0.0
        let values = source.wave(24 * 38, period: 24, noise: 2).map { value in
            level += source.normal() * 6
            return value + level
        }

        #expect(Seasonality.periods(of: values).first == 24)
    }

    @Test
    func `of many days the week is looked for before any other number of them`() {
        var source = Synthetic(seed: 6)
        let values = source.wave(24 * 27, period: 24, noise: 10).enumerated().map { index, value in
            index / 24 % 7 >= 5 ? value * 0.7 : value
        }

        #expect(Seasonality.periods(of: values) == [24, 168])
    }

    @Test
    func `a day is found where a few values are a hundred times the usual ones`() {
        var source = Synthetic(seed: 7)
        let values = source.wave(24 * 27, period: 24).map { exp($0 / 40 + source.normal()) }

        #expect(Seasonality.periods(of: values).first == 24)
    }

    @Test(arguments: 1...20)
    func `white noise has no season`(seed: UInt64) {
        var source = Synthetic(seed: seed)

        #expect(Seasonality.periods(of: source.noise(2000)) == [])
    }

    @Test(arguments: [600, 2000])
    func `hardly any random walk has a season`(count: Int) {
        let found = (1...40).count { seed in
            var source = Synthetic(seed: UInt64(seed))
            var level = 0.0
            let walk = source.noise(count).map { step in
                level += step
                return level
            }
            return !Seasonality.periods(of: walk).isEmpty
        }

        #expect(found <= 6, "\(found) of 40")
    }

    @Test(arguments: [0, 0.9])
    func `four cycles are enough, be there white noise or red`(likeness: Double) {
        for seed in 1...10 {
            var source = Synthetic(seed: UInt64(seed))
            var noise = 0.0
            let values = source.wave(24 * 4, period: 24).map { value in
                noise = likeness * noise + (1 - likeness * likeness).squareRoot() * 15 * source.normal()
                return value + noise
            }

            let found = Seasonality.periods(of: values)

            #expect(found.count == 1)
            #expect(abs(found[0] - 24) <= 1, "\(found)")
        }
    }

    @Test
    func `a constant, a line, a short and an empty series have no season`() {
        #expect(Seasonality.periods(of: [Double](repeating: 5, count: 500)) == [])
        #expect(Seasonality.periods(of: (0..<500).map(Double.init)) == [])
        #expect(Seasonality.periods(of: [1, 2, 1, 2]) == [])
        #expect(Seasonality.periods(of: []) == [])
        #expect(Seasonality.periods(of: [.nan, .infinity]) == [])
    }

    @Test
    func `gaps do not hide a season`() {
        var source = Synthetic(seed: 4)
        var values = source.wave(480, period: 48, noise: 5)
        for index in values.indices where source.uniform() < 0.15 { values[index] = .nan }
        for index in 200..<215 { values[index] = .nan }

        let found = Seasonality.periods(of: values)

        #expect(found.count == 1)
        #expect(abs(found[0] - 48) <= 1)
    }
}
