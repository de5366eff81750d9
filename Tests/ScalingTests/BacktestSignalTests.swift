import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// What the signals of a policy read in a backtest, and what a backtest refuses.
struct BacktestSignalTests {
    private func view(utilisation: Double?, queued: Double = 0, ready: Int = 10) -> BacktestView {
        BacktestView(
            seconds: 0, load: 80, utilisation: utilisation, unboundUtilisation: utilisation, backlog: 0,
            queued: queued, ready: ready, starting: 0, desired: ready)
    }

    private func signal(
        _ target: SignalPolicy.Target, _ unit: SignalPolicy.Unit = .plain, name: String = "s"
    ) -> SignalPolicy {
        SignalPolicy(name: name, query: "x", target: target, unit: unit)
    }

    /// Six days of hours: a rise from 20 to 100 and back, each day.
    private let trace: DemandTrace = {
        let values = (0..<6 * 24).map { (hour: Int) -> Double in
            let fromNoon = abs(hour % 24 - 12)
            return 100 - 80 * Double(fromNoon) / 12
        }
        return DemandTrace(values, stepSeconds: 3600)!
    }()
    private let settings = Backtest.Settings(
        startUpSeconds: 60, evaluateAfterSeconds: 4 * 86_400, tickSeconds: 15)

    private func policy(_ name: String, _ signals: [SignalPolicy]) -> ScalingPolicy {
        ScalingPolicy(name: name, workload: WorkloadID("trace")!, maxReplicas: 150, signals: signals)
    }

    @Test
    func `latency meets the objective where a replica serves what it can, and waits for the queue`() throws {
        func latency(_ view: BacktestView) throws -> Double {
            try #require(PolicyController.latency(view, objective: 0.25))
        }

        #expect(try abs(latency(view(utilisation: 0.8)) - 0.25) < 1e-12)
        #expect(try abs(latency(view(utilisation: 0)) - 0.05) < 1e-12)
        #expect(try abs(latency(view(utilisation: 1)) - 1) < 1e-12)
        // 25 seconds of what one replica serves within its objective are 2 of ten replicas at their limit.
        #expect(try abs(latency(view(utilisation: 1, queued: 25)) - 3) < 1e-12)
        #expect(PolicyController.latency(view(utilisation: nil, ready: 0), objective: 0.25) == nil)
    }

    @Test
    func `requests give up after their timeout, and jobs do not`() {
        var sensor = Sensor(tickSeconds: 15, capacity: 10, timeoutSeconds: 60)

        // Twice what ten replicas can do at their limit, for an hour.
        for _ in 0..<240 { sensor.measure(250, ready: 10) }

        #expect(sensor.backlog == 240 * 15 * 12.5)
        // What came within a minute waits; what is served of it has waited for a minute.
        #expect(sensor.queued(ready: 100) == 60 * 25)
        #expect(sensor.queued(ready: 10) == 60 * 12.5)

        // With enough replicas it is gone as soon as it is worked off.
        sensor.measure(0, ready: 100)
        #expect(sensor.queued(ready: 100) == 0)
        #expect(sensor.backlog > 0)
    }

