import Foundation
import Testing

@testable import Forecasting

/// Real series, where the folder with them stands beside the checkout.
struct SharedTraceTests {
    static let folder: URL? = {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let shared =
            ProcessInfo.processInfo.environment["FLYBALL_SHARED"].map { URL(filePath: $0) }
            ?? root.deletingLastPathComponent().appending(path: "shared")
        return FileManager.default.fileExists(atPath: shared.path) ? shared.appending(path: "traces") : nil
    }()

    private func unpacked(_ path: String, by program: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program, "-dc", try #require(Self.folder).appending(path: path).path]
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test(.enabled(if: folder != nil))
    func `on hourly series of the M4 competition the ensemble is far ahead of the seasonal naive forecast`()
        throws
    {
        let all = try SeriesFile(try unpacked("m4_hourly/train.csv.gz", by: "gzip"), name: "m4").series
        var own = 0.0
        var naive = 0.0
        var farBehind = 0
        let chosen = stride(from: 1, to: all.count, by: 23).map { all[$0].values }
        for values in chosen {
            let known = Array(values.dropLast(48))
            let truth = Array(values.suffix(48))
            let forecast = try #require(PathForecaster(known)).forecast(horizon: 48, quantiles: [])
            let errors = (
                own: error(truth, forecast.mean),
                naive: error(truth, (0..<48).map { known[known.count - 24 + $0 % 24] })
            )
            own += errors.own
            naive += errors.naive
            if errors.own > 1.5 * errors.naive { farBehind += 1 }
        }

        #expect(
            own < 0.75 * naive, "sMAPE \(own / Double(chosen.count)), naive \(naive / Double(chosen.count))")
        // Four of the 18 without the last cycle's weight.
        #expect(farBehind <= 1, "\(farBehind)")
    }

    private func error(_ truth: [Double], _ forecast: [Double]) -> Double {
        zip(truth, forecast).reduce(0) { $0 + 200 * abs($1.0 - $1.1) / max(abs($1.0) + abs($1.1), 1e-12) }
            / Double(truth.count)
    }

    @Test(.enabled(if: folder != nil), arguments: [0, 9])
    func `a production service's day is found and its peaks foreseen`(input: Int) throws {
        let text = try unpacked("crane_production/input\(input).csv.xz", by: "xz")
        let values = try SeriesFile(text, name: "cpu").series[0].values
        let known = Array(values.prefix(7 * 1440))

        let model = try #require(
            PeakForecaster(fitting: known, window: Window(first: 3, last: 8), stepSeconds: 60))

        #expect(model.periods.first == 1440)
        #expect(model.isTrusted, "\(model.loss) against \(model.persistenceLoss)")
    }
}
