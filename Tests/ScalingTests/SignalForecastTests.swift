import Fleet
import Forecasting
import Glibc
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// The models of one signal.
struct SignalForecastTests {
    private let step = 60

    /// - Parameter doubt: for how long a sudden zero is not believed.
    private func key(
        history: Duration, doubt: Duration? = nil
    ) throws -> (key: ForecastKey, prediction: Prediction) {
        let signal = SignalPolicy(name: "load", query: "x", target: .perReplica(50))
        let prediction = Prediction(signal: "load", history: history, step: .seconds(step))
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 9, signals: [signal], prediction: prediction
        )
        policy.suspectsZeroFor = doubt
        return (try #require(ForecastKey(policy, signal)), prediction)
    }

    private func value(_ index: Int) -> Double {
        let noise = Double((index * 7919 + index * index * 31) % 101)
        return 300 + 200 * sin(Double(index) / 30) + noise
    }

    private func moment(_ index: Int) -> Timestamp { Timestamp(milliseconds: Int64(index * step) * 1000) }

    /// Takes in what is missing at a moment.
    private func fill(_ forecast: inout SignalForecast, at index: Int) {
        guard let range = forecast.missing(at: moment(index)) else { return }
        let first = max(0, Int(range.start.milliseconds / 1000) / step)
        let samples = (first...index).map { Sample(moment($0), value($0)) }
        forecast.append(.matrix([MatrixSeries(labels: Labels([:]), samples: samples)]), over: range)
    }

    @Test(arguments: [Duration.seconds(14 * 86_400), .seconds(200 * 60)])
    func `after a restart the model is the one of before`(history: Duration) throws {
        let (key, prediction) = try key(history: history)
        var running = SignalForecast(key)

        for index in 0..<420 {
            fill(&running, at: index)
            let answer = running.answer(prediction, startUp: nil, at: moment(index))
            guard [33, 45, 99, 130, 250, 301, 419].contains(index) else { continue }
            var restarted = SignalForecast(key)
            fill(&restarted, at: index)
            let again = restarted.answer(prediction, startUp: nil, at: moment(index))
            #expect(answer?.outlook != nil)
            #expect(answer?.outlook == again?.outlook, "\(index)")
        }
    }

    /// Three minutes of nothing each twenty, for hours: none of it comes back in what is foreseen.
    @Test func `zeros that are not believed are not learned either`() throws {
        func outlooks(_ value: (Int) -> Double) throws -> [Double] {
            let (key, prediction) = try key(history: .seconds(14 * 86_400), doubt: .seconds(600))
            var forecast = SignalForecast(key)
            return try (1200...1260).map { minute in
                let first = minute == 1200 ? 0 : minute
                let range = try #require(forecast.missing(at: moment(minute)))
                let samples = (first...minute).map { Sample(moment($0), value($0)) }
                forecast.append(.matrix([MatrixSeries(labels: Labels([:]), samples: samples)]), over: range)
                let answer = forecast.answer(prediction, startUp: nil, at: moment(minute))
                return try #require(answer).outlook.expectedPeak
            }
        }
        func load(_ minute: Int) -> Double {
            1000 + 500 * sin(2 * .pi * Double(minute) / 240) + Double((minute * 7919) % 31)
        }
        let clean = try outlooks(load)
        let broken = try outlooks { $0 >= 900 && $0 % 20 < 3 ? 0 : load($0) }
        let down = try outlooks { $0 >= 900 ? 0 : load($0) }

        #expect(zip(broken, clean).allSatisfy { $0 > 0.9 * $1 && $0 < 1.1 * $1 }, "\(broken) for \(clean)")
        // What stays is believed.
        #expect(down.allSatisfy { $0 < 100 }, "\(down)")
    }

    @Test func `a clock that was set back leaves no values of the future`() throws {
        let (key, prediction) = try key(history: .seconds(14 * 86_400))
        var known = SignalForecast(key)
        fill(&known, at: 360)
        var forecast = known
        fill(&forecast, at: 420)

        forecast.forget(after: moment(360))

        let answer = forecast.answer(prediction, startUp: nil, at: moment(360))
        #expect(answer?.outlook == known.answer(prediction, startUp: nil, at: moment(360))?.outlook)
        #expect(forecast.missing(at: moment(361))?.start == moment(361))
    }

