import Documents
import Glibc
import Scaling
import TextFiles

/// Policies beside other autoscalers over real demand: the tables of autoscaling.md 3.2. Run it as a release build:
///
///     scaling-benchmark POLICIES STARTUPS NAME=FILE.csv:CLASS:DAYS ...
///     scaling-benchmark speed POLICIES COUNT
///
/// POLICIES is a policy file, STARTUPS seconds with commas; of each trace `t_s,value` what follows after DAYS is
/// judged, and scores are means over the traces of a class (`periodic`, `aperiodic`, others are only shown).
@main struct ScalingBenchmark {
    struct Trace {
        var name: String
        var group: String
        var demand: DemandTrace
        var days: Int
    }

    /// The scores of one controller, by trace.
    struct Row {
        var name: String
        var scores: [BacktestScore]

        func mean(_ value: (BacktestScore) -> Double) -> Double {
            scores.reduce(0) { $0 + value($1) } / Double(max(1, scores.count))
        }
    }

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else {
            print("usage: scaling-benchmark POLICIES STARTUPS NAME=FILE.csv:CLASS:DAYS ...")
            exit(2)
        }
        if arguments[0] == "queue" { return try await QueueBenchmark.run(Array(arguments.dropFirst())) }
        if arguments[0] == "speed" { return try await speed(arguments[1], count: Int(arguments[2]) ?? 100) }
        let policies = try PolicyFile.load([(name: arguments[0], text: try TextFile.read(arguments[0]))])
        let startUps = arguments[1].split(separator: ",").compactMap { Int($0) }
        let traces = try arguments.dropFirst(2).map { try trace($0) }
        var groups: [String] = []
        for trace in traces where !groups.contains(trace.group) { groups.append(trace.group) }
        var judge = Judge()
        for startUp in startUps {
            for group in groups {
                let chosen = traces.filter { $0.group == group }
                let rows = await run(policies, chosen, startUp: startUp)
                table(rows, chosen, group: group, startUp: startUp)
                judge.take(rows, group: group, startUp: startUp)
            }
        }
        judge.report()
    }

    /// How long a run of many policies takes over four weeks of minutes.
    private static func speed(_ file: String, count: Int) async throws {
        guard let policy = try PolicyFile.load([(name: file, text: try TextFile.read(file))]).first else {
            return
        }
        let variants = (0..<count).map { index in
            var variant = policy
            variant.name = "\(index)"
            variant.prediction?.risk = 0.01 + 0.004 * Double(index)
            return variant
        }
        var noise = UInt64(1)
        let values = (0..<40_320).map { minute in
            noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let day = sin(2 * Double.pi * Double(minute % 1440) / 1440)
            return 100 + 60 * day + 20 * Double(noise >> 40) / Double(1 << 24)
        }
        guard let trace = DemandTrace(values, stepSeconds: 60) else { return }
        let start = cpuSeconds()
        _ = await BacktestPlan(trace: trace, policies: [variants[0]]).run()
        let first = cpuSeconds() - start
        _ = await BacktestPlan(trace: trace, policies: variants).run()
        let all = cpuSeconds() - start - first
        print("\(count) policies, 28 days of minutes, ticks of 15 s: \(short(all)) s CPU")
        print("  of these the forecasts and the first policy: \(short(first)) s")
        print("  a policy's tick: \(short((all - first) / Double(count - 1) / 161_277 * 1e6)) microseconds")
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func trace(_ text: String) throws -> Trace {
        let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
        let parts = halves.count == 2 ? halves[1].split(separator: ":").map(String.init) : []
        guard parts.count == 3, let days = Int(parts[2]) else { throw TextFile.ReadError(file: text) }
        return Trace(
            name: halves[0], group: parts[1],
            demand: try DemandTrace.parse(csv: try TextFile.read(parts[0]), file: parts[0]), days: days)
    }

    private static func run(_ policies: [ScalingPolicy], _ traces: [Trace], startUp: Int) async -> [Row] {
        var rows: [Row] = []
        for trace in traces {
            let settings = Backtest.Settings(
                startUpSeconds: startUp, evaluateAfterSeconds: trace.days * 86_400)
            let plan = BacktestPlan(
                trace: trace.demand, settings: settings, policies: policies, comparators: Comparator.allCases)
            for (index, result) in await plan.run().enumerated() {
                if index == rows.count { rows.append(Row(name: result.name, scores: [])) }
                rows[index].scores.append(result.score)
            }
        }
        return rows
    }

    private static func table(_ rows: [Row], _ traces: [Trace], group: String, startUp: Int) {
        print("\n\(group), start-up \(startUp) s: \(traces.map(\.name).joined(separator: ", "))")
        let heads = [
            "unserved%", "cost", "changes/h", "reversals/h", "thetaU", "thetaO", "tauU", "ups", "sigma",
        ]
        print(pad("", 32, left: true) + heads.map { pad($0, 12) }.joined() + "   cost of each")
        for row in rows {
            let numbers = [
                row.mean(\.unservedPercent), row.mean(\.costRatio), row.mean(\.adaptationsPerHour),
                row.mean(\.reversalsPerHour), row.mean(\.spec.thetaU), row.mean(\.spec.thetaO),
                row.mean(\.spec.tauU), row.mean(\.spec.ups), row.mean(\.spec.sigma),
            ]
            let each = row.scores.map { "\(short($0.unservedPercent))/\(short($0.costRatio))" }
            print(
                pad(row.name, 32, left: true) + numbers.map { pad(short($0), 12) }.joined() + "   "
                    + each.joined(separator: " "))
        }
    }

    static func short(_ number: Double) -> String {
        let thousandths = (abs(number) * 1000).rounded()
        guard thousandths < 1e12 else { return "\(number)" }
        let whole = Int(thousandths) / 1000
        let rest = "\(Int(thousandths) % 1000)"
        return (number < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    private static func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(1, width - text.count))
        return left ? text + space : space + text
    }
}

