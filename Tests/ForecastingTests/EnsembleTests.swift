import Glibc
import Testing

@testable import Forecasting

/// The members of the ensemble, each where it is at home.
struct EnsembleTests {
    private func week(_ count: Int, noise: Double = 2, seed: UInt64 = 1) -> [Double] {
        var source = Synthetic(seed: seed)
        return source.wave(count, period: 24, noise: noise).enumerated().map { index, value in
            index / 24 % 7 >= 5 ? value * 0.5 : value
        }
    }

    private func error(_ path: [Double], _ truth: [Double]) -> Double {
        zip(path, truth).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(truth.count)
    }

    @Test(arguments: Ensemble.Kind.seasonal)
    func `every seasonal member goes on with the week, but for the day before`(kind: Ensemble.Kind) throws {
        let values = week(24 * 7 * 5)
        let truth = week(24 * 7 * 6, noise: 0).suffix(24 * 7)
        let ensemble = Ensemble(try #require(RegularSeries(values)), periods: [24, 168])
        let index = try #require(ensemble.members.firstIndex { $0.kind == kind })

        let path = try #require(ensemble.paths(after: [values.count], of: values, horizon: 24 * 7)[0][index])

        #expect(error(path, Array(truth)) < (kind == .shortNaive ? 45 : 20))
    }

    @Test
    func `the median is that of the weights`() throws {
        let ensemble = Ensemble(try #require(RegularSeries([0, 1, 2, 3, 10])), periods: [])
        let paths: [[Double]?] = [[1], [2], nil, [10]]

        let even = ensemble.combined(paths, weights: [1, 1, 1, 1], horizon: 1, last: 0)
        let heavy = ensemble.combined(paths, weights: [1, 1, 1, 9], horizon: 1, last: 0)
        let none = ensemble.combined([nil, nil], weights: [1, 1], horizon: 2, last: 7)

        #expect(even == [2])
        #expect(heavy[0] > 8)
        #expect(none == [7, 7])
    }

    /// A day on a level that wanders: the week before is a bad guess.
    private func wandering(_ count: Int) -> [Double] {
        var source = Synthetic(seed: 1)
        var level = 200.0
        return source.wave(count, period: 24, noise: 0.5).map { value in
            level += source.normal() * 2
            return value + level
        }
    }

    /// - Parameter isPoint: as in a point forecast, not as errors earn them.
    private func weights(
        _ values: [Double], periods: [Int], isPoint: Bool = false
    ) throws -> [Ensemble.Kind: Double] {
        let series = try #require(RegularSeries(values))
        let ensemble = Ensemble(series, periods: periods)
        let backtest = PathBacktest(series, periods: periods, horizon: 48)
        let weights =
            isPoint ? backtest.weightsOfPoint(ensemble, after: values[...]) : backtest.weights(ensemble)
        return Dictionary(uniqueKeysWithValues: zip(ensemble.members.map(\.kind), weights))
    }

    @Test
    func `a member that was wrong in the backtest has little weight`() throws {
        let weights = try weights(wandering(24 * 7 * 5), periods: [24, 168])

        #expect(try #require(weights[.longNaive]) < 0.5 * #require(weights[.shortRemainder]))
    }

    @Test
    func
        `what departs from the last cycle needs most members on its side where that is always equally wrong`()
        throws
    {
        func share(_ values: [Double]) throws -> Double {
            let weights = try weights(values, periods: [24, 168], isPoint: true)
            return try #require(weights[.shortNaive]) / weights.values.reduce(0, +)
        }
        var source = Synthetic(seed: 3)

        let even = try share(source.wave(24 * 7 * 5, period: 24, noise: 8))
        // Before and after a weekend the last day is no forecast at all.
        let weekly = try share(week(24 * 7 * 5))

        // Each weekday has a level of its own, which the last day is always far from.
        let levels: [Double] = [0, 80, 20, 60, 10, 90, 40]
        let weekdays = source.wave(24 * 7 * 5, period: 24, noise: 2).enumerated().map { index, value in
            value + levels[index / 24 % 7]
        }
        let wrong = try share(weekdays)
        // Weekends hardly stand out of the noise.
        let restless = try share(week(24 * 7 * 5, noise: 25))

        #expect((0.35...0.55).contains(even), "\(even)")
        #expect(weekly < 0.6 * even, "\(weekly) beside \(even)")
        #expect(wrong < 0.15, "\(wrong)")
        #expect(restless > 0.9 * even, "\(restless) beside \(even)")
    }

    @Test
    func `the last cycle is steady where it is always equally wrong, and not where it is only sometimes`() {
        func steadiness(_ values: [Double]) -> Double {
            LastCycle.steadiness(values, period: 24, width: 24)
        }
        let line = (0..<480).map(Double.init)
        var everyFifthDay = [Double](repeating: 10, count: 480)
        for index in 0..<480 where index / 24 % 5 == 4 { everyFifthDay[index] = 50 }

        #expect(steadiness(line) == 1)
        #expect(steadiness(everyFifthDay) == 0)
        #expect(steadiness([1, 2, 3]) == LastCycle.usualSteadiness)
        #expect(steadiness([Double](repeating: 7, count: 480)) == LastCycle.usualSteadiness)
    }

    @Test
    func `the last cycle counts more where it has just been repeated better than a typical model errs`() {
        func emphasis(_ values: [Double], typical: Double) -> Double {
            LastCycle.emphasis(values[...], period: 24, width: 24, typical: typical)
        }
        let restless = (0..<240).map { Double($0 / 24 % 2) * 10 }
        let calm = restless + restless.suffix(24).map { $0 + 2 }
        // Restless again for half a day.
        let over = restless + restless.suffix(24).enumerated().map { $0 < 12 ? $1 : $1 + 10 }

        #expect(emphasis(restless, typical: 5) == 1)
        #expect(abs(emphasis(calm, typical: 5) - 2.75) < 1e-9)
        #expect(emphasis(calm, typical: 1.8) == 1)
        #expect(emphasis(over, typical: 6) == 1)
        #expect(emphasis(restless + restless.suffix(24), typical: 5) == LastCycle.mostEmphasis)
        #expect(emphasis([Double](repeating: 7, count: 47), typical: 5) == 1)
        #expect(emphasis(calm, typical: 0) == 1)

        // Evenings are calm each day; then one is calmer than they are.
        let evenings = (0..<240).map { hour in Double(hour / 24 % 2) * (hour % 24 < 12 ? 10.0 : 3.0) }
        let calmer = evenings.enumerated().map { $0 < 228 ? $1 : 2 }
        #expect(emphasis(evenings, typical: 5.6) == 1)
        #expect(emphasis(calmer, typical: 5.6) > 1.15)
    }

    @Test
    func `intervals cover what they say where few windows say it`() throws {
        var inside = 0
        var count = 0
        for seed in 1...12 {
            var source = Synthetic(seed: UInt64(seed))
            let values = source.wave(24 * 28, period: 24, noise: 8)
            let known = Array(values.dropLast(48))
            let forecast = try #require(PathForecaster(known)).forecast(horizon: 48, quantiles: [0.1, 0.9])
            for step in 0..<48 {
                let value = values[known.count + step]
                count += 1
                if value >= forecast.quantiles[0].values[step], value <= forecast.quantiles[1].values[step] {
                    inside += 1
                }
            }
        }

        #expect((0.76...0.88).contains(Double(inside) / Double(count)), "\(Double(inside) / Double(count))")
    }

    @Test
    func `many windows rank the members more sharply than two do`() throws {
        let values = wandering(24 * 7 * 12)
        func advantage(_ count: Int) throws -> Double {
            let weights = try weights(Array(values.suffix(count)), periods: [24, 168])
            return try #require(weights[.shortRemainder]) / #require(weights[.longNaive])
        }

        #expect(try advantage(24 * 7 * 12) > 3 * advantage(24 * 7 * 4))
    }

    @Test
    func `the last cycle has a share where the ensemble was no better in windows enough to tell`() {
        func share(_ ratio: Double, _ windows: Double) -> Double {
            PathBacktest.naiveShare(error: ratio, naive: 1, independent: windows)
        }

        #expect(share(0.6, 6) == 0)
        #expect(share(1.5, 8) == 1)
        #expect((0.2...0.8).contains(share(1.1, 6)))
        #expect(share(1.2, 1) < share(1.2, 2) && share(1.2, 2) < share(1.2, 8))
        #expect(share(0, 3) == 0 && share(1e-9, 0) == 0)
        #expect(PathBacktest.naiveShare(error: 1, naive: 0, independent: 2) == 1)
    }

    @Test
    func `what repeats itself but for a drift is not taken for more than its last cycle`() throws {
        // A level that walks slowly under a fixed day: nothing beats yesterday.
        var source = Synthetic(seed: 21)
        var level = 0.0
        let values = (0..<24 * 40).map { hour in
            level += hour % 24 == 0 ? 4 * source.normal() : 0
            return 100 + 50 * sin(2 * .pi * Double(hour) / 24) + level
        }
        let known = Array(values.dropLast(48))
        let forecast = try #require(PathForecaster(known)).forecast(horizon: 48, quantiles: [])
        let naive = (0..<48).map { known[known.count - 24 + $0 % 24] }

        #expect(error(forecast.mean, Array(values.suffix(48))) < 1.2 * error(naive, Array(values.suffix(48))))
    }

    @Test
    func `a trend without a season goes on, and fades`() throws {
        var source = Synthetic(seed: 9)
        let values = source.noise(120, deviation: 0.5).enumerated().map { Double($0) * 2 + $1 }

        let damped = try #require(Trend.damped(values[...], horizon: 20))
        let theta = try #require(Trend.theta(values[...], horizon: 20))

        #expect((238...260).contains(damped[19]))
        #expect(damped[19] - damped[18] < damped[1] - damped[0])
        #expect((245...280).contains(theta[19]))
    }

    @Test
    func `a fitted forecaster answers as one that fits when asked`() throws {
        let values = week(24 * 7 * 4)
        let early = try #require(PathForecaster(values, horizon: 24))
        let late = try #require(PathForecaster(values))

        #expect(early.forecast(horizon: 24, quantiles: [0.9]) == late.forecast(horizon: 24, quantiles: [0.9]))
    }

    @Test
    func `a series that never was negative has no negative quantile`() throws {
        var source = Synthetic(seed: 11)
        let values = (0..<400).map { _ in max(0, source.normal()) }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 10, quantiles: [0.01])

        #expect(forecast.quantiles[0].values.allSatisfy { $0 >= 0 })
    }
}

/// What a quantile costs and what it buys.
struct EconomyTests {
    /// Actual values against forecasts of 100 with errors as given.
    private func economy(_ errors: [Double]) -> Economy {
        let forecasts = [Double](repeating: 100, count: errors.count)
        let scales = [Double](repeating: 1, count: errors.count)
        let actual = errors.map { 100 + $0 }
        return Economy(
            Residuals(actual, forecasts, scales), actual, forecasts, scales, levels: forecasts)
    }

    @Test
    func `what is cheap is taken as asked`() {
        var source = Synthetic(seed: 1)

        #expect(economy(source.noise(2000, deviation: 8)).worthwhile(0.99) == 0.99)
    }

    @Test
    func `a spike in ten that no headroom meets is not planned for`() {
        var source = Synthetic(seed: 2)
        let errors = (0..<2000).map { _ in source.uniform() < 0.1 ? 100 + 2000 * source.uniform() : 0 }

        #expect(economy(errors).worthwhile(0.95) < 0.95)
    }

    @Test
    func `what is dear is taken where it leaves far less short than fixed headroom`() {
        var source = Synthetic(seed: 3)
        // Uniform up to half above: a third of headroom leaves a sixth of the range short.
        let errors = (0..<2000).map { _ in 50 * source.uniform() }

        #expect(economy(errors).worthwhile(0.95) == 0.95)
    }
}