    @Test(
        arguments: [([.seconds(180 * 60)], 30), ([.seconds(90 * 60), .seconds(180 * 60)], 15), ([], nil)]
            as [([Duration], Int?)])
    func `seasons that are said are those of the model`(seasons: [Duration], held: Int?) throws {
        let signal = SignalPolicy(name: "load", query: "x", target: .perReplica(50))
        let prediction = Prediction(
            signal: "load", hold: .seconds(3600), step: .seconds(step), seasons: seasons)
        let policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 9, signals: [signal], prediction: prediction
        )
        var forecast = SignalForecast(try #require(ForecastKey(policy, signal)))
        fill(&forecast, at: 1000)

        let answer = forecast.answer(prediction, startUp: nil, at: moment(1000))

        #expect(answer != nil)
        #expect(answer?.outlook.held == held.map { .seconds($0 * 60) })
    }

    @Test
    func `a measurement as never before is told as doubted`() throws {
        let (key, prediction) = try key(history: .seconds(14 * 86_400))
        var forecast = SignalForecast(key)
        fill(&forecast, at: 420)

        func isDoubted(_ value: Double) -> Bool? {
            let now = moment(420) + .seconds(30)
            return forecast.answer(
                prediction, startUp: nil, reading: .value(value, measuredAt: now), at: now)?.outlook.isDoubted
        }

        #expect(isDoubted(6000) == true)
        #expect(isDoubted(400) == nil)
    }

    @Test(arguments: [
        (0.05, 0.0, 0.025), (0.05, 0.5, 0.025), (0.2, 0, 0.1), (0.2, 0.5, 0.175), (0.2, 1, 0.2),
    ])
    func `few errors tell little of those that are rare`(risk: Double, experience: Double, taken: Double) {
        #expect(abs(SignalForecast.risk(risk, experience: experience) - taken) < 1e-9)
    }

    @Test
    func `ripples within a day are no experience of days, but all there is to be seen in a short history`()
        throws
    {
        func experience(hours: Int, of history: Duration) throws -> Double {
            let values = (0..<hours * 60).map { 300 + 100 * sin(2 * .pi * Double($0) / 60) }
            let forecaster = try #require(
                PeakForecaster(fitting: values, window: Window(first: 3, last: 4), stepSeconds: 60))
            #expect(forecaster.cycles.map { $0 >= hours - 1 } == true)
            return SignalForecast.experience(
                forecaster, stepSeconds: 60, historySeconds: history.inSeconds)
        }

