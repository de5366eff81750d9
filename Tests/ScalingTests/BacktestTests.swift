import Documents
import Fleet
import Glibc
import Testing
import TimeSeries

@testable import Scaling

struct BacktestTests {
    /// Days of five-minute steps: 20 at night, 100 by day, with half an hour from one to the other.
    /// - Parameter lastBegin: the hour at which the last day begins.
    private func days(_ count: Int, lastBegin: Double = 8) -> DemandTrace {
        let values = (0..<count * 288).map { index in
            let hour = Double(index % 288) / 12
            let begin = index / 288 == count - 1 ? lastBegin : 8
            return 20 + 80 * min(1, max(0, min((hour - begin) * 2, (20 - hour) * 2)))
        }
        return DemandTrace(values, stepSeconds: 300)!
    }

    /// The same, each value up to a sixth more or less.
    private func noisyDays(_ count: Int) -> DemandTrace {
        let calm = days(count)
        var state: UInt64 = 1
        let values = (0..<count * 288).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return calm.demand(atSeconds: index * 300) * (5 / 6 + Double(state >> 40) / 0x3000000)
        }
        return DemandTrace(values, stepSeconds: 300)!
    }

    private func settings(startUp: Int) -> Backtest.Settings {
        Backtest.Settings(startUpSeconds: startUp, evaluateAfterSeconds: 4 * 86_400, tickSeconds: 60)
    }

    private func comparator(_ comparator: Comparator, _ trace: DemandTrace, startUp: Int = 180)
        -> BacktestScore
    {
        let settings = settings(startUp: startUp)
        return Backtest(trace, settings).run(comparator.controller(trace, settings))
    }

    private func predictive(_ trace: DemandTrace) -> ScalingPolicy {
        ScalingPolicy(
            name: "predictive", workload: WorkloadID("trace")!, maxReplicas: 150,
            signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
            prediction: Prediction(signal: "load"))
    }

    @Test
    func `capacity makes a fleet of fifty at the peak`() {
        let trace = DemandTrace([Double](repeating: 100, count: 10), stepSeconds: 60)

        #expect(trace?.capacity == 2)
    }

    @Test
    func `a replica is ready after its start-up, and removal cancels what starts`() {
        var fleet = SimulatedFleet(ready: 2, startUp: 60)

        fleet.scale(to: 5, at: 0)
        fleet.advance(to: 59)
        #expect(fleet.ready == 2)
        fleet.scale(to: 4, at: 59)
        fleet.advance(to: 60)
        #expect(fleet.ready == 4)
        fleet.scale(to: 1, at: 75)
        #expect(fleet.ready == 1)
        #expect(fleet.total == 1)
    }

    @Test
    func `who knows the future serves everything at little cost`() {
        let score = comparator(.clairvoyant, days(6))

        #expect(score.unservedPercent == 0)
        #expect((1.0...1.03).contains(score.costRatio))
    }

    @Test
    func `the horizontal pod autoscaler costs the inverse of its headroom, and is late by the start-up`() {
        let trace = days(6)
        let quick = comparator(.hpa, trace, startUp: 0)
        let slow = comparator(.hpa, trace, startUp: 1800)

        #expect((1.2...1.45).contains(quick.costRatio))
        #expect(quick.unservedPercent < 0.1)
        #expect(slow.unservedPercent > 10 * quick.unservedPercent)
    }

    @Test
    func `a static count is never late and dear`() {
        let score = comparator(.fixed, days(6))

        #expect(score.unservedPercent == 0)
        #expect(score.adaptationsPerHour == 0)
        #expect(score.costRatio > 1.5)
    }

    @Test
    func `every comparator survives a trace of nothing but a spike`() {
        var values = [Double](repeating: 0, count: 6 * 288)
        values[5 * 288] = 1000
        let trace = DemandTrace(values, stepSeconds: 300, capacity: 20)!

        for comparator in Comparator.allCases {
            #expect(self.comparator(comparator, trace).costRatio.isFinite)
        }
    }

    @Test
    func `foresight beats hindsight when start-ups are slow`() async {
        let trace = days(6)
        let settings = settings(startUp: 1800)
        let plan = BacktestPlan(
            trace: trace, settings: settings, policies: [predictive(trace)], comparators: [.hpa])

        let results = await plan.run()

        #expect(results.map(\.name) == ["hpa-v2", "predictive"])
        #expect(results[1].score.unservedPercent < results[0].score.unservedPercent / 5)
    }

    @Test
    func `the same run twice has the same result`() async {
        let trace = days(5)
        let settings = settings(startUp: 180)
        let plan = BacktestPlan(
            trace: trace, settings: settings, policies: [predictive(trace)], comparators: Comparator.allCases)

        #expect(await plan.run() == plan.run())
    }

    @Test
    func `a rise between two values of the trace is seen before the second`() async throws {
        let trace = days(6, lastBegin: 7)
        let policy = predictive(trace)
        var tracks = ForecastTracks(trace, settings(startUp: 600), [policy])
        await tracks.make { _ in }
        let forecasts = try #require(tracks.forecasts(for: policy))
        // A minute after a value on the rise in the morning of the last day, which is earlier than ever and stands for that
        // value alone, and three later.
        let moment = 5 * 86_400 + 7 * 3600 + 600

        let first = try #require(forecasts.outlook(atSeconds: moment + 60, scale: 1))
        let later = try #require(forecasts.outlook(atSeconds: moment + 240, scale: 1))
        let tooEarly = forecasts.outlook(atSeconds: 0, scale: 1)

        #expect(later.expectedPeak > first.expectedPeak, "\(first), \(later)")
        #expect(tooEarly == nil)
    }

    @Test
    func `the step of a policy is that of its forecasts, and none is finer than the trace`() async throws {
        let trace = noisyDays(6)
        let policies = [nil, 60, 600, 3600].map { step in
            var policy = predictive(trace)
            policy.prediction?.step = step.map { .seconds($0) }
            return policy
        }
        var tracks = ForecastTracks(trace, settings(startUp: 600), policies)
        await tracks.make { _ in }

        let outlooks = try policies.map { policy in
            try #require(
                tracks.forecasts(for: policy)?.outlook(atSeconds: 5 * 86_400 + 7 * 3600 + 900, scale: 1))
        }

        #expect(outlooks.map(\.horizon) == [900, 900, 1200, 7200].map { .seconds($0) })
        #expect(outlooks[0] == outlooks[1])
        #expect(Set(outlooks.map(\.peak)).count == 3, "\(outlooks)")
    }

    @Test
    func `policies of one run have each its own seasons`() async throws {
        let trace = noisyDays(8)
        let seasons: [[Duration]?] = [nil, [.seconds(86_400)], []]
        let policies = seasons.map { seasons in
            var policy = predictive(trace)
            policy.prediction?.seasons = seasons
            return policy
        }
        var tracks = ForecastTracks(trace, settings(startUp: 1800), policies)
        await tracks.make { _ in }

        // A quarter of an hour before a day begins, of which only its own past tells.
        let expected = try policies.map { policy in
            try #require(
                tracks.forecasts(for: policy)?.outlook(atSeconds: 6 * 86_400 + 7 * 3600 + 2700, scale: 1)
            ).expectedPeak
        }

        #expect(expected[0] > 40, "\(expected)")
        #expect(expected[1] > 40, "\(expected)")
        #expect(expected[2] < 30, "\(expected)")
    }

    @Test
    func `policies that share forecasts have the results of each alone, and progress ends at one`() async {
        let trace = noisyDays(6)
        let settings = settings(startUp: 1800)
        let policies = [(0.02, 600), (0.02, 1800), (0.2, 600)].map { risk, hold in
            var policy = predictive(trace)
            policy.name = "\(risk) \(hold)"
            policy.prediction?.risk = risk
            policy.prediction?.hold = .seconds(hold)
            return policy
        }
        var shares: [Double] = []

        let together = await BacktestPlan(trace: trace, settings: settings, policies: policies)
            .run(progress: { shares.append($0) })

        for (policy, result) in zip(policies, together) {
            let alone = await BacktestPlan(trace: trace, settings: settings, policies: [policy]).run()
            #expect(alone == [result])
        }
        // With noise, what is planned for tells.
        #expect(Set(together.map(\.score.costRatio)).count > 1)
        #expect(shares == shares.sorted() && shares.first == 0 && shares.last == 1)
    }

    @Test
    func `without reasons a decision has the same count`() {
        var scene = Scene(target: .perReplica(50), behaviour: ScalingBehaviour(), current: 3)
        for load in stride(from: 0.0, through: 3000, by: 61) {
            var memory = scene.memory
            let measurement = Measurement(
                policy: "p", workload: scene.policy.workload, at: scene.now,
                signals: [Signal(name: "load", reading: .value(load, measuredAt: scene.now))])
            let counts = ReplicaCounts(desired: scene.current, ready: scene.current, starting: 0)
            let silent = decide(
                scene.policy, measurement, counts: counts, memory: &memory, now: scene.now, explains: false)

            #expect(silent.reasons.isEmpty)
            #expect(scene.decide(load).desired == silent.desired)
            scene.pass(.seconds(15))
        }
    }

    @Test
    func `policies compete by the share of SPEC's metrics they win, and by the speed-up over a fixed count`()
    {
        func result(_ name: String, _ theta: Double, _ tau: Double) -> BacktestPlan.Result {
            let spec = BacktestScore.SPEC(thetaU: theta, thetaO: theta, tauU: tau, tauO: tau, ups: 1)
            return BacktestPlan.Result(name: name, score: BacktestScore(spec: spec))
        }
        let competition = BacktestCompetition([result("a", 1, 2), result("b", 4, 2), result("static", 4, 8)])

        // Two won and three drawn against b, four won and one drawn against the fixed count.
        #expect(competition.kappa(0) == 0.8)
        #expect(competition.epsilon(0) == 4)
        #expect(competition.epsilon(1) == 2)
        #expect(BacktestCompetition([result("a", 1, 2)]).kappa(0) == nil)
        #expect(BacktestCompetition([result("a", 1, 2)]).epsilon(0) == nil)
        #expect(BacktestCompetition([result("a", 0, 2), result("static", 4, 8)]).epsilon(0) == nil)
    }

    @Test
    func `a report is JSON with the agreed names`() {
        let results = [
            BacktestPlan.Result(name: "p", score: BacktestScore(unservedPercent: 0.5, costRatio: 1.25))
        ]

        #expect(
            String(decoding: BacktestPlan.json(results), as: UTF8.self)
                == #"{"policies":[{"policy":"p","unserved_percent":0.5,"cost_ratio":1.25,"adaptations_per_hour":0,"#
                + #""reversals_per_hour":0,"spec":{"theta_u":0,"theta_o":0,"tau_u":0,"tau_o":0,"ups":0,"sigma":0}}]}"#
        )
    }

    @Test
    func `a trace is read from rows of seconds and values, gaps included`() throws {
        let trace = try DemandTrace.parse(csv: "t_s,value\n0,1\n60,2\n120,\n240,5\n", file: "t.csv")

        #expect(trace.values == [1, 2, 2, 2, 5])
        #expect(trace.stepSeconds == 60)
    }

    @Test(arguments: [
        "\"time\",\"load\"\n\"0\",\"1\"\n\"60\",\"2\"\n\"120\",\"\"\n\"240\",\"5\"\n",
        "t_s, load\n0, 1\n60, 2\n120, NA\n240, 5\n",
        "t,load\n1767225600000,1\n1767225660000,2\n1767225840000,5\n",
    ])
    func `a trace is read as spreadsheets and databases write it`(text: String) throws {
        let trace = try DemandTrace.parse(csv: text, file: "t.csv", column: "load")

        #expect(trace.values == [1, 2, 2, 2, 5])
        #expect(trace.stepSeconds == 60)
    }

    @Test(arguments: [
        ("t_s,value\n0,1\nx,2\n", "t.csv:3:1: expected seconds and a value, found \"x,2\""),
        (
            "t_s,value\n0,1\n0,2\n",
            "t.csv:3:1: time goes back or repeats in the first column; where that is no time, --step says how far rows "
                + "are apart"
        ),
        (
            "value\n1\n2\n",
            "t.csv:2:1: expected seconds and a value, found \"1\"; where there are no times, --step says how far rows "
                + "are apart"
        ),
        ("t_s,value\n", "t.csv:1:1: expected at least two rows of \"t_s,value\""),
        ("t_s,value\n0,0\n60,0\n", "t.csv:1:1: no demand above zero"),
        (
            "t_s;value\n0;1\n60;2\n",
            "t.csv:2:1: expected seconds and a value, found \"0;1\"; fields are separated by commas, not by semicolons"
        ),
        (
            "t_s,value\n0,1\n60,2\n120,3\n1000000000,4\n",
            "t.csv:1:1: from the first to the last row there are more than 10000000 steps of 60 s; the largest gap between "
                + "two rows is 999999880 s"
        ),
    ])
    func `a wrong trace is refused with its line`(text: String, message: String) {
        do {
            _ = try DemandTrace.parse(csv: text, file: "t.csv")
            Issue.record("accepted")
        } catch {
            #expect(error.description == message)
        }
    }
}
