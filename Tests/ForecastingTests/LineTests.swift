import Testing

@testable import Forecasting

/// Series that rise or fall throughout.
struct LineTests {
    @Test(arguments: [30, 60], [5.0, -5])
    func `an exact line goes on exactly, up or down`(count: Int, slope: Double) throws {
        let line = (0..<count).map { 1000 + slope * Double($0) }

        let forecast = try #require(PathForecaster(line)).forecast(horizon: 30, quantiles: [0.1, 0.9])

        #expect(abs(forecast.mean[29] - (line[count - 1] + 30 * slope)) < 0.01)
        #expect(abs(forecast.quantiles[1].values[29] - forecast.quantiles[0].values[29]) < 0.01)
    }

    @Test
    func `a trend of few values is followed where it is beyond doubt`() throws {
        var error = 0.0
        var naive = 0.0
        for seed in 1...12 {
            var source = Synthetic(seed: UInt64(seed))
            let line = (0..<60).map { 100 + Double($0) + 5 * source.normal() }
            let truth = (60..<84).map { 100 + Double($0) }
            let forecast = try #require(PathForecaster(line)).forecast(horizon: 24, quantiles: [])
            error += distance(forecast.mean, truth)
            naive += distance([Double](repeating: line[59], count: 24), truth)
            #expect(Trend.evidence(line) == 1)

            var level = 0.0
            let walk = source.noise(60).map { step in
                level += step
                return level
            }
            #expect(Trend.evidence(walk) < 0.5)
        }

        #expect(error < 0.4 * naive, "\(error) beside \(naive)")
    }

    /// How far point forecasts are from what comes, beside the last value, and how much of it is below the median.
    private func outcome(noise: Double, _ shape: (Int) -> Double) throws -> (error: Double, below: Int) {
        var error = 0.0
        var naive = 0.0
        var below = 0
        for seed in 1...12 {
            var source = Synthetic(seed: UInt64(seed))
            let values = (0..<84).map { shape($0) + noise * source.normal() }
            let truth = Array(values[60...])
            let forecast = try #require(PathForecaster(Array(values[..<60])))
                .forecast(horizon: 24, quantiles: [0.5])
            error += distance(forecast.mean, truth)
            naive += distance([Double](repeating: values[59], count: 24), truth)
            below += zip(truth, forecast.quantiles[0].values).count { $0 < $1 }
        }
        return (error / naive, below)
    }

    @Test
    func `of few values a line that is beyond doubt leads, unless it flattens`() throws {
        let line = try outcome(noise: 0.5) { 50 + Double($0) }
        let flattening = try outcome(noise: 5) { 100 * Double($0 + 1).squareRoot() }

        #expect(line.error < 0.06)
        #expect((90...200).contains(line.below), "\(line.below) of 288")
        #expect(flattening.error < 0.27)
    }

    @Test(arguments: [12, 20, 40, 60, 100, 150])
    func `a line goes on, be it long or short`(count: Int) throws {
        let line = (0..<count).map { 1000 + Double($0) }

        let forecast = try #require(PathForecaster(line)).forecast(horizon: 10, quantiles: [0.1, 0.9])

        let truth = 1000 + Double(count + 9)
        #expect(forecast.mean[9] > Double(1000 + count) && forecast.mean[9] <= truth + 0.5)
        if count >= 100 { #expect(abs(forecast.mean[9] - truth) < 0.5) }
        for step in 0..<10 {
            #expect(forecast.quantiles[0].values[step] <= forecast.mean[step])
            #expect(forecast.quantiles[1].values[step] >= forecast.mean[step])
        }
    }

    @Test(arguments: [(30, 20), (60, 30), (100, 30)])
    func `a line goes on farther than a backtest of it can reach`(count: Int, horizon: Int) throws {
        let line = (0..<count).map { 1000 + 5 * Double($0) }

        let forecast = try #require(PathForecaster(line)).forecast(horizon: horizon, quantiles: [])

        let risen = forecast.mean[horizon - 1] - line[count - 1]
        #expect(risen > 0.8 * 5 * Double(horizon) && risen < 1.1 * 5 * Double(horizon))
    }

    @Test
    func `a line of a few values may go on, or not`() throws {
        let forecast = try #require(PathForecaster((0..<9).map(Double.init)))
            .forecast(horizon: 4, quantiles: [0.1, 0.9])

        for step in 0..<4 {
            #expect(forecast.quantiles[0].values[step] < 8.8)
            #expect(forecast.quantiles[1].values[step] > Double(9 + step))
        }
    }

    @Test(arguments: [100, 200])
    func `a line with noise is followed, and its median is in the middle`(count: Int) throws {
        var below = 0
        var error = 0.0
        var errorOfLast = 0.0
        for seed in 1...20 {
            var source = Synthetic(seed: UInt64(seed))
            let values = source.noise(count + 24, deviation: 5).enumerated().map { Double($0) + $1 }
            let forecast = try #require(PathForecaster(Array(values[..<count])))
                .forecast(horizon: 24, quantiles: [0.5])
            for step in 0..<24 {
                if values[count + step] < forecast.quantiles[0].values[step] { below += 1 }
                error += abs(forecast.mean[step] - Double(count + step))
                errorOfLast += abs(values[count - 1] - Double(count + step))
            }
        }

        #expect(error < 0.3 * errorOfLast, "\(error) beside \(errorOfLast)")
        #expect(below > 190 && below < 290, "\(below) of 480")
    }
}