/// Which of the goals are met.
struct Judge {
    private var lines: [String] = []

    mutating func take(_ rows: [ScalingBenchmark.Row], group: String, startUp: Int) {
        func row(_ name: String) -> ScalingBenchmark.Row? { rows.first { $0.name == name } }
        guard let hpa = row("hpa-v2"), let external = row("keda") else { return }
        let place = "\(group), \(startUp) s"
        for policy in rows where !Comparator.allCases.contains(where: { $0.rawValue == policy.name }) {
            let unserved = policy.mean(\.unservedPercent)
            let cost = policy.mean(\.costRatio)
            if group == "periodic", startUp == 180 {
                let isSafe = unserved <= 0.09 && cost <= hpa.mean(\.costRatio)
                let isLean = cost <= 1.13 && unserved <= hpa.mean(\.unservedPercent)
                add(place, policy.name, "unserved <= 0.09 % at no more than hpa-v2's cost", isSafe)
                add(place, policy.name, "cost <= 1.13 at no more than hpa-v2's unserved", isLean)
                add(
                    place, policy.name, "no more changes and reversals than hpa-v2",
                    policy.mean(\.adaptationsPerHour) <= hpa.mean(\.adaptationsPerHour)
                        && policy.mean(\.reversalsPerHour) <= hpa.mean(\.reversalsPerHour))
            }
            if group == "aperiodic" {
                for (reference, name) in [
                    (hpa, "hpa-v2"), (external, "keda, which is HPA on unsaturated load,"),
                ] {
                    add(
                        place, policy.name, "no worse than \(name) on either axis",
                        unserved <= reference.mean(\.unservedPercent) && cost <= reference.mean(\.costRatio))
                }
            }
            add(
                place, policy.name, "no series above twice the ideal cost",
                policy.scores.allSatisfy { $0.costRatio <= 2 })
        }
    }

    private mutating func add(_ place: String, _ policy: String, _ goal: String, _ isMet: Bool) {
        lines.append("\(isMet ? "met" : "not") | \(place) | \(policy) | \(goal)")
    }

    func report() {
        print("\ngoals")
        for line in lines { print(line) }
    }
}
