import Fleet
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// Samples that stop without a marker, as where a sender pauses.
struct FadingTests {
    private func engine(_ series: [String], every: Duration) throws -> LocalEngine {
        var storage = ScriptStorage()
        for text in series {
            storage.load(try SeriesNotation(text), interval: every, start: Timestamp(milliseconds: 0))
        }
        return LocalEngine(source: storage.source)
    }

    private func policy(_ query: String) -> ScalingPolicy {
        ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 100,
            signals: [SignalPolicy(name: "load", query: query, target: .perReplica(50))])
    }

    /// The readings at some seconds, of one measurer.
    private func readings(
        _ query: String, _ series: [String], every: Duration = .seconds(15), at seconds: [Int]
    ) async throws -> [Signal.Reading] {
        let measurer = Measurer(engine: try engine(series, every: every))
        var result: [Signal.Reading] = []
        for second in seconds {
            let round = await measurer.measure(
                [policy(query)], at: Timestamp(milliseconds: Int64(second) * 1000))
            result.append(round.measurements[0].signals[0].reading)
        }
        return result
    }

    private func values(_ readings: [Signal.Reading]) -> [Double?] {
        readings.map { reading in
            guard case .value(let value, _) = reading else { return nil }
            return value.rounded()
        }
    }

    @Test(
        arguments: [
            "sum(rate(r_total[1m]))", "sum(rate(r_total[2m]))", "sum(rate(r_total[5m]))",
            "sum(increase(r_total[1m])) / 60",
        ], [5, 15])
    func `a rate does not fade while samples do not come`(query: String, every: Int) async throws {
        let count = 1185 / every
        let series = (0..<5).map {
            "r_total{instance=\"\($0)\"} 0+\(200 * every)x\(count) _x200"
        }

        // The last sample is of 1185; of a single one in its range there is no rate.
        let readings = try await readings(
            query, series, every: .seconds(every), at: Array(stride(from: 1170, through: 1260, by: 15)))

        let values = values(readings)
        #expect(values[...3] == [1000, 1000, 1000, 1000], "\(readings)")
        #expect(values[4] == 1000 || every == 15 && readings[4] == .missing, "\(readings)")
        #expect(values[5...] == [nil, nil], "\(readings)")
    }

    @Test
    func `what goes on beside a rate that pauses counts as it is`() async throws {
        let series = ["a_total 0+3000x79 _x200", "c 100x79 900x1 50x200"]

        let readings = try await readings(
            "sum(rate(a_total[2m])) + sum(c)", series, at: [1185, 1200, 1215, 1230, 1245])

        #expect(values(readings) == [300, 1100, 1100, 250, nil], "\(readings)")
    }

    @Test
    func `what is left where a rate fades does not grow`() async throws {
        let readings = try await readings(
            "1000 - sum(rate(a_total[2m]))", ["a_total 0+3000x79 _x200"], at: [1185, 1200, 1215, 1230])

        #expect(values(readings) == [800, 800, 800, 800], "\(readings)")
    }

    @Test
    func `a subquery ends where its samples do`() async throws {
        let readings = try await readings(
            "min_over_time(sum(rate(a_total[1m]))[2m:15s])", ["a_total 0+3000x79 _x200"],
            at: [1185, 1200, 1215, 1230])

        #expect(values(readings) == [200, 200, 200, 200], "\(readings)")
    }

    @Test
    func `a rate that falls while samples come is believed at once`() async throws {
        let series = ["r_total 0+3000x79 237000x200"]

        let readings = try await readings(
            "sum(rate(r_total[1m]))", series, at: [1185, 1200, 1215, 1230, 1245])

        #expect(values(readings) == [200, 133, 67, 0, 0], "\(readings)")
    }

    @Test
    func `a history takes what was whole for what has faded`() throws {
        var predicting = policy("x")
        predicting.prediction = Prediction(signal: "load", step: .seconds(60))
        let key = try #require(ForecastKey(predicting, predicting.signals[0]))
        let start = Timestamp(milliseconds: 0)
        let end = start + .seconds(60 * 99)
        let samples = (0..<100).map { Sample(start + .seconds(60 * $0), $0 < 98 ? 100 : 40) }
        var forecast = SignalForecast(key)

        forecast.append(
            .matrix([MatrixSeries(labels: Labels([:]), samples: samples)]),
            over: EvaluationRange(start: start, end: end, step: .seconds(60)),
            trustedUntil: end - .seconds(90), whole: 100)

        let answer = forecast.answer(predicting.prediction!, startUp: nil, at: end)
        #expect(answer?.outlook.expectedPeak == 100)
    }
}
