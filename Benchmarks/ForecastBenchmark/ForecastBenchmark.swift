import Forecasting
import Glibc
import TextFiles

/// What our forecasts of many series are worth, on their last values. Run it as a release build:
///
///     forecast-benchmark holdout FILE HORIZON [SKIP]   point forecasts and quantiles of each series of
///                                                      `id,v1,v2,...` from HORIZON + SKIP before its end,
///                                                      as `flyball forecast` writes them
///     forecast-benchmark peaks FILE...                 how often the largest value 3 to 8 steps ahead stays below
///                                                      its quantiles, a model fitted every 60 steps to at most
///                                                      14 days and asked at each, over the last third
///     forecast-benchmark time [FILE]                   CPU time to fit and to ask, 14 days of a minute each
@main struct ForecastBenchmark {
    static let quantiles = [0.025, 0.1, 0.5, 0.8, 0.9, 0.95, 0.975, 0.99]

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "holdout" where arguments.count >= 3:
            try holdout(
                arguments[1], horizon: Int(arguments[2]) ?? 48,
                skip: Int(arguments.dropFirst(3).first ?? "0") ?? 0)
        case "peaks" where arguments.count >= 2: try peaks(Array(arguments.dropFirst()))
        case "time": try time(arguments.dropFirst().first)
        default:
            print("usage: forecast-benchmark holdout FILE HORIZON [SKIP] | peaks FILE... | time [FILE]")
            exit(2)
        }
    }

    private static func holdout(_ file: String, horizon: Int, skip: Int) throws {
        var forecasts: [(id: String, forecast: Forecast)] = []
        for series in try SeriesFile(TextFile.read(file), name: "series").series {
            let known = Array(series.values.dropLast(horizon + skip))
            guard let forecaster = PathForecaster(known) else { continue }
            forecasts.append((series.id, forecaster.forecast(horizon: horizon, quantiles: quantiles)))
        }
        print(SeriesFile.csv(forecasts, horizon: horizon), terminator: "")
    }

    private static func peaks(_ files: [String]) throws {
        let asked = [0.5, 0.8, 0.9, 0.95, 0.99]
        print("series,trusted," + asked.map { "\($0)" }.joined(separator: ","))
        for file in files {
            let name = file.split(separator: "/").last.map(String.init) ?? file
            for series in try SeriesFile(TextFile.read(file), name: name).series {
                let step =
                    series.stepSeconds
                    ?? series.id.split(separator: "@").dropFirst().first.flatMap { Double($0) }
                let tally = PeakTally(series.values, stepSeconds: step, quantiles: asked)
                print(
                    "\(series.id),"
                        + tally.shares.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: ","))
            }
        }
    }

    /// Two weeks of minutes with a day and noise, or what a file says.
    private static func time(_ file: String?) throws {
        var noise = UInt64(1)
        let made = (0..<20_160).map { minute in
            noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let day = sin(2 * Double.pi * Double(minute % 1440) / 1440)
            return 100 + 50 * day + 10 * Double(noise >> 40) / Double(1 << 24)
        }
        let values =
            try file.map { try SeriesFile(TextFile.read($0), name: "series").series[0].values } ?? made
        let kept = Array(values.suffix(20_160))
        let window = Window(first: 3, last: 8)
        report("peak: fit", 10) { _ = PeakForecaster(fitting: kept, window: window, stepSeconds: 60) }
        if var peak = PeakForecaster(fitting: kept, window: window, stepSeconds: 60) {
            report("peak: take in a value and ask", 1000) {
                peak.append([kept[0]])
                _ = peak.forecast(quantiles: [0.95])
            }
        }
        report("path of an hour: fit", 10) { _ = PathForecaster(kept, stepSeconds: 60, horizon: 60) }
        if let path = PathForecaster(kept, stepSeconds: 60, horizon: 60) {
            report("path of an hour: ask", 1000) { _ = path.forecast(horizon: 60, quantiles: [0.1, 0.9]) }
        }
        report("seasons", 10) { _ = Seasonality.periods(of: kept, stepSeconds: 60) }
    }

    private static func report(_ name: String, _ count: Int, _ body: () -> Void) {
        let start = cpuSeconds()
        for _ in 0..<count { body() }
        let milliseconds = (cpuSeconds() - start) / Double(count) * 1000
        print("\(name): \((milliseconds * 1000).rounded() / 1000) ms")
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
