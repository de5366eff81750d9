import TimeSeries

/// Evaluates the cases of a script.
struct ScriptRunner {
    private static let features = QueryFeatures.all.subtracting(.typeAndUnitLabels)
    private let engine: LocalEngine
    private let limits = QueryLimits(maxSamples: 1_000_000)

    init(source: ArraySource, workers: Workers) {
        engine = LocalEngine(source: source, features: ScriptRunner.features, workers: workers)
    }

    /// What is wrong with the result, nil where it is as expected.
    func failure(of test: ScriptCase) async -> String? {
        guard test.isInstant else { return await failure(of: test, test.query, over: test.range) }
        if let failure = await instantFailure(of: test, test.query, at: test.range.start) { return failure }
        for (query, time) in ScriptRunner.fixed(test) {
            if let failure = await instantFailure(of: test, query, at: time) {
                return "\(failure) (as \(query) at \(time.milliseconds) ms)"
            }
        }
        return nil
    }

    private func failure(of test: ScriptCase, _ query: String, over range: EvaluationRange) async -> String? {
        let result: QueryResult
        do {
            let expression = try Expression.parse(query, features: ScriptRunner.features)
            result = try await engine.evaluate(expression, over: range, limits: limits)
        } catch {
            guard let expected = test.failure else { return "failed: \(error.message)" }
            return expected.accepts(error.message)
                ? nil : "expected failure with \(expected.description), got \"\(error.message)\""
        }
        if test.failure != nil { return "expected failure, but got \(ScriptComparison.text(result.value))" }
        let comparison = ScriptComparison(test: test)
        return comparison.annotations(result) ?? comparison.value(result.value, range)
    }

    private func instantFailure(of test: ScriptCase, _ query: String, at time: Timestamp) async -> String? {
        if let failure = await failure(of: test, query, over: .instant(time)) { return failure }
        guard test.failure == nil, test.rangeVector == nil, test.string == nil,
            !["start()", "end()", "range()", "step()"].contains(where: query.contains)
        else { return nil }
        let range = EvaluationRange(start: time - .seconds(60), end: time + .seconds(60), step: .seconds(60))
        do {
            let expression = try Expression.parse(query, features: ScriptRunner.features)
            let result = try await engine.evaluate(expression, over: range, limits: limits)
            guard !test.isOrdered, case .matrix(let matrix) = result.value else { return nil }
            let value: QueryValue
            if expression.type == .scalar {
                value = .scalar(
                    matrix.first?.samples.first { $0.timestamp == time }?.value ?? Marker.notANumber)
            } else {
                value = .vector(ScriptRunner.elements(matrix, at: time))
            }
            return ScriptComparison(test: test).value(value, .instant(time)).map { "in range mode: \($0)" }
        } catch {
            return "in range mode: \(error.message)"
        }
    }

    private static func elements(_ matrix: [MatrixSeries], at time: Timestamp) -> [VectorElement] {
        matrix.compactMap { series in
            if let sample = series.samples.first(where: { $0.timestamp == time }) {
                return VectorElement(labels: series.labels, number: .float(sample.value))
            }
            return series.histograms.first { $0.timestamp == time }.map {
                VectorElement(labels: series.labels, number: .histogram($0.histogram))
            }
        }
    }

    // MARK: - Fixed times

    /// The query with every selector fixed to its time, to be evaluated at other times with the same result.
    private static func fixed(_ test: ScriptCase) -> [(query: String, time: Timestamp)] {
        guard let expression = try? Expression.parse(test.query, features: features) else { return [] }
        let time = test.range.start
        var dependsOnTime = false
        expression.walk { node in
            if case .call(let call) = node, Planner.dependOnTime.contains(call.function) {
                dependsOnTime = true
            }
        }
        if dependsOnTime { return [] }
        let query = expression.fixed { _ in time }.description
        let milliseconds = time.milliseconds
        let times =
            milliseconds == 0
            ? [-1000, 0, 1000] : [-10 * milliseconds, 0, milliseconds / 5, milliseconds, 10 * milliseconds]
        return times.map { (query, Timestamp(milliseconds: $0)) }
    }
}
