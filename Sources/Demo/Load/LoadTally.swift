import TimeSeries

/// What became of the requests of one stretch of time.
struct LoadTally: Sendable {
    private(set) var ok = 0
    /// Answered with 200, but too late.
    private(set) var late = 0
    private(set) var failed = 0
    private var latencies: [Double] = []

    mutating func count(succeeded: Bool, latency: Double, lateAfter: Double) {
        latencies.append(latency)
        if !succeeded { failed += 1 } else if latency > lateAfter { late += 1 } else { ok += 1 }
    }

    /// One that was never sent.
    mutating func drop() { failed += 1 }

    /// In seconds; zero where nothing was measured.
    func quantile(_ q: Double) -> Double {
        guard !latencies.isEmpty else { return 0 }
        let sorted = latencies.sorted()
        return sorted[min(sorted.count - 1, Int(clamping: q * Double(sorted.count - 1)) ?? 0)]
    }

    /// One line for a person.
    func line(elapsed: Duration, target: Double, over seconds: Double) -> String {
        func milliseconds(_ value: Double) -> String { "\(Int(clamping: value * 1000) ?? 0)ms" }
        let total = ok + late + failed
        let rate = Int(clamping: Double(total) / max(seconds, 0.001)) ?? 0
        let whole = Duration.seconds(elapsed.components.seconds).prometheusText
        return "load \(whole): wanted \(Int(clamping: target) ?? 0)/s, sent \(rate)/s, ok \(ok), "
            + "late \(late), failed \(failed), p50 \(milliseconds(quantile(0.5))), "
            + "p99 \(milliseconds(quantile(0.99)))"
    }
}
