import Fleet
import Glibc
import PromQL
import Synchronization
import Testing
import TimeSeries

@testable import Scaling

/// Answers queries from a table of functions of time; the newest sample is so old at each moment.
struct TableEngine: QueryEngine {
    var age: Duration?
    var answers: [String: @Sendable (Timestamp) throws(QueryError) -> QueryValue]

    func evaluate(
        _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
    ) async throws(QueryError) -> QueryResult {
        let text = expression.description
        if text.hasPrefix("max(timestamp(") {
            return QueryResult(
                value: .vector(age.map { [Self.element((range.start - $0).seconds)] } ?? []))
        }
        guard let answer = answers[text] else { return QueryResult(value: .vector([])) }
        if range.isInstant { return QueryResult(value: try answer(range.start)) }
        var samples: [Sample] = []
        for step in 0..<range.stepCount {
            let moment = range.start + range.step * step
            if case .vector(let elements) = try answer(moment), let value = elements.first?.value {
                samples.append(Sample(moment, value))
            }
        }
        return QueryResult(value: .matrix([MatrixSeries(labels: Labels([:]), samples: samples)]))
    }

    static func element(_ value: Double) -> VectorElement {
        VectorElement(labels: Labels([:]), number: .float(value))
    }

    static func constant(_ value: Double) -> @Sendable (Timestamp) -> QueryValue {
        { _ in .vector([element(value)]) }
    }
}

