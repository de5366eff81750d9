import Glibc
import Journal
import PromQL
import Storage
import SwiftOverlayShims  // where Glibc's timespec is defined
import TimeSeries

/// The queries without HTTP: plan, read, evaluate.
enum QueryRun {
    private static let queries: [(number: Int, text: String, step: Int64)] = [
        (1, "up", 0),
        (2, "node_load1{instance=\"host-42:9100\"}", 15),
        (3, "sum by (mode) (rate(node_cpu_seconds_total[1m]))", 15),
        (4, "topk(5, rate(node_network_receive_bytes_total[5m]))", 60),
        (5, "quantile_over_time(0.9, node_load1[10m])", 60),
        (6, "{__name__=~\"node_memory_.+_bytes\", instance=~\"host-[0-9]*[02468]:9100\"}", 0),
        (
            7,
            "histogram_quantile(0.9, sum by (le, instance) (rate(http_request_duration_seconds_bucket[5m])))",
            60
        ),
        (8, "count by (__name__) ({__name__=~\".+\"})", 0),
        (11, "node_filesystem_avail_bytes * on (instance) group_left (nodename) node_uname_info", 60),
        (12, "max_over_time(rate(node_network_receive_bytes_total[1m])[30m:1m])", 0),
        (13, "predict_linear(node_memory_MemFree_bytes[30m], 3600)", 60),
    ]

    static func run(machines: Int, rows: Int, only: Int?) async throws {
        let end: Int64 = 1_700_000_000_000
        let store = try Store(disk: SimulatedDisk(), now: Timestamp(milliseconds: end))
        try QueryBenchmark.fill(store, machines: machines, rows: rows, end: end)
        let begun = ContinuousClock.now
        let engine = LocalEngine(source: store, now: { ContinuousClock.now - begun })
        for query in queries where only == nil || query.number == only {
            let moment = Timestamp(milliseconds: end)
            let range =
                query.step == 0
                ? EvaluationRange.instant(moment)
                : EvaluationRange(start: moment - .seconds(3600), end: moment, step: .seconds(query.step))
            let expression = try Expression.parse(query.text)
            var walls: [Double] = []
            var explanation: QueryExplanation?
            let spent = processorTime()
            let runs = only == nil ? 11 : 101
            for run in 0..<runs {
                let start = ContinuousClock.now
                if run == 0 {
                    explanation = try await engine.explain(expression, over: range, limits: QueryLimits())
                        .explanation
                } else {
                    _ = try await engine.evaluate(expression, over: range, limits: QueryLimits())
                }
                walls.append((ContinuousClock.now - start) / .milliseconds(1))
            }
            walls.sort()
            let processor = (processorTime() - spent) / Double(runs) / 1e6
            print(
                "\(query.number)\twall \(text(walls[walls.count / 2]))\tcpu \(text(processor)) ms\t"
                    + "read \(text((explanation?.reading ?? .zero) / .milliseconds(1)))\t"
                    + "evaluate \(text((explanation?.evaluating ?? .zero) / .milliseconds(1)))\t\(query.text)"
            )
        }
    }

    /// Nanoseconds of CPU time of this process.
    private static func processorTime() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func text(_ number: Double) -> String { "\((number * 1000).rounded() / 1000)" }
}
