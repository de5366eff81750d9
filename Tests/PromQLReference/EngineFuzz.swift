import PromQL
import TimeSeries

/// The engine against the reference, case by case: a case is all that its number determines.
package struct EngineFuzz {
    /// So many cases share their data.
    package static let casesOfData: UInt64 = 64
    private static let range = EvaluationRange(
        start: Timestamp(milliseconds: 200_000), end: Timestamp(milliseconds: 800_000),
        step: .milliseconds(187_000))
    private static let moments: [Int64] = Array(
        stride(
            from: range.start.milliseconds, through: range.end.milliseconds, by: Int(range.step.milliseconds))
    )

    package enum Outcome: Sendable {
        case agreed
        /// Both refused.
        case refused
        /// What is compared would differ in the last digit, which the query makes a whole.
        case skipped
        case different(String)
    }

    private var block: UInt64?
    private var reference = ReferenceEvaluator(series: [], from: 0, to: 0)
    private var engine = LocalEngine(source: ArraySource())

    package init() {}

    /// The query of a case.
    package static func query(_ number: UInt64) -> String {
        var generator = ExpressionGenerator(random: SeededGenerator(seed: number &* 0x9e37_79b9 ^ 0xff))
        return generator.vector(depth: 3)
    }

    /// - Parameter query: asked of the data of the case in place of its own, to look into a finding.
    package mutating func run(_ number: UInt64, query: String? = nil) async -> Outcome {
        let block = number / Self.casesOfData
        if self.block != block {
            self.block = block
            var random = SeededGenerator(seed: block)
            let data = FuzzData(&random)
            let range = Self.range
            reference = ReferenceEvaluator(
                series: data.reference, from: range.start.milliseconds, to: range.end.milliseconds)
            engine = LocalEngine(source: data.source, features: .all.subtracting(.delayedNameRemoval))
        }
        let text = query ?? Self.query(number)
        if query == nil, Self.magnifiesRounding(text) { return .skipped }
        let expression: Expression
        do { expression = try Expression.parse(text, features: .all) } catch {
            return .different("\(text): \(error)")
        }
        let expected: [[String: String]: [Int64: ReferenceNumber]]?
        do {
            expected = try self.expected(expression)
        } catch ReferenceError.unsupported {
            return .skipped
        } catch {
            expected = nil
        }
        let actual = try? await engine.evaluate(expression, over: Self.range, limits: QueryLimits())
        switch (expected, actual?.value) {
        case (nil, nil): return .refused
        case (let expected?, .matrix(let matrix)):
            return Self.difference(expected, matrix).map { .different("\(text): \($0)") } ?? .agreed
        case (nil, _): return .different("\(text): only the reference refuses it")
        default:
            // A subquery is evaluated at all moments from its first window to its last, until here only at those that
            // some window has.
            do {
                try reference.evaluateSubqueries(of: expression, at: Self.moments)
            } catch { return .refused }
            return .different("\(text): only the engine refuses it")
        }
    }

    /// Variances, slopes, and sums in another order differ in the last digit, which steps, remainders and
    /// comparisons make a whole.
    private static func magnifiesRounding(_ text: String) -> Bool {
        var steps = [
            "ceil", "floor", "sgn", "round", " % ", "==", "!=", "<", ">", "atan2", "ln", "exp", "sqrt", "/",
            "Inf",
        ]
        if text.contains(":") { steps += ["changes", "resets", "ts_of_m"] }
        // What is less by a digit is a reset; sums of histograms are compensated here and plain there.
        if text.contains(":") {
            let resetting = text.ranges(of: "rate(").count + text.ranges(of: "increase(").count
            let rounding = [
                " - ", " + ", "quantile", "avg", "sum", "stddev", "stdvar", "deriv", "smoothing", "/",
                "delta(", "smoothed",
            ]
            if resetting > 1 || (resetting == 1 && rounding.contains(where: text.contains)) { return true }
        }
        let inexact = [
            "stddev", "stdvar", "deriv", "predict", "smoothing", "smoothed", "rate", "increase", "delta",
            "avg", "sum",
            "quantile", "mad_", "exp", "ln", "atan", "sqrt", "/", "histogram_",
        ]
        let found = steps.filter(text.contains)
        return inexact.contains { kind in
            text.contains(kind) && found.contains { $0 != kind && !$0.hasPrefix(kind) }
        }
    }

    private func expected(
        _ expression: Expression
    ) throws -> [[String: String]: [Int64: ReferenceNumber]] {
        var result: [[String: String]: [Int64: ReferenceNumber]] = [:]
        for time in Self.moments {
            for (labels, value) in try reference.evaluate(expression, at: time).vector {
                result[labels, default: [:]][time] = value
            }
        }
        return result
    }

    private static func difference(
        _ expected: [[String: String]: [Int64: ReferenceNumber]], _ matrix: [MatrixSeries]
    ) -> String? {
        guard expected.count == matrix.count else {
            return "expected \(expected.count) series, got \(matrix.count)"
        }
        for series in matrix {
            let labels = Dictionary(uniqueKeysWithValues: series.labels.pairs.map { ($0.name, $0.value) })
            guard let values = expected[labels],
                values.count == series.samples.count + series.histograms.count
            else { return "unexpected samples of \(series.labels)" }
            for sample in series.samples {
                let value = values[sample.timestamp.milliseconds]
                guard let number = value?.float, isClose(number, sample.value) else {
                    return
                        "\(series.labels) at \(sample.timestamp.milliseconds): expected \(text(value)), got \(sample.value)"
                }
            }
            for (timestamp, histogram) in series.histograms {
                let value = values[timestamp.milliseconds]
                let got = ReferenceHistogram(histogram)
                guard let known = value?.histogram, known.isClose(to: got, isClose) else {
                    return
                        "\(series.labels) at \(timestamp.milliseconds): expected \(text(value)), got \(got)"
                }
            }
        }
        return nil
    }

    private static func text(_ value: ReferenceNumber?) -> String { value.map { "\($0)" } ?? "nothing" }

    private static func isClose(_ a: Double, _ b: Double) -> Bool {
        a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))
    }
}
