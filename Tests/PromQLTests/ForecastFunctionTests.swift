import PromQL
import PromQLReference
import Testing
import TimeSeries

/// `forecast` and its kin: what they read, when they fit, and that nothing depends on what is cached.
@Suite struct ForecastFunctionTests {
    /// A day of 48 half hours that repeats itself, with a little noise that repeats nothing.
    private static func source(series: Int = 1, days: Int = 10) -> ArraySource {
        var source = ArraySource()
        for number in 0..<series {
            var random = SeededGenerator(seed: UInt64(number))
            let times = (0..<days * 288).map { Int64($0) * 300_000 }
            let values = times.map { time in
                let phase = Double(time % 86_400_000) / 86_400_000
                return 100 + 60 * (phase < 0.5 ? phase : 1 - phase) * 4
                    + Double.random(in: -1...1, using: &random)
            }
            source.append(
                SeriesColumns(
                    labels: Labels(["__name__": "m", "n": "\(number)"]), times: TimeColumn(times),
                    values: values))
        }
        return source
    }

    private static let midnight = Timestamp(milliseconds: 9 * 86_400_000)

    private func evaluate(
        _ text: String, over range: EvaluationRange, source: ArraySource = Self.source(),
        cache: ForecastCache = ForecastCache()
    ) async throws -> QueryResult {
        try await LocalEngine(source: source, forecasts: cache).evaluate(
            try Expression.parse(text), over: range, limits: QueryLimits())
    }

    private func value(_ text: String, at moment: Timestamp) async throws -> Double? {
        let result = try await evaluate(text, over: .instant(moment))
        guard case .vector(let elements) = result.value else { return nil }
        return elements.first?.value
    }

    private func rows(_ result: QueryResult) -> [[Sample]] {
        if case .matrix(let matrix) = result.value { matrix.map(\.samples) } else { [] }
    }

    @Test func `a forecast is near what comes`() async throws {
        for hours in [0, 5, 11, 17, 20] {
            let now = Self.midnight + .seconds(3600 * hours + 600)
            let foreseen = try await value("forecast(m[8d], 10800)", at: now)
            let actual = try await value("m offset -3h", at: now)

            #expect(abs((foreseen ?? 0) - (actual ?? 0)) < 5, "at \(hours) h")
        }
    }

    @Test func `quantiles lie in order around it`() async throws {
        let low = try await value("forecast(m[8d], 7200, 0.05)", at: Self.midnight) ?? .nan
        let middle = try await value("forecast(m[8d], 7200)", at: Self.midnight) ?? .nan
        let high = try await value("forecast(m[8d], 7200, 0.95)", at: Self.midnight) ?? .nan

        #expect(low < middle && middle < high)
        #expect(high - low < 10)
    }

    @Test func `a range query fits once for each series and hour`() async throws {
        let cache = ForecastCache()
        let range = EvaluationRange(
            start: Self.midnight, end: Self.midnight + .seconds(3 * 3600 - 60), step: .seconds(60))

        let result = try await evaluate(
            "forecast(m[8d], 3600)", over: range, source: Self.source(series: 2), cache: cache)

        #expect(rows(result).map(\.count) == [180, 180])
        #expect(cache.statistics.fits == 6)
        #expect(cache.statistics.models == 6)
    }

    @Test func `the next query of that hour fits nothing`() async throws {
        let cache = ForecastCache()
        let source = Self.source()
        _ = try await evaluate(
            "forecast(m[8d], 3600)", over: .instant(Self.midnight + .seconds(60)), source: source,
            cache: cache)

        _ = try await evaluate(
            "forecast(m[8d], 3600)", over: .instant(Self.midnight + .seconds(3500)), source: source,
            cache: cache)

        #expect(cache.statistics.fits == 1)
        #expect(cache.statistics.hits == 1)
    }

    @Test(arguments: [
        "forecast(m[7d], 5400, 0.9)", "trend(m[7d])", "seasonality(m[7d])", "anomaly_score(m[7d])",
    ])
    func `each step of a range query is what an instant query says, whatever is cached`(
        text: String
    ) async throws {
        let range = EvaluationRange(
            start: Self.midnight - .seconds(1700), end: Self.midnight + .seconds(5000), step: .seconds(700))
        let small = ForecastCache(maxBytes: 0)

        let samples = rows(try await evaluate(text, over: range, cache: small)).first ?? []

        #expect(samples.count == range.stepCount)
        for sample in samples {
            #expect(try await value(text, at: sample.timestamp) == sample.value, "\(sample.timestamp)")
        }
        #expect(small.statistics.models == 0)
    }