struct MeasurerTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func policy(_ query: String = "sum(x)", prediction: Prediction? = nil) -> ScalingPolicy {
        ScalingPolicy(
            name: "p", workload: WorkloadID("web")!, maxReplicas: 9, interval: .seconds(2),
            signals: [SignalPolicy(name: "load", query: query, target: .perReplica(50))],
            prediction: prediction)
    }

    private func reading(
        newest: Duration?, _ answer: @escaping @Sendable (Timestamp) throws(QueryError) -> QueryValue
    ) async -> Signal.Reading {
        let engine = TableEngine(age: newest, answers: ["sum(x)": answer])
        return await Measurer(engine: engine).measure([policy()], at: now).measurements[0].signals[0].reading
    }

    @Test
    func `a value is as old as its newest sample`() async {
        let reading = await reading(newest: .seconds(3), TableEngine.constant(7))

        #expect(reading == .value(7, measuredAt: now - .seconds(3)))
    }

    @Test
    func `a value over an old sample is stale`() async {
        let reading = await reading(newest: .seconds(11), TableEngine.constant(7))

        #expect(reading == .stale(7, measuredAt: now - .seconds(11)))
    }

    @Test
    func `a value whose series has ended is stale`() async {
        let reading = await reading(newest: nil, TableEngine.constant(0))

        #expect(reading == .stale(0, measuredAt: now - .seconds(300)))
    }

    @Test
    func `no result is missing, not zero`() async {
        #expect(await reading(newest: .zero) { _ in .vector([]) } == .missing)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is not finite says so`(value: Double) async {
        #expect(await reading(newest: .zero, TableEngine.constant(value)) == .notFinite)
    }

    @Test
    func `several series are an error with a remedy`() async {
        let reading = await reading(newest: .zero) { _ in
            .vector([TableEngine.element(1), TableEngine.element(2)])
        }

        #expect(
            reading
                == .failed(
                    "the query yields 2 series; one is needed, as an aggregation such as sum() makes it"))
    }

    @Test
    func `a failed query is a reading`() async {
        let reading = await reading(newest: .zero) { _ throws(QueryError) in
            throw QueryError(.timeout, "query timed out")
        }

        #expect(reading == .failed("query timed out"))
    }

    @Test
    func `a wave is foreseen, and new moments join the history`() async throws {
        let wave: @Sendable (Timestamp) -> QueryValue = { moment in
            .vector([TableEngine.element(300 + 200 * sin(moment.seconds * 2 * .pi / 240))])
        }
        let prediction = Prediction(
            signal: "load", leadTime: .fixed(.seconds(5)), hold: .seconds(10), risk: 0.1,
            history: .seconds(1800),
            step: .seconds(2))
        let measurer = Measurer(engine: TableEngine(age: .zero, answers: ["sum(x)": wave]))

        for step in 0..<120 {
            let moment = now + .seconds(2 * step)
            let round = await measurer.measure([policy(prediction: prediction)], at: moment)

            let outlook = try #require(round.measurements[0].signals[0].outlook)
            #expect(outlook.isTrusted)
            #expect(outlook.quantile == 0.9)
            #expect(outlook.leadTime == .seconds(5))
            let peak = (3...4).map { 300 + 200 * sin((moment.seconds + Double(2 * $0)) * 2 * .pi / 240) }
                .max()!
            #expect(abs(outlook.expectedPeak - peak) < 15)
            let soon = (1...5).map { 300 + 200 * sin((moment.seconds + Double(2 * $0)) * 2 * .pi / 240) }
                .max()!
            #expect(try abs(#require(outlook.keep) - soon) < 30)
        }
    }

    @Test
    func `what is measured between two moments of the grid moves the forecast`() async throws {
        let grid = Timestamp(milliseconds: 1_700_000_040_000)
        let walk: @Sendable (Timestamp) -> QueryValue = { moment in
            // The sum of waves that share no period, and a jump after the last moment of the grid.
            let seconds = moment.seconds
            let level = 1000 + 100 * sin(seconds / 7919) + 90 * sin(seconds / 3001) + 50 * sin(seconds / 907)
            return .vector([TableEngine.element(level + (moment > grid ? 300 : 0))])
        }
        let prediction = Prediction(
            signal: "load", leadTime: .fixed(.seconds(180)), history: .seconds(86_400), step: .seconds(60))
        let policy = policy(prediction: prediction)
        var peaks: [Double] = []

        for now in [grid, grid + .seconds(30)] {
            let measurer = Measurer(engine: TableEngine(age: .zero, answers: ["sum(x)": walk]))
            let outlook = await measurer.measure([policy], at: now).measurements[0].signals[0].outlook
            peaks.append(try #require(outlook).expectedPeak)
        }

        #expect(peaks[1] > peaks[0] + 100, "\(peaks)")
    }

    @Test(arguments: [(0, 0, 30), (12, 12, 30), (40, 40, nil), (400, 400, nil), (-400, 201, 400)])
    func `what is known of the past is told where it is too little`(values: Int, known: Int, of count: Int?)
        async throws
    {
        // All since some minutes ago, or every other one.
        let now = Timestamp(milliseconds: 1_700_000_040_000)
        let start = now - .seconds(60 * (abs(values) - 1))
        let growing: @Sendable (Timestamp) -> QueryValue = { moment in
            let minute = (moment - start).inSeconds / 60
            let isKnown = minute >= 0 && (values > 0 || Int(minute) % 2 == 0 || minute > 397)
            return .vector(isKnown && values != 0 ? [TableEngine.element(100 + minute)] : [])
        }
        let prediction = Prediction(signal: "load", history: .seconds(86_400), step: .seconds(60))
        let measurer = Measurer(engine: TableEngine(age: .zero, answers: ["sum(x)": growing]))

        let signal = await measurer.measure([policy(prediction: prediction)], at: now).measurements[0]
            .signals[0]

        #expect(signal.history?.known == count.map { _ in known })
        #expect(signal.history?.count == count)
    }

    @Test
    func `a measured start-up moves the horizon`() async throws {
        let engine = TableEngine(age: .zero, answers: ["sum(x)": TableEngine.constant(5)])
        let prediction = Prediction(
            signal: "load", hold: .seconds(60), history: .seconds(1800), step: .seconds(2))
        let policy = policy(prediction: prediction)
        let measurer = Measurer(engine: engine)

        let assumed = await measurer.measure([policy], at: now)
        let measured = await measurer.measure(
            [policy], at: now, learned: Learned(startUps: [policy.workload: .seconds(20)]))

        #expect(assumed.measurements[0].signals[0].outlook?.horizon == .seconds(62))
        #expect(measured.measurements[0].signals[0].outlook?.horizon == .seconds(22))
    }

    @Test
    func `signals and forecasts become series`() async {
        let engine = TableEngine(age: .zero, answers: ["sum(x)": TableEngine.constant(5)])
        let prediction = Prediction(signal: "load", history: .seconds(1800), step: .seconds(2))

        let round = await Measurer(engine: engine).measure([policy(prediction: prediction)], at: now)

        let names = round.samples.map(\.labels.description)
        #expect(names.count == 8, "\(names)")
        #expect(names.contains(#"flyball_signal{policy="p", signal="load", workload="web"}"#), "\(names)")
        #expect(round.samples.allSatisfy { $0.samples.count == 1 && $0.samples[0].timestamp == now })
    }

    @Test
    func `what a replica serves is shown as learned, where the policy learns it`() async throws {
        let engine = TableEngine(age: .zero, answers: ["sum(x)": TableEngine.constant(5)])
        var learning = policy()
        learning.signals[0].learnsFrom = "latency"
        let learned = Learned(shares: ["p": 12.5])

        for (policy, share) in [(learning, 12.5), (policy(), 50)] {
            let round = await Measurer(engine: engine).measure([policy], at: now, learned: learned)
            let series = round.samples.first { $0.labels.metricName == "flyball_signal_per_replica" }
            #expect(series?.samples.map(\.value) == [share])
        }
    }

    @Test
    func `no forecast of a total is recorded below zero`() {
        let outlook = Signal.Outlook(
            expectedPeak: -1, peak: 5, quantile: 0.95, horizon: .seconds(60), model: "m", isTrusted: true)
        let answer = SignalForecast.Answer(outlook: outlook, quantiles: [(0.1, -3), (0.9, 4)])
        let policy = policy()

        let found = Measurer.samples(policy, policy.signals[0], .missing, answer, share: nil, at: now)

        let forecasts = found.filter { $0.labels["__name__"] == "flyball_forecast" }
        #expect(forecasts.map { $0.samples[0].value } == [0, 0, 4])
    }

    @Test
    func `a series that is left no longer is marked as ended`() {
        func series(_ horizon: String, policy: String = "p") -> SeriesSamples {
            SeriesSamples(
                labels: Labels(["__name__": "flyball_forecast", "policy": policy, "horizon": horizon]),
                samples: [Sample(now, 1)])
        }
        var written = WrittenSeries()
        let other = series("8s", policy: "q")

        #expect(written.ended(besides: [series("12s"), other], of: ["p", "q"], at: now).isEmpty)
        // Another policy that says nothing in this round is left alone.
        let ended = written.ended(besides: [series("8s")], of: ["p"], at: now)
        #expect(ended.map(\.labels) == [series("12s").labels])
        #expect(ended[0].samples.map(\.value.bitPattern) == [Marker.stale.bitPattern])
        #expect(written.ended(besides: [series("8s")], of: ["p"], at: now).isEmpty)
        #expect(written.ended(keeping: ["p"], at: now).map(\.labels) == [other.labels])
    }

    private func policies(asking queries: [String]) -> [ScalingPolicy] {
        queries.enumerated().map { index, query in
            var policy = policy(query)
            policy.name = "p\(index)"
            return policy
        }
    }

    @Test
    func `what takes long is measured in parts, what does not together`() {
        let policies = policies(asking: (0..<100).map { "sum(q\($0))" })
        var schedule = MeasurementSchedule()
        schedule.apply(policies)
        let first = schedule.parts(of: policies)
        schedule.measured(100, within: .milliseconds(160))
        let slow = schedule.parts(of: policies)
        schedule.measured(100, within: .milliseconds(30))
        let quick = schedule.parts(of: policies)
        schedule.measured(1, within: .seconds(3))
        let slowest = schedule.parts(of: policies)

        #expect(first.map(\.count) == [100])
        #expect(slow.map(\.count) == [25, 25, 25, 25])
        #expect(slow.flatMap { $0 } == policies)
        #expect(quick.map(\.count) == [100])
        #expect(slowest.count == 100)
    }

    @Test
    func `policies that share what they ask for are measured together`() {
        let policies = policies(asking: [
            "sum(a)", "sum(b)", "max(a) + max(c)", "sum(d)", "sum(rate(c[1m]))", "sum(b{x=\"1\"})",
        ])
        var schedule = MeasurementSchedule()
        schedule.apply(policies)
        schedule.measured(6, within: .milliseconds(100))

        let parts = schedule.parts(of: policies).map { $0.map(\.name) }

        #expect(parts == [["p0", "p2", "p4"], ["p1", "p3"], ["p5"]])
    }

    /// Every query takes its time.
    private struct SlowEngine: QueryEngine {
        var table: TableEngine
        var clock: ManualClock

        func evaluate(
            _ expression: Expression, over range: EvaluationRange, limits: QueryLimits
        ) async throws(QueryError) -> QueryResult {
            clock.advance(by: .milliseconds(10))
            return try await table.evaluate(expression, over: range, limits: limits)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a policy is measured as of when its turn comes, and does not wait for those behind it`()
        async throws
    {
        let clock = ManualClock(now: now)
        let queries = (0..<20).map { "sum(x\($0))" }
        let engine = SlowEngine(
            table: TableEngine(
                age: .zero,
                answers: Dictionary(queries.map { ($0, TableEngine.constant(100)) }) { first, _ in first }),
            clock: clock)
        let policies = policies(asking: queries)
        let seen = Mutex<[(measurement: Measurement, at: Timestamp)]>([])
        let loop = MeasurementLoop(
            measurer: Measurer(engine: engine), clock: clock, learned: { Learned() }, store: { _ in },
            submit: { measurement in seen.withLock { $0.append((measurement, clock.now)) } })
        loop.apply(policies)

        let task = Task { try await loop.run() }
        while seen.withLock({ $0.count }) < 40 {
            if clock.nextDeadline != nil { clock.advance(by: .milliseconds(50)) }
            await Task.yield()
        }
        task.cancel()

        let rounds = seen.withLock { $0 }
        let waits = rounds[20..<40].map { $0.at - $0.measurement.at }
        #expect(rounds[0].at - rounds[0].measurement.at > .milliseconds(300))
        #expect(waits.max() ?? .zero <= .milliseconds(100), "\(waits)")
        #expect(Set(rounds[20..<40].map(\.measurement.at)).count > 4)
    }

    @Test
    func `start-ups are summed up by their 95th percentile`() {
        var times = StartUpTimes()
        let web = WorkloadID("web")!
        for second in 1...20 { times.record(.seconds(second), of: web) }
        times.record(.seconds(-1), of: web)

        #expect(times.percentiles == [web: .seconds(19)])
    }
}
