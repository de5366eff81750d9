import Dispatch
import PromQL
import PromQLReference
import Synchronization
import Testing
import TimeSeries

/// The same results, bit for bit, on any number of threads.
@Suite struct WorkersTests {
    /// Threads that share even the least work, so that small data shows what large would.
    static func eager(_ count: Int) -> Workers {
        Workers(count: count, isEager: true) { pieces, body in
            DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
        }
    }

    @Test(.enabled(if: Conformance.shared != nil), arguments: [2, 3, 8])
    func `every case of Prometheus comes out the same on several threads`(count: Int) async throws {
        for name in Conformance.names {
            let script = try #require(Conformance.script(name))

            let report = await PromQLScript(script, name: name).run(workers: WorkersTests.eager(count))

            for failure in report.failures { Issue.record("\(failure)") }
            #expect(report.passed > 0)
        }
    }

    @Test(arguments: 0..<UInt64(4))
    func `random queries give the same bits on any number of threads`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed &+ 77)
        let data = FuzzData(&random)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed ^ 0x55))
        let range = EvaluationRange(
            start: Timestamp(milliseconds: 200_000), end: Timestamp(milliseconds: 1_300_000),
            step: .milliseconds(29_000))
        var texts = (0..<60).map { _ in generator.vector(depth: 3) }
        for open in [
            "sum by (a) (", "avg by (b) (", "stddev(", "max by (a) (", "count(", "quantile by (a) (0.3, ",
            "topk(2, ", "bottomk by (a) (1, ",
        ] {
            texts.append(open + "max_over_time({__name__=~\"m.\"}[2m]))")
        }
        texts += [
            "m0 * on (a, b) m1", "timestamp(m0)", "limit_ratio(0.5, m1)", "histogram_quantile(0.5, m2)",
        ]

        for text in texts {
            let expression = try Expression.parse(text, features: .all)
            var outcomes: [Outcome] = []
            for count in [1, 2, 3, 8] {
                let workers = count == 1 ? Workers.one : WorkersTests.eager(count)
                let engine = LocalEngine(source: data.source, features: .all, workers: workers)
                do {
                    let result = try await engine.evaluate(expression, over: range, limits: QueryLimits())
                    outcomes.append(Outcome(result))
                } catch {
                    outcomes.append(Outcome(error: error.message))
                }
            }
            #expect(outcomes.allSatisfy { $0 == outcomes[0] }, "\(text)")
        }
    }

    @Test func `pieces are worked on by several threads`() {
        let threads = Mutex(0)

        let squares = Workers(count: 2, isEager: true) { pieces, body in
            for piece in (0..<pieces).reversed() {
                threads.withLock { $0 += 1 }
                body(piece)
            }
        }.map(5) { $0 * $0 }

        #expect(squares == [0, 1, 4, 9, 16])
        #expect(threads.withLock { $0 } == 5)
    }

    @Test func `the error of the first piece that failed is thrown`() {
        struct Failure: Error, Equatable { var piece: Int }
        let workers = WorkersTests.eager(3)

        #expect(throws: Failure(piece: 2)) {
            try workers.map(9) { piece throws(Failure) in
                if piece >= 2 { throw Failure(piece: piece) }
                return piece
            }
        }
    }

    @Test func `pieces cover everything once and are worth it`() {
        let workers = Workers(count: 2) { _, _ in }

        #expect(workers.pieces(of: 1000, atLeast: 300) == [0..<333, 333..<666, 666..<1000])
        #expect(workers.pieces(of: 1000, atLeast: 1).count == 8)
        #expect(workers.pieces(of: 3, atLeast: 300) == [0..<3])
        #expect(workers.pieces(of: 0, atLeast: 1) == [0..<0])
        #expect(Workers.one.pieces(of: 1000, atLeast: 1) == [0..<1000])
        // Items that are work enough, and such that are not even together.
        #expect(workers.pieces(of: 3, work: 1_000_000).count == 3)
        #expect(workers.pieces(of: 3, work: 60_000).count == 1)
        #expect(workers.pieces(of: 1000, work: 100_000).count == 3)
        #expect(workers.pieces(of: 0, work: 0) == [0..<0])
    }

    /// All that a result says, numbers by their bits.
    private struct Outcome: Equatable {
        var error: String?
        var warnings: [String] = []
        var infos: [String] = []
        var rows: [Row] = []

        struct Row: Equatable {
            var labels: Labels
            var times: [Int64]
            var bits: [UInt64]
        }

        init(error: String) { self.error = error }

        init(_ result: QueryResult) {
            warnings = result.warnings
            infos = result.infos
            guard case .matrix(let matrix) = result.value else { return }
            rows = matrix.map { series in
                Row(
                    labels: series.labels, times: series.samples.map(\.timestamp.milliseconds),
                    bits: series.samples.map(\.value.bitPattern))
            }
        }
    }
}
