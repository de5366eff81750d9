import Fleet
import PromQL
import Testing
import TimeSeries

@testable import Scaling

/// Everything that can be wrong with measurements, for ten minutes, under every kind of policy: series through PromQL
/// and `decide`, as in production. Twelve replicas are needed throughout, whatever the data say.
struct OutageMatrixTests {
    enum Fault: String, CaseIterable {
        case totalLoss, oneSource, staleButPresent, frozen, partial, notANumber, zeroInsteadOfError,
            resetCounters
        /// Some or all stop without a marker, while their targets answer.
        case somePause, allPause
        case spike, clockAhead, clockBehind, negative, ended
    }

    enum Kind: String, CaseIterable {
        case cpu, queue, latency, multi
    }

    private static let sources = 12
    private static let step = 15
    /// Steps of a quarter of a minute: ten minutes of calm, ten of fault, twenty after.
    private static let fault = 40..<80
    private static let steps = 160
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func policy(_ kind: Kind, isQuick: Bool = false) throws -> ScalingPolicy {
        let load = "{ name: load, query: 'sum(rate(requests_total{workload=\"web\"}[1m]))', per_replica: 50 }"
        let cpu = "{ name: cpu, query: 'avg(rate(cpu_seconds_total{workload=\"web\"}[1m]))', mean: 60% }"
        let queue =
            "{ name: queue, query: 'sum(queue_length{workload=\"web\"})', drain_rate: 1, drain_within: 50s }"
        let latency =
            "{ name: latency, query: 'histogram_quantile(0.9, sum by (le) "
            + "(rate(latency_bucket{workload=\"web\"}[1m])))', objective: 250ms }"
        let signals =
            switch kind {
            case .cpu: cpu
            case .queue: queue
            case .latency: latency
            case .multi: [load, cpu, queue, latency].joined(separator: ", ")
            }
        let behaviour = isQuick ? "behaviour: { scale_down: { window: 0s, limit: none } }, " : ""
        let text =
            "policies:\n- { name: p, workload: web, replicas: { max: 100 }, interval: 15s, \(behaviour)"
            + "signals: [ \(signals) ] }\n"
        return try #require(try PolicyFile.load([(name: "p.yml", text: text)]).first)
    }

    /// What one source shows at a step: nil where nothing arrives.
    private func value(_ fault: Fault, source: Int, step: Int, rate: Double, isCounter: Bool) -> String? {
        let first = Self.fault.lowerBound
        func plain(_ step: Int) -> Double { isCounter ? 10_000 + rate * Double(step * Self.step) : rate }
        let into = step - first
        if step < first { return "\(plain(step))" }
        if !Self.fault.contains(step) {
            guard isCounter else { return "\(plain(step))" }
            return switch fault {
            case .resetCounters: "\(rate * Double(into * Self.step))"
            case .frozen: "\(plain(step - Self.fault.count))"
            case .spike: "\(plain(step) + 10 * rate * Double(2 * Self.step))"
            default: "\(plain(step))"
            }
        }
        switch fault {
        case .totalLoss: return into == 0 ? "stale" : nil
        case .oneSource: return source == 0 ? (into == 0 ? "stale" : nil) : "\(plain(step))"
        case .partial: return source < 5 ? (into == 0 ? "stale" : nil) : "\(plain(step))"
        case .staleButPresent, .allPause: return nil
        case .somePause: return source < 5 ? nil : "\(plain(step))"
        case .frozen: return "\(plain(first - 1))"
        case .notANumber: return "NaN"
        case .zeroInsteadOfError: return "0"
        case .resetCounters: return isCounter ? "\(rate * Double(into * Self.step))" : "\(rate)"
        case .spike:
            if isCounter { return "\(plain(step) + 10 * rate * Double(min(into + 1, 2) * Self.step))" }
            return "\(into < 2 ? 10 * rate : rate)"
        case .negative: return isCounter ? "\(plain(step))" : "-1"
        case .ended: return source < 5 ? (into == 0 ? "stale" : nil) : "\(plain(step))"
        case .clockAhead, .clockBehind: return "\(plain(step))"
        }
    }

    private func engine(_ fault: Fault) throws -> LocalEngine {
        var storage = ScriptStorage()
        func add(_ name: String, _ labels: String, source: Int, rate: Double, isCounter: Bool) throws {
            let values = (0..<Self.steps).map {
                value(fault, source: source, step: $0, rate: rate, isCounter: isCounter) ?? "_"
            }
            let text =
                "\(name){workload=\"web\", instance=\"i\(source)\"\(labels)} " + values.joined(separator: " ")
            storage.load(try SeriesNotation(text), interval: .seconds(Self.step), start: start)
        }
        for source in 0..<Self.sources {
            try add("requests_total", "", source: source, rate: 50, isCounter: true)
            try add("cpu_seconds_total", "", source: source, rate: 0.6, isCounter: true)
            try add("queue_length", "", source: source, rate: 50, isCounter: false)
            for (bound, share) in [("0.1", 0.2), ("0.2", 0.8), ("0.25", 1.0), ("+Inf", 1.0)] {
                try add(
                    "latency_bucket", ", le=\"\(bound)\"", source: source, rate: 50 * share, isCounter: true)
            }
            let up = (0..<Self.steps).map { step -> String in
                guard Self.fault.contains(step) else { return "1" }
                switch fault {
                case .totalLoss: return "0"
                case .oneSource: return source == 0 ? "0" : "1"
                case .partial: return source < 5 ? "0" : "1"
                case .staleButPresent: return "_"
                default: return "1"
                }
            }
            storage.load(
                try SeriesNotation(
                    "up{workload=\"web\", instance=\"i\(source)\"} " + up.joined(separator: " ")),
                interval: .seconds(Self.step), start: start)
        }
        return LocalEngine(source: storage.source)
    }