    @Test func `data after the full hour moves where a forecast starts, not its model`() async throws {
        let cache = ForecastCache()
        var changed = Self.source()
        let late = Self.midnight.milliseconds + 1_800_000
        changed.append(
            SeriesColumns(
                labels: Labels(["__name__": "late"]),
                times: TimeColumn((0..<2880).map { Int64($0) * 300_000 }),
                values: (0..<2880).map {
                    Int64($0) * 300_000 > Self.midnight.milliseconds ? 500 : Double($0 % 288)
                }))

        _ = try await evaluate(
            "forecast(late[8d], 3600)", over: .instant(Self.midnight), source: changed, cache: cache)
        let later = try await evaluate(
            "forecast(late[8d], 3600)", over: .instant(Timestamp(milliseconds: late)), source: changed,
            cache: cache)

        #expect(cache.statistics.fits == 1)
        guard case .vector(let elements) = later.value else { return }
        #expect((elements.first?.value ?? 0) > 287)
    }

    @Test func `models beyond the bound leave, the longest unused first`() async throws {
        let cache = ForecastCache(maxModels: 2)
        let source = Self.source()
        func ask(_ hour: Int) async throws {
            _ = try await evaluate(
                "trend(m[3d])", over: .instant(Self.midnight - .seconds(3600 * hour)), source: source,
                cache: cache)
        }

        try await ask(1)
        try await ask(2)
        try await ask(1)
        try await ask(3)
        try await ask(1)
        #expect(cache.statistics.fits == 3)
        try await ask(2)

        #expect(cache.statistics.fits == 4)
        #expect(cache.statistics.models == 2)
    }

    @Test func `trend and season make up the series`() async throws {
        let noon = Self.midnight + .seconds(43_200)
        let trend = try await value("trend(m[8d])", at: noon) ?? .nan
        let season = try await value("seasonality(m[8d])", at: noon) ?? .nan

        #expect(abs(trend - 160) < 3)
        #expect(abs(season - 60) < 5)
    }

    @Test func `an unusual value scores high and a usual one low`() async throws {
        let usual = try await value("anomaly_score(m[8d])", at: Self.midnight) ?? .nan
        let jump = "m + on () group_left () (100 * (vector(time()) >= bool 777600))"

        let unusual = try await value("anomaly_score((\(jump))[8d:5m])", at: Self.midnight)

        #expect(abs(usual) < 5)
        #expect((unusual ?? 0) > 50)
    }

    @Test(arguments: [
        ("forecast(m[2h], 60)", "fewer than 30 values"),
        ("forecast(m[1d], 172800)", "longer than the history"),
    ])
    func `a history too short gives no result and says why`(text: String, reason: String) async throws {
        let result = try await evaluate(text, over: .instant(Self.midnight))

        guard case .vector(let elements) = result.value else { return }
        #expect(elements.isEmpty)
        #expect(result.infos.count == 1 && result.infos[0].contains(reason), "\(result.infos)")
    }

    @Test(arguments: ["0", "-60"])
    func `a horizon that is not ahead is refused`(horizon: String) async throws {
        let expression = try Expression.parse("forecast(m[8d], \(horizon))")
        await #expect(throws: QueryError.self) {
            try await LocalEngine(source: Self.source()).evaluate(expression, at: Self.midnight)
        }
    }

    @Test(arguments: ["1e300", "Inf", "NaN", "1e-300"])
    func `no horizon crashes`(horizon: String) async throws {
        _ = try await evaluate("forecast(m[8d], \(horizon))", over: .instant(Self.midnight))
        _ = try await evaluate("forecast(m[8d], 60, \(horizon))", over: .instant(Self.midnight))
    }

    @Test(arguments: ["forecast(m[1d], 60)", "trend(m[1d])", "seasonality(m[1d])", "anomaly_score(m[1d])"])
    func `strictly Prometheus' language does not know them`(text: String) throws {
        #expect(throws: QueryError.self) { try Expression.parse(text, features: .strictPrometheus) }
        #expect(try Expression.parse(text).description == text)
    }

    @Test func `without parentheses they are names of metrics`() throws {
        #expect(
            try Expression.parse("trend + seasonality", features: .strictPrometheus).metricNames.count == 2)
    }
}