        #expect(try experience(hours: 12, of: .seconds(14 * 86_400)) == 0)
        #expect(try experience(hours: 48, of: .seconds(14 * 86_400)) == 0)
        #expect(try experience(hours: 95, of: .seconds(14 * 86_400)) == 0)
        #expect(try experience(hours: 96, of: .seconds(14 * 86_400)) == 0.5)
        #expect(try experience(hours: 144, of: .seconds(14 * 86_400)) == 1)
        #expect(try experience(hours: 12, of: .seconds(43_200)) == 1)
        // Of three days, and of two, a model sees an hour less.
        #expect(try experience(hours: 71, of: .seconds(3 * 86_400)) == 1)
        #expect(try experience(hours: 60, of: .seconds(3 * 86_400)) == 0)
        #expect(try experience(hours: 47, of: .seconds(2 * 86_400)) == 0)
    }

    @Test
    func `half of the risk is taken with a model that has seen little`() throws {
        func quantile(minutes: Int) throws -> Double {
            let (key, prediction) = try key(history: .seconds(43_200))
            var forecast = SignalForecast(key)
            let range = try #require(forecast.missing(at: moment(minutes)))
            let samples = (0...minutes).map { minute in
                Sample(moment(minute), 300 + 100 * sin(2 * .pi * Double(minute) / 60))
            }
            forecast.append(.matrix([MatrixSeries(labels: Labels([:]), samples: samples)]), over: range)
            let answer = forecast.answer(prediction, startUp: nil, at: moment(minutes))
            let outlook = try #require(answer).outlook
            #expect(outlook.isTrusted)
            return outlook.quantile
        }

        #expect(try quantile(minutes: 200) == 0.975)
        #expect(try quantile(minutes: 300) == 0.975)
        #expect(try quantile(minutes: 400) == 0.95)
    }

    /// Of 1,200 minutes, with bursts of a tenth of a season.
    private func bursts(every minutes: Int) -> [Double] {
        (0...1200).map { minute in
            var noise = UInt64(minute + 1) &* 0x9E37_79B9_7F4A_7C15
            noise = (noise ^ noise >> 31) &* 0xBF58_476D_1CE4_E5B9
            return (minute % minutes < minutes / 10 ? 700 : 300) + Double((noise >> 40) % 23)
        }
    }

    @Test
    func `a hold reaches no farther than a part of a short season`() throws {
        let (key, prediction) = try key(history: .seconds(14 * 86_400))
        func outlook(every minutes: Int) throws -> Signal.Outlook {
            var forecast = SignalForecast(key)
            let missing = forecast.missing(at: moment(1200))
            let range = try #require(missing)
            let samples = bursts(every: minutes).enumerated().map { Sample(moment($0), $1) }
            forecast.append(.matrix([MatrixSeries(labels: Labels([:]), samples: samples)]), over: range)
            let answer = forecast.answer(prediction, startUp: nil, at: moment(1200))
            return try #require(answer).outlook
        }

        #expect(try outlook(every: 60).held == .seconds(600))
        #expect(try outlook(every: 240).held == nil)
    }

    @Test
    func `a backtest holds as far ahead as the service`() throws {
        let (_, prediction) = try key(history: .seconds(14 * 86_400))
        let values = bursts(every: 60)
        let trace = try #require(DemandTrace(values, stepSeconds: 60))
        let grid = ForecastTrack.Grid(wanted: .seconds(60), of: trace)
        let history = try #require(SeasonedHistory(Array(values.prefix(1000)), stepSeconds: 60))
        let quantile = SignalForecast.quantile(prediction.keepRisk)
        func margins(_ last: Int, leastHeld: Int?) -> [Double] {
            let key = ForecastTrack.Key(
                window: Window(first: 1, last: last), leastHeld: leastHeld,
                past: ForecastTrack.Past(seconds: 14 * 86_400), grid: grid)
            return ForecastTrack(key, quantiles: [quantile], tickSeconds: 15).stretch(history, []).margins
        }

        #expect(margins(20, leastHeld: 2) == margins(10, leastHeld: nil))
        #expect(margins(20, leastHeld: 15) == margins(15, leastHeld: nil))
        #expect(margins(20, leastHeld: 2) != margins(20, leastHeld: nil))
    }

    /// Each sample lies so far behind the moments of the grid.
    @Test(arguments: [0, 250, 599])
    func `a history of samples that are far apart is known whole`(lag: Int) async throws {
        let samples = (0..<400).map {
            Sample(Timestamp(milliseconds: Int64(($0 * 600 + lag) * 1000)), 100 + 50 * sin(Double($0) / 20))
        }
        var source = ArraySource()
        source.append(
            SeriesColumns(
                labels: Labels(["__name__": "x"]), times: TimeColumn(samples.map(\.timestamp.milliseconds)),
                values: samples.map(\.value)))
        let signal = SignalPolicy(name: "load", query: "x", target: .perReplica(50))
        var policy = ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 9, interval: .seconds(600),
            signals: [signal], prediction: Prediction(signal: "load", step: .seconds(600)))
        policy.staleAfter = .seconds(1200)
        let measurer = Measurer(engine: LocalEngine(source: source))

        let round = await measurer.measure([policy], at: Timestamp(milliseconds: 399 * 600_000 + 60_000))

        let outlook = try #require(round.measurements[0].signals[0].outlook)
        #expect(outlook.expectedPeak.isFinite)
    }
}