    /// A source whose clock is wrong and whose numbers are too.
    private func skewed(_ measurement: Measurement, by time: Duration) -> Measurement {
        var copy = measurement
        for index in copy.signals.indices {
            if case .value(let value, let at) = copy.signals[index].reading {
                copy.signals[index].reading = .value(value / 10, measuredAt: at + time)
            }
        }
        return copy
    }

    private func counts(_ fault: Fault, _ kind: Kind, isQuick: Bool = false) async throws -> [Int] {
        let policy = try policy(kind, isQuick: isQuick)
        let measurer = Measurer(engine: try engine(fault))
        var memory = ScalingMemory()
        var count = 12
        var counts: [Int] = []
        // The windows of rate() are full from the fourth step on.
        for step in 5..<Self.steps {
            let now = start + .seconds(step * Self.step)
            let round = await measurer.measure([policy], at: now)
            var measurement = try #require(round.measurements.first)
            if Self.fault.contains(step), fault == .clockAhead {
                measurement = skewed(measurement, by: .seconds(3600))
            }
            if Self.fault.contains(step), fault == .clockBehind {
                measurement = skewed(measurement, by: .seconds(-3600))
            }
            let counted = ReplicaCounts(desired: count, ready: count, starting: 0)
            count = decide(policy, measurement, counts: counted, memory: &memory, now: now).desired
            counts.append(count)
        }
        return counts
    }

    @Test(arguments: Fault.allCases, Kind.allCases)
    func `missing or garbage data removes nothing, and recovery does not swing`(fault: Fault, kind: Kind)
        async throws
    {
        let counts = try await counts(fault, kind)

        #expect(counts.allSatisfy { $0 >= 12 }, "\(fault) \(kind): \(counts)")
        var turns = 0
        var last = 0
        for (before, after) in zip(counts, counts.dropFirst()) where after != before {
            let direction = after > before ? 1 : -1
            if last != 0, direction != last { turns += 1 }
            last = direction
        }
        #expect(turns <= 1, "\(fault) \(kind): \(counts)")
        // A spike, and a counter that comes back from 0, look like demand; nothing else does.
        if fault != .spike, fault != .zeroInsteadOfError {
            #expect(counts.max() == 12, "\(fault) \(kind): \(counts)")
        }
    }

    /// Without a window and limit that would hide it either: while it lasts an outage removes nothing, nor do ranges that
    /// fill up again when it is over.
    @Test(
        arguments: [Fault.totalLoss, .oneSource, .staleButPresent, .partial, .somePause, .allPause, .ended],
        [Kind.cpu, .queue, .latency])
    func `missing data removes nothing at once`(fault: Fault, kind: Kind) async throws {
        let counts = try await counts(fault, kind, isQuick: true)

        #expect(counts.allSatisfy { $0 >= 12 }, "\(fault) \(kind): \(counts)")
    }

    @Test
    func `a healthy signal keeps its authority to add beside one without data`() async throws {
        let policy = try policy(.multi)
        let now = start
        var memory = ScalingMemory()
        var measurement = Measurement(
            policy: "p", workload: policy.workload, at: now,
            signals: policy.signals.map { Signal(name: $0.name, reading: .missing) })
        measurement.signals[0].reading = .value(900, measuredAt: now)

        let decision = decide(
            policy, measurement, counts: ReplicaCounts(desired: 12, ready: 12, starting: 0), memory: &memory,
            now: now)

        #expect(decision.desired == 18)
    }

    /// kedacore/keda#4249: a source that comes and goes must not swing the count between the fallback and the least.
    @Test
    func `a source that comes and goes does not swing the count`() throws {
        var policy = try policy(.queue)
        policy.fallback = ScalingPolicy.Fallback(replicas: 6, after: .seconds(30))
        var memory = ScalingMemory()
        var counts: [Int] = [6]
        for step in 0..<120 {
            let now = start + .seconds(step * 15)
            let reading: Signal.Reading = step % 8 < 4 ? .missing : .value(10, measuredAt: now)
            let measurement = Measurement(
                policy: "p", workload: policy.workload, at: now,
                signals: [Signal(name: "queue", reading: reading)])
            let count = counts[counts.count - 1]
            counts.append(
                decide(
                    policy, measurement, counts: ReplicaCounts(desired: count, ready: count, starting: 0),
                    memory: &memory, now: now
                ).desired)
        }

        #expect(Set(counts) == [6])
    }
}
