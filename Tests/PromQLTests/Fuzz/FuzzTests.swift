import PromQL
import Testing
import TimeSeries

/// The engine against an evaluator that is slow and obviously right.
@Suite struct FuzzTests {
    /// How many queries each data set is asked; FLYBALL_FUZZ asks for more in a long run.
    private static let queries = Conformance.environment("FLYBALL_FUZZ").flatMap { Int($0) } ?? 150

    @Test(arguments: 0..<UInt64(4))
    func `random queries over random data agree with the reference`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let data = FuzzData(&random)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed ^ 0xff))
        let engine = LocalEngine(source: data.source)
        let reference = ReferenceEvaluator(series: data.reference)
        let range = EvaluationRange(
            start: Timestamp(milliseconds: 200_000), end: Timestamp(milliseconds: 1_300_000),
            step: .milliseconds(87_000))
        var compared = 0

        for _ in 0..<FuzzTests.queries {
            let text = generator.vector(depth: 3)
            guard !FuzzTests.magnifiesRounding(text) else { continue }
            let expression = try Expression.parse(text, features: .all)
            let expected = try? FuzzTests.expected(reference, expression, range)
            let actual = try? await engine.evaluate(expression, over: range, limits: QueryLimits())
            guard let expected, let actual, case .matrix(let matrix) = actual.value else {
                // What one refuses the other refuses too.
                #expect((expected == nil) == (actual == nil), "\(text)")
                continue
            }
            if let difference = FuzzTests.difference(expected, matrix) {
                Issue.record("seed \(seed): \(text): \(difference)")
            }
            compared += 1
        }

        #expect(compared > FuzzTests.queries / 2)
    }

    @Test(arguments: 0..<UInt64(4))
    func `what is parsed reads back from its canonical text, and nothing crashes the parser`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed &+ 1000)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed))
        let alphabet = Array("()[]{}<>=!~\"'`,:@#+-*/%^. \n\\0159eExsmhoffset_abyon\u{e9}".utf8)

        for _ in 0..<FuzzTests.queries * 10 {
            var bytes = Array(generator.vector(depth: 3).utf8)
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                if random.chance(0.5) {
                    bytes[index] = random.pick(alphabet)
                } else {
                    bytes.remove(at: index)
                }
                if bytes.isEmpty { break }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let expression = try? Expression.parse(text, features: .all) else { continue }
            #expect(try Expression.parse(expression.description, features: .all) == expression, "\(text)")
            #expect(try Expression.parse(expression.formatted(), features: .all) == expression, "\(text)")
        }
    }

    /// Variances and slopes differ in the last digit between methods, which steps and remainders make a whole.
    private static func magnifiesRounding(_ text: String) -> Bool {
        ["ceil", "floor", "sgn", "round", " % ", "=="].contains(where: text.contains)
            && ["stddev", "stdvar", "deriv"].contains(where: text.contains)
    }

    private static func expected(
        _ reference: ReferenceEvaluator, _ expression: Expression, _ range: EvaluationRange
    ) throws -> [[String: String]: [Int64: Double]] {
        var result: [[String: String]: [Int64: Double]] = [:]
        var time = range.start
        while time <= range.end {
            for (labels, value) in try reference.evaluate(expression, at: time.milliseconds).vector {
                result[labels, default: [:]][time.milliseconds] = value
            }
            time += range.step
        }
        return result
    }

    private static func difference(
        _ expected: [[String: String]: [Int64: Double]], _ matrix: [MatrixSeries]
    ) -> String? {
        guard expected.count == matrix.count else {
            return "expected \(expected.count) series, got \(matrix.count)"
        }
        for series in matrix {
            let labels = Dictionary(uniqueKeysWithValues: series.labels.pairs.map { ($0.name, $0.value) })
            guard let values = expected[labels], values.count == series.samples.count else {
                return "unexpected samples of \(series.labels)"
            }
            for sample in series.samples {
                guard let value = values[sample.timestamp.milliseconds] else {
                    return "unexpected sample of \(series.labels) at \(sample.timestamp.milliseconds)"
                }
                let isClose =
                    value == sample.value || (value.isNaN && sample.value.isNaN)
                    || abs(value - sample.value) <= 1e-9 * max(1, abs(value), abs(sample.value))
                if !isClose {
                    return
                        "\(series.labels) at \(sample.timestamp.milliseconds): expected \(value), got \(sample.value)"
                }
            }
        }
        return nil
    }
}
