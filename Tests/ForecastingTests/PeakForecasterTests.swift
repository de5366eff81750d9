import Glibc
import Testing

@testable import Forecasting

struct PeakForecasterTests {
    private let window = Window(first: 3, last: 8)

    @Test
    func `the coming peak of a wave is foreseen`() throws {
        var source = Synthetic(seed: 1)
        // The last value stands an eighth of a period before the crest.
        let values = Array(source.wave(48 * 10 + 12, period: 48, noise: 1).prefix(48 * 10 + 7))

        let model = try #require(PeakForecaster(fitting: values, window: window))
        let forecast = try #require(model.forecast(quantiles: [0.1, 0.9]))

        #expect(model.isTrusted)
        #expect(abs(forecast.expected - 150) < 4, "\(forecast) by \(model.model)")
        #expect(forecast.quantiles[0] < forecast.quantiles[1])
        #expect(forecast.quantiles[1] < 160)
    }

    @Test
    func `what two days promise need not be so in both halves of the backtest`() throws {
        let models = try (1...20).map { seed in
            var source = Synthetic(seed: UInt64(seed))
            let values = source.wave(48 * 3, period: 48, noise: 12)
            return try #require(PeakForecaster(fitting: values, window: window))
        }

        #expect(models.allSatisfy { $0.isPromising || !$0.isTrusted })
        #expect(models.contains { $0.isPromising && !$0.isTrusted })
        #expect(
            models.allSatisfy {
                !$0.isPromising || $0.loss <= (1 - PeakForecaster.leastSkill) * $0.persistenceLoss
            }
        )
    }

    @Test(arguments: [60, 90])
    func `the expectation of a young history lies between its quantiles`(count: Int) throws {
        var source = Synthetic(seed: 1)
        let values = source.noise(count).enumerated().map { 150 + 60 * sin(Double($0) / 10 * .pi) + 5 * $1 }

        var model = try #require(
            PeakForecaster(fitting: Array(values.prefix(count * 2 / 3)), window: Window(first: 3, last: 6)))
        for value in values.suffix(count / 3) {
            model.append([value])
            let forecast = try #require(model.forecast(quantiles: [0.1, 0.9]))
            #expect((forecast.quantiles[0]...forecast.quantiles[1]).contains(forecast.expected))
        }
    }

    @Test(arguments: [(-2, 160.0), (-6, 100.0)])
    func `what rises at one minute of the day is foreseen to the minute`(minutes: Int, level: Double) throws {
        var source = Synthetic(seed: 4)
        let values = source.noise(8 * 1440).enumerated().map { index, noise in
            (600..<900).contains(index % 1440) ? 160 + noise : 100 + noise
        }
        let known = Array(values.prefix(7 * 1440 + 600 + minutes + 1))

        let model = try #require(
            PeakForecaster(fitting: known, window: Window(first: 3, last: 4), stepSeconds: 60))
        let forecast = try #require(model.forecast(quantiles: [0.95]))

        #expect(model.isTrusted)
        #expect(abs(forecast.quantiles[0] - level) < 10, "\(forecast) by \(model.model)")
    }

    @Test(arguments: [(600, 160.0), (900, 100.0)])
    func `a move of each day that has just been measured does not count twice`(minute: Int, level: Double)
        throws
    {
        var source = Synthetic(seed: 4)
        let values = source.noise(8 * 1440).enumerated().map { index, noise in
            (600..<900).contains(index % 1440) ? 160 + noise : 100 + noise
        }
        let known = Array(values.prefix(7 * 1440 + minute))

        let model = try #require(
            PeakForecaster(fitting: known, window: Window(first: 3, last: 4), stepSeconds: 60))
        let forecast = try #require(model.forecast(quantiles: [0.05, 0.95], since: level))

        #expect(forecast.quantiles.allSatisfy { abs($0 - level) < 10 }, "\(forecast) by \(model.model)")
    }

    @Test
    func `one value as never before moves the forecasts behind it as little as the next day's`() throws {
        var source = Synthetic(seed: 6)
        var values = source.wave(5 * 1440 + 30, period: 1440, noise: 1)
        let clean = values
        values[4 * 1440 + 10] *= 10
        let window = Window(first: 3, last: 6)

        func peak(_ values: [Double], fitted: Int) throws -> Double {
            var model = try #require(PeakForecaster(fitting: Array(values.prefix(fitted)), window: window))
            model.append(Array(values[fitted..<5 * 1440 + 8]))
            return try #require(model.forecast(quantiles: [0.95])).quantiles[0]
        }
        // A day later, fitted with it and without; and right behind it.
        for fitted in [5 * 1440, 4 * 1440] {
            #expect(abs(try peak(values, fitted: fitted) - peak(clean, fitted: fitted)) < 5)
        }
        values[5 * 1440 + 5] *= 10
        #expect(abs(try peak(values, fitted: 5 * 1440) - peak(clean, fitted: 5 * 1440)) < 5)
    }

    @Test
    func `a value as never before is doubted until a third bears it out`() throws {
        var source = Synthetic(seed: 6)
        let values = source.wave(3 * 1440, period: 1440, noise: 1)
        var model = try #require(PeakForecaster(fitting: values, window: window))
        let far = 10 * (values.max() ?? 0)
        func isDoubted(since: Double? = nil) -> Bool? { model.peak(since: since)?.isDoubted }

        #expect(isDoubted() == false && isDoubted(since: values[values.count - 1]) == false)
        #expect(isDoubted(since: far) == true)
        model.append([far])
        #expect(isDoubted() == true && isDoubted(since: far) == true)
        #expect(isDoubted(since: values[values.count - 1]) == false, "it has passed")
        model.append([far])
        #expect(isDoubted() == true && isDoubted(since: far) == false)
        model.append([far])
        #expect(isDoubted() == false)
    }

    @Test
    func `what bursts each day is no spike`() throws {
        var source = Synthetic(seed: 8)
        let values = source.noise(5 * 1440).enumerated().map { index, noise in
            100 + noise + (index % 1440 == 700 ? 500 : 0)
        }
        #expect(PassingSpikes(values) == nil)

        var spikes = try #require(PassingSpikes(source.noise(1440).map { 100 + $0 }))
        let settled = [600.0, 600, 600, 100, 600].map { spikes.settled($0) }
        #expect(settled[0] < 110 && settled[1] < 110 && settled[2] == 600)
        #expect(settled[3] == 100 && settled[4] < 110)
    }

    @Test
    func `four-minute days of two-second samples are foreseen after two of them`() throws {
        var source = Synthetic(seed: 9)
        let values = source.wave(300, period: 120, noise: 3)

        let model = try #require(
            PeakForecaster(fitting: values, window: Window(first: 3, last: 8), stepSeconds: 2))

        #expect(model.periods.count == 1)
        #expect(model.isTrusted, "\(model.loss) against \(model.persistenceLoss)")
    }

    @Test(arguments: 1...10)
    func `a random walk is not trusted`(seed: UInt64) throws {
        var source = Synthetic(seed: seed)
        var level = 1000.0
        let values = source.noise(3000).map { step in
            level += step
            return level
        }

        let model = try #require(PeakForecaster(fitting: values, window: window))

        #expect(!model.isTrusted, "\(model.model): \(model.loss) against \(model.persistenceLoss)")
    }

    @Test
    func `a constant is foreseen and not trusted to be more`() throws {
        let model = try #require(
            PeakForecaster(fitting: [Double](repeating: 7, count: 200), window: window))
        let forecast = try #require(model.forecast(quantiles: [0.99]))

        #expect(!model.isTrusted)
        #expect(forecast.expected == 7)
        #expect(forecast.quantiles == [7])
    }

    @Test
    func `gaps and one wild value change little`() throws {
        var source = Synthetic(seed: 5)
        var values = Array(source.wave(48 * 10 + 12, period: 48, noise: 1).prefix(48 * 10 + 7))
        values[100] = 1e300
        values[150] = -.infinity
        for index in 210..<220 { values[index] = .nan }

        let model = try #require(PeakForecaster(fitting: values, window: window))
        let forecast = try #require(model.forecast(quantiles: [0.9]))

        #expect(model.isTrusted)
        #expect(abs(forecast.expected - 150) < 6, "\(forecast) by \(model.model)")
    }

    @Test
    func `after a level shift the forecast moves with the level`() throws {
        var source = Synthetic(seed: 6)
        var values = source.wave(48 * 10 + 7, period: 48, noise: 1)
        for index in (48 * 9 + 24)..<values.count { values[index] += 200 }

        let model = try #require(PeakForecaster(fitting: values, window: window))
        let forecast = try #require(model.forecast(quantiles: [0.9]))

        #expect(abs(forecast.expected - 350) < 35, "\(forecast) by \(model.model)")
    }

    /// Minutes of days with noise, as the forecaster takes them in one by one.
    private func grown(_ factor: (Int) -> Double) throws -> [Bool] {
        var source = Synthetic(seed: 21)
        let values = source.wave(5 * 1440 + 120, period: 1440).enumerated().map { index, value in
            value * exp(0.05 * source.normal()) * factor(index - 5 * 1440)
        }
        let near = Window(first: 1, last: 2)
        var model = try #require(
            PeakForecaster(fitting: Array(values[..<(5 * 1440)]), window: near, stepSeconds: 60))
        return values[(5 * 1440)...].map { value in
            model.append([value])
            return model.isTrusted
        }
    }

    @Test
    func `a model that has been far too high for twenty minutes is not trusted until it is right again`()
        throws
    {
        let fallen = try grown { $0 < 0 ? 1 : $0 < 60 ? 0.3 : 1 }

        #expect(fallen[..<19].allSatisfy { $0 })
        #expect(fallen[21..<60].allSatisfy { !$0 })
        #expect(fallen[80...].allSatisfy { $0 })
    }

    @Test
    func `what passes, rises or is as ever takes no trust`() throws {
        #expect(try grown { _ in 1 }.allSatisfy { $0 })
        #expect(try grown { (0..<15).contains($0) ? 0.1 : 1 }.allSatisfy { $0 })
        #expect(try grown { (0..<2).contains($0) ? 10 : 1 }.allSatisfy { $0 })
        #expect(try grown { $0 < 0 ? 1 : 2 }.allSatisfy { $0 })
    }

    @Test
    func `a history with holes of more than a fifth is not trusted`() throws {
        var source = Synthetic(seed: 7)
        var values = source.wave(480, period: 48, noise: 1)
        for index in 100..<220 { values[index] = .nan }

        let model = try #require(PeakForecaster(fitting: values, window: window))

        #expect(!model.isTrusted)
    }

    @Test
    func `nothing is said where the newest value is missing`() throws {
        var source = Synthetic(seed: 8)
        var model = try #require(PeakForecaster(fitting: source.wave(480, period: 48), window: window))

        model.append([.nan])

        #expect(model.forecast(quantiles: [0.9]) == nil)
    }

    @Test(arguments: [0, 1, 2, 9])
    func `too short a series has no model`(count: Int) {
        #expect(PeakForecaster(fitting: [Double](repeating: 1, count: count), window: window) == nil)
    }

    @Test
    func `any short series is survived`() {
        var source = Synthetic(seed: 10)
        for count in 10..<120 {
            let model = PeakForecaster(fitting: source.wave(count, period: 12, noise: 5), window: window)
            if let forecast = model?.forecast(quantiles: [0.5, 0.99]) {
                #expect(forecast.quantiles.allSatisfy { $0.isFinite })
            }
        }
    }

    @Test
    func `values added after the fit are seen, and bring the same as a later question`() throws {
        var source = Synthetic(seed: 11)
        let values = source.wave(500, period: 48, noise: 3)
        var model = try #require(PeakForecaster(fitting: Array(values[..<480]), window: window))

        let before = try #require(model.forecast(quantiles: [0.9]))
        model.append(Array(values[480...]))
        let after = try #require(model.forecast(quantiles: [0.9]))

        #expect(model.count == 500)
        #expect(before.expected != after.expected)
    }

    @Test
    func `what has been measured since the newest value moves the forecast with it`() throws {
        var source = Synthetic(seed: 3)
        var level = 1000.0
        let walk = source.noise(2000, deviation: 5).map { step in
            level += step
            return level
        }
        let model = try #require(PeakForecaster(fitting: walk, window: window))

        let asItWas = try #require(model.forecast(quantiles: [0.9]))
        let higher = try #require(model.forecast(quantiles: [0.9], since: walk[1999] + 40))
        let unknown = try #require(model.forecast(quantiles: [0.9], since: .nan))

        #expect((20...60).contains(higher.expected - asItWas.expected), "\(asItWas), \(higher)")
        #expect(higher.quantiles[0] > asItWas.quantiles[0] + 20)
        #expect(unknown == asItWas)
    }

    @Test
    func `the largest of past cycles is known at each moment, and goes on with the values`() {
        let values = [1.0, 2, 3, 9, 5, 4, 2, 8, 1]
        var base = SeasonalBase(Array(values[..<6]), period: 3, horizon: 3, smooths: false)

        #expect(base.most[3...] == [1, 2, 3, 9, 5, 4])

        base.extend(values)

        #expect(base.most[3...] == [1, 2, 3, 9, 5, 4, 9, 8, 4])
    }

    @Test
    func `regression and rise are averaged`() throws {
        var source = Synthetic(seed: 14)
        let series = try #require(RegularSeries(source.wave(480, period: 48, noise: 2)))
        let features = Features(series, window: window, periods: [48])

        let rise = Candidate.seasonalRise(season: 0).forecast(features, 90, series, at: 479)
        let both = Candidate.riseCombination(season: 0).forecast(features, 90, series, at: 479)

        #expect(rise != 90)
        #expect(both == (90 + rise) / 2)
        #expect(Candidate.all(seasons: 2).contains(.riseCombination(season: 1)))
    }

    @Test
    func `equal histories have equal forecasts, bit for bit`() throws {
        var source = Synthetic(seed: 12)
        let values = source.wave(500, period: 48, noise: 9)

        let first = try #require(PeakForecaster(fitting: values, window: window)?.forecast(quantiles: [0.95]))
        let second = try #require(
            PeakForecaster(fitting: values, window: window)?.forecast(quantiles: [0.95]))

        #expect(first.expected.bitPattern == second.expected.bitPattern)
        #expect(first.quantiles[0].bitPattern == second.quantiles[0].bitPattern)
    }

    @Test
    func `as many peaks stay below the upper quantile as it says`() throws {
        var source = Synthetic(seed: 13)
        let values = source.wave(6000, period: 240, noise: 12)
        var model = try #require(PeakForecaster(fitting: Array(values[..<4000]), window: window))

        var below = 0
        var total = 0
        for moment in 4000..<4200 {
            model.append([values[moment]])
            guard let forecast = model.forecast(quantiles: [0.9]) else { continue }
            total += 1
            if values[(moment + window.first)...(moment + window.last)].max()! <= forecast.quantiles[0] {
                below += 1
            }
        }

        #expect(total == 200)
        #expect((0.84...0.96).contains(Double(below) / Double(total)), "\(below) of \(total)")
    }
}

struct SlidingMaximumTests {
    @Test
    func `grown value by value it is what it is at once`() {
        var source = Synthetic(seed: 1)
        let values = source.noise(60)

        var grown: [Double] = []
        for value in values { SlidingMaximum.append(value, to: &grown, width: 7) }

        #expect(grown == SlidingMaximum.of(values, width: 7))
    }
}
