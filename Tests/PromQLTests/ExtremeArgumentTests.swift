import PromQL
import Testing
import TimeSeries

/// Every function and aggregation with arguments that nobody means: a result or an error, never a trap.
@Suite struct ExtremeArgumentTests {
    private static let numbers = [
        "0", "-1", "NaN", "Inf", "-Inf", "1e308", "-1e308", "9.3e18", "-9.3e18", "1e-320", "0.5", "3e9",
    ]

    private static let source: ArraySource = {
        var source = ArraySource()
        let values: [Double] = [
            0, 1, .nan, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude, -0.0, 9.3e18, -1,
            253_402_300_800, 7,
        ]
        let times = TimeColumn(values.indices.map { Int64($0) * 30_000 })
        let histogram = FloatHistogram(
            schema: 8, zeroThreshold: 1e-300, zeroCount: 1, count: .nan, sum: .infinity,
            positiveRuns: [.init(offset: 2_000_000_000, length: 2), .init(offset: 100, length: 1)],
            negativeRuns: [.init(offset: -2_000_000_000, length: 1)], positiveBuckets: [1, .infinity, -3],
            negativeBuckets: [.nan])
        source.append(
            SeriesColumns(labels: Labels(["__name__": "m", "le": "1"]), times: times, values: values))
        source.append(
            SeriesColumns(
                labels: Labels(["__name__": "m", "le": "+Inf"]), times: times, values: values.reversed()))
        source.append(
            SeriesColumns(
                labels: Labels(["__name__": "m", "le": "bad"]), times: times, values: values,
                histograms: [3: histogram, 4: histogram, 9: FloatHistogram(schema: -53, customBounds: [1])]))
        return source
    }()

    private func evaluate(_ text: String) async {
        guard let expression = try? Expression.parse(text, features: .all) else { return }
        let engine = LocalEngine(source: ExtremeArgumentTests.source, features: .all)
        let start = Timestamp(milliseconds: 0)
        let ranges: [EvaluationRange] = [
            .instant(start + .seconds(400)),
            EvaluationRange(start: start, end: start + .seconds(600), step: .seconds(20)),
            .instant(Timestamp(milliseconds: .max)), .instant(Timestamp(milliseconds: .min)),
            EvaluationRange(
                start: Timestamp(milliseconds: .min), end: Timestamp(milliseconds: .max),
                step: .milliseconds(1)),
        ]
        for range in ranges {
            _ = try? await engine.evaluate(expression, over: range, limits: QueryLimits(maxSamples: 100_000))
        }
    }

    @Test(arguments: Function.allCases)
    func `no function traps`(function: Function) async {
        for number in ExtremeArgumentTests.numbers {
            let vector = "m"
            let candidates = [
                "", vector, "m[5m]", number, "\(vector), \(number)", "m[5m], \(number)", "\(number), m[5m]",
                "\(number), \(vector)", "\(vector), \(number), \(number)", "m[5m], \(number), 0.5",
                "\(number), 1, \(vector)", "\(vector), \"q\", \(number)", "\(number), \(number)",
                "\(vector), \"a\", \"$1\", \"le\", \"(.*)\"", "\(vector), \"a\", \"-\", \"le\"",
                "\(vector), \"le\"",
                "m[5m:\(number == "0.5" ? "1ms" : "7s")]", "m[5m] anchored", "m[5m] smoothed",
            ]
            for arguments in candidates { await evaluate("\(function.rawValue)(\(arguments))") }
        }
    }

    @Test(arguments: AggregationOperator.allCases)
    func `no aggregation traps`(operation: AggregationOperator) async {
        for number in ExtremeArgumentTests.numbers {
            await evaluate("\(operation.rawValue)(\(number), m)")
            await evaluate("\(operation.rawValue) without (le) (m * \(number))")
            await evaluate("\(operation.rawValue)(\"v\", m)")
        }
    }

    @Test(arguments: BinaryOperator.allCases)
    func `no operator traps`(operation: BinaryOperator) async {
        for number in ExtremeArgumentTests.numbers {
            await evaluate("m \(operation.rawValue) \(number)")
            await evaluate("\(number) \(operation.rawValue) m")
        }
        await evaluate("m \(operation.rawValue) on (le) m")
        await evaluate("m \(operation.rawValue) ignoring (le) group_left () fill (1) m offset 1m")
    }

    @Test(arguments: [
        "m @ 9e14", "m @ -9e14", "m offset 9e9", "m offset -9e9", "m[9e9]", "m[9e9:1ms]", "m[1ms:9e9]",
        "m[9e9s] offset 9e9s", "sum_over_time(m[200y:1y] @ 9e14)", "m[1y ^ 1y]", "m[1 / 0]",
        "m offset (1 % 0)",
        "m[step() - 1s]", "m[range()]", "max_over_time(m[9e9:9e9] offset -9e9 @ 9e14)",
    ])
    func `no time is out of reach`(text: String) async {
        await evaluate(text)
        await evaluate("sum_over_time(\(text))")
    }
}
