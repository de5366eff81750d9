import ArgumentParser
import Documents
import Forecasting
import Foundation

/// `flyball forecast FILE --horizon N`
struct ForecastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Forecast the series of a file: a point forecast and quantiles for each step ahead.",
        discussion: """
            FILE is CSV: `t_s,value` rows with seconds or dates, each further column another series, or
            `id,v1,v2,...` with a series a line; it may be packed (gzip, xz, zstd, bzip2). Writes `id,quantile,h1..hN`; the quantile `mean` is the point
            forecast.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case csv, json }

    @Argument(help: "The file.") var file: String
    @Option(help: "How many steps ahead.") var horizon: Int
    @Option(help: "Quantiles between 0 and 1, with commas.") var quantiles = "0.1,0.5,0.9"
    @Option(help: "csv or json.") var output = Output.csv

    func validate() throws {
        guard (1...100_000).contains(horizon) else {
            throw ValidationError("--horizon must be 1 to 100000 steps")
        }
    }

    func run() throws {
        let wanted = try quantiles.split(separator: ",").map { text in
            guard let quantile = Double(text), quantile > 0, quantile < 1 else {
                throw ValidationError(
                    "--quantiles must be numbers between 0 and 1 with commas, found \"\(text)\"")
            }
            return quantile
        }
        guard !wanted.isEmpty else { throw ValidationError("--quantiles names none, such as 0.1,0.5,0.9") }
        let recording = Recording(file)
        let series: SeriesFile
        do {
            series = try SeriesFile(try recording.text(), name: recording.name)
        } catch let problem as SeriesFile.Problem {
            throw Failure("\(file):\(problem)")
        }
        var forecasts: [(id: String, forecast: Forecast)] = []
        for one in series.series {
            guard
                let forecaster = PathForecaster(
                    one.values, stepSeconds: one.stepSeconds, startSeconds: one.startSeconds)
            else {
                let what = one.values.contains { $0.isFinite } ? "value below 1e250 in size" : "value"
                Terminal.error("\(file): \(one.id) has no \(what); left out")
                continue
            }
            forecasts.append((id: one.id, forecast: forecaster.forecast(horizon: horizon, quantiles: wanted)))
        }
        guard !forecasts.isEmpty else { throw Failure("\(file): no series that can be forecast") }
        switch output {
        case .csv: print(SeriesFile.csv(forecasts, horizon: horizon), terminator: "")
        case .json: print(json(forecasts))
        }
    }

    private func json(_ forecasts: [(id: String, forecast: Forecast)]) -> String {
        var writer = JSONWriter()
        func numbers(_ values: [Double], _ writer: inout JSONWriter) {
            writer.array { writer in for value in values { writer.number(value) } }
        }
        writer.array { writer in
            for (id, forecast) in forecasts {
                writer.object { writer in
                    writer.field("id", id)
                    writer.field("model", forecast.model)
                    writer.field("trusted", forecast.isTrusted)
                    writer.key("mean")
                    numbers(forecast.mean, &writer)
                    writer.key("quantiles")
                    writer.object { writer in
                        for band in forecast.quantiles {
                            writer.key("\(band.quantile)")
                            numbers(band.values, &writer)
                        }
                    }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