    @Test(arguments: [
        (SignalPolicy.Target.perReplica(50), SignalPolicy.Unit.plain, PolicyController.Source.load, false),
        (.backlog(rate: 1, within: .seconds(30)), .plain, .backlog, false),
        (.objective(0.25), .seconds, .latency, false),
        (.mean(0.6), .share, .utilisation, false),
        (.mean(0.6), .plain, .utilisation, true),
        (.mean(60), .plain, .percent, true),
        (.mean(1000), .plain, .loadPerReplica, true),
        (.mean(512), .bytes, .loadPerReplica, true),
        (.steps([SignalPolicy.Step(.above(0.8), .replicas(1))]), .share, .utilisation, false),
        (.steps([SignalPolicy.Step(.above(80), .replicas(1))]), .plain, .percent, true),
        (.steps([SignalPolicy.Step(.above(800), .replicas(1))]), .plain, .load, true),
    ])
    func `a signal reads what its target looks like, and a guess is told`(
        target: SignalPolicy.Target, unit: SignalPolicy.Unit, source: PolicyController.Source, isGuess: Bool
    ) {
        let plan = BacktestPlan(
            trace: trace, settings: settings, policies: [policy("p", [signal(target, unit)])])

        #expect(PolicyController.Source(of: signal(target, unit)) == source)
        #expect(
            plan.assumptions.map { $0.contains("taken for \(source.rawValue);") } == (isGuess ? [true] : []))
    }

    @Test
    func `a latency objective beside a load guards it and does not run to the maximum`() async {
        let load = signal(.perReplica(50), name: "load")
        let alone = policy("alone", [load])
        let guarded = policy("guarded", [load, signal(.objective(0.25), .seconds, name: "latency")])

        let results = await BacktestPlan(trace: trace, settings: settings, policies: [alone, guarded]).run()

        #expect(results[1].score.costRatio < 1.2 * results[0].score.costRatio, "\(results)")
        #expect(results[1].score.unservedPercent <= results[0].score.unservedPercent, "\(results)")
        #expect(results[1].score.adaptationsPerHour > 0.5, "\(results)")
    }

    @Test
    func `a mean in percent decides as the same in shares, and a mean of something else by the load`() async {
        let plan = BacktestPlan(
            trace: trace, settings: settings,
            policies: [
                policy("share", [signal(.mean(0.6), .share)]), policy("percent", [signal(.mean(60))]),
                policy("load", [signal(.perReplica(50))]), policy("sessions", [signal(.mean(1000))]),
            ])

        let scores = await plan.run().map(\.score)

        #expect(scores[0] == scores[1])
        #expect(scores[0].costRatio > 1.2)
        #expect(abs(scores[2].costRatio - scores[3].costRatio) < 0.1, "\(scores)")
    }

    @Test
    func `what is only observed is tried as if it decided`() async {
        let modes = ScalingPolicy.Mode.allCases
        let policies = modes.flatMap { mode -> [ScalingPolicy] in
            var predicting = policy("load \(mode.rawValue)", [signal(.perReplica(50), name: "load")])
            predicting.prediction = Prediction(signal: "load", history: .seconds(86_400))
            predicting.behaviour.flapBudget = ScalingBehaviour.FlapBudget(
                changes: 2, period: .seconds(3600))
            var mean = policy("mean \(mode.rawValue)", [signal(.mean(0.6), .share)])
            predicting.mode = mode
            mean.mode = mode
            return [predicting, mean]
        }

        let scores = await BacktestPlan(trace: trace, settings: settings, policies: policies).run()
            .map(\.score)

        #expect(Set(scores).count == 2, "\(scores)")
    }

    @Test
    func `what a replica serves of the trace tells what another per_replica does`() async throws {
        let known = try #require(DemandTrace(trace.values, stepSeconds: trace.stepSeconds, capacity: 2))
        let policies = [2.0, 1].map { policy("\($0)", [signal(.perReplica($0))]) }
        let scaled = BacktestPlan(trace: known, settings: settings, policies: policies)
        let unscaled = BacktestPlan(
            trace: known, settings: settings, policies: policies, isScaled: false)

        let equal = await scaled.run().map(\.score)
        let different = await unscaled.run().map(\.score)

        #expect(equal[0] == equal[1])
        #expect(different[0] == equal[0])
        #expect(different[1].costRatio > 1.8 * different[0].costRatio, "\(different)")
        #expect(scaled.assumptions.map { $0.hasPrefix("per_replica makes no difference here") } == [true])
        #expect(unscaled.assumptions.isEmpty)
    }

    @Test
    func `bounds that leave demand unserved whatever is decided are told`() throws {
        // Up to 100 of it; a replica serves 1, so that most of the time more than 60 are needed.
        let known = try #require(
            DemandTrace(trace.values, stepSeconds: trace.stepSeconds, capacity: trace.capacity / 4))
        var bound = policy("p", [signal(.perReplica(1))])
        bound.maxReplicas = 10
        let plan = BacktestPlan(trace: known, settings: settings, policies: [bound])

        #expect(plan.assumptions.count == 2, "\(plan.assumptions)")
        #expect(plan.assumptions.first?.contains("of the time more than a policy's max of 10,") == true)
        #expect(
            plan.assumptions.last?.contains("more than the most that are simulated, 150, which leaves")
                == true,
            "\(plan.assumptions)")
        bound.maxReplicas = 150
        #expect(BacktestPlan(trace: trace, settings: settings, policies: [bound]).assumptions == [])
    }

    @Test
    func `results come in the order that was asked for`() async {
        let plan = BacktestPlan(
            trace: trace, settings: settings, policies: [policy("b", [signal(.mean(0.6), .share)])],
            comparators: [.hpa, .fixed], order: ["static", "b"])

        #expect(await plan.run().map(\.name) == ["static", "b", "hpa-v2"])
    }

    private func refusal(
        evaluateAfter: Int = 86_400, sources: [String: PolicyController.Source] = [:]
    ) -> String? {
        let plan = BacktestPlan(
            trace: trace, settings: Backtest.Settings(evaluateAfterSeconds: evaluateAfter),
            policies: [
                policy(
                    "p",
                    [signal(.perReplica(50), name: "load"), signal(.objective(0.25), .seconds, name: "wait")])
            ],
            sources: sources)
        do throws(BacktestPlan.Refusal) {
            try plan.check()
            return nil
        } catch {
            return error.message
        }
    }

    @Test
    func `a trace of which nothing is judged is refused with a remedy`() {
        #expect(refusal(evaluateAfter: trace.durationSeconds - 1) == nil)
        #expect(
            refusal(evaluateAfter: trace.durationSeconds)?.contains("such as --evaluate-after 1d23h") == true)
    }

    @Test
    func `a source for a signal that is not there, or for one that has no latency, is refused`() {
        #expect(refusal(sources: ["load": .utilisation, "wait": .latency]) == nil)
        #expect(refusal(sources: ["lod": .load])?.hasSuffix("the policies have load, wait") == true)
        #expect(refusal(sources: ["load": .latency])?.hasPrefix("--signal load=latency") == true)
    }

    @Test
    func `a trace is read whatever ends its lines`() throws {
        let unix = try DemandTrace.parse(csv: "t_s,value\n0,1\n60,2\n120,\n", file: "t.csv")
        let other = try DemandTrace.parse(csv: "t_s,value\r\n0,1\r\n60,2\r\n120,\r\n", file: "t.csv")
        let named = try DemandTrace.parse(csv: "t,a,b\r\n0,1,3\r\n60,2,4\r\n", file: "t.csv", column: "b")

        #expect(other.values == unix.values)
        #expect(named.values == [3, 4])
    }
}
