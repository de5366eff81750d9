import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// Where a policy has lately been worse than a reactive autoscaler, it gives way to what that would hold.
struct ReferenceDecisionTests {
    private func scene(
        current: Int, premium: Double? = 0.2,
        down: ScalingBehaviour.Direction = ScalingBehaviour().down
    ) -> Scene {
        Scene(
            signals: [SignalPolicy(name: "load", query: "q", target: .perReplica(10))],
            prediction: Prediction(signal: "load", band: 0.05, headroom: 0.14, premium: premium),
            behaviour: ScalingBehaviour(up: Scene.free.up, down: down), min: 1, current: current)
    }

    private func outlook(
        _ peak: Double, isTrusted: Bool = false, isDoubted: Bool? = nil
    ) -> Signal.Outlook {
        Signal.Outlook(
            expectedPeak: peak, peak: peak, quantile: 0.95, horizon: .seconds(300), model: "seasonal",
            isTrusted: isTrusted, leadTime: .seconds(120), isDoubted: isDoubted)
    }

    /// After so many hours of a demand of ten replicas in which `held` were kept.
    private func after(_ hours: Int, holding held: Int, _ given: Scene) -> Scene {
        var scene = given
        for _ in 0..<(hours * 60) {
            scene.current = held
            _ = scene.decide(100, outlook: outlook(Double(held) * 10, isTrusted: true))
            scene.pass(.seconds(60))
        }
        scene.current = held
        return scene
    }

    @Test
    func `a policy that was dearer gives back at once what the other does not hold`() {
        var scene = after(24, holding: 30, scene(current: 30))

        let decision = scene.decide(100, outlook: outlook(100))

        #expect(decision.desired == 14, "ceil(10 x 4/3); \(decision.reasons)")
        let reason = decision.reason(.reference)
        #expect(reason?.subject == "cost")
        #expect(reason?.count == 14)
        #expect(reason?.text.hasPrefix("lately 1") == true)
        #expect(reason?.text.hasSuffix("nearer to the 14 that it would hold") == true)
    }

    @Test
    func `it does not where it is compared with none, or was not dearer, or has just begun`() {
        var unbounded = after(24, holding: 30, scene(current: 30, premium: nil))
        var even = after(24, holding: 11, scene(current: 11))
        even.current = 30
        var fresh = scene(current: 30)

        for decision in [
            unbounded.decide(100, outlook: outlook(100)), even.decide(100, outlook: outlook(100)),
            fresh.decide(100, outlook: outlook(100)),
        ] {
            #expect(decision.desired >= 27, "a tenth in five minutes: \(decision.reasons)")
            #expect(decision.reason(.reference) == nil)
        }
        #expect(unbounded.memory.account == nil)
    }

    @Test
    func `what may be a wrong measurement is no demand that either would have had to serve`() {
        /// The count and the account an hour after two minutes of a hundred times the demand.
        func hourAfter(isDoubted: Bool?) -> (count: Int, account: ReferenceAccount?) {
            var scene = after(24, holding: 11, scene(current: 11))
            for _ in 0..<8 {
                _ = scene.decide(10_000, outlook: outlook(100, isTrusted: true, isDoubted: isDoubted))
                scene.pass(.seconds(15))
            }
            for _ in 0..<60 {
                _ = scene.decide(100, outlook: outlook(100, isTrusted: true))
                scene.pass(.seconds(60))
            }
            return (scene.current, scene.memory.account)
        }
        let believed = hourAfter(isDoubted: nil)
        let doubted = hourAfter(isDoubted: true)

        #expect(believed.account?.ownShortage ?? 0 > 0.01)
        #expect(doubted.account?.ownShortage == 0)
        #expect(doubted.account?.referenceShortage == 0)
        #expect(doubted.account?.reference.desired == 14)
    }

    @Test
    func `without the comparison it would have stayed`() {
        let scene = after(24, holding: 30, scene(current: 30))
        let measurement = Measurement(
            policy: scene.policy.name, workload: scene.policy.workload, at: scene.now,
            signals: [
                Signal(name: "load", reading: .value(100, measuredAt: scene.now), outlook: outlook(100))
            ])
        var policy = scene.policy
        policy.prediction?.premium = nil
        var (with, without) = (scene.memory, scene.memory)
        let counts = ReplicaCounts(desired: 30, ready: 30, starting: 0)

        #expect(
            decide(scene.policy, measurement, counts: counts, memory: &with, now: scene.now).desired == 14)
        #expect(decide(policy, measurement, counts: counts, memory: &without, now: scene.now).desired == 30)
    }

    @Test
    func `a forecast adds less where it was dearer`() {
        var dear = after(24, holding: 30, scene(current: 30))
        var even = after(24, holding: 11, scene(current: 11))
        dear.current = 14
        even.current = 14

        #expect(even.decide(100, outlook: outlook(300, isTrusted: true)).desired == 30)
        #expect(dear.decide(100, outlook: outlook(300, isTrusted: true)).desired == 14)
    }

    @Test
    func `a premium is paid to a forecast, and not to holding much all the time`() {
        /// Four days of 30 replicas' demand with a peak of 60 each hour, for which 60 were kept.
        func peaks(isForeseen: Bool) -> Scene {
            var scene = scene(current: 60, premium: 0.5)
            for minute in 0..<(4 * 24 * 60) {
                scene.current = 60
                _ = scene.decide(
                    minute % 60 < 5 ? 600 : 300, outlook: outlook(600, isTrusted: isForeseen))
                scene.pass(.seconds(60))
            }
            scene.current = 60
            return scene
        }
        var foreseen = peaks(isForeseen: true)
        var unforeseen = peaks(isForeseen: false)

        #expect(foreseen.decide(300, outlook: outlook(300)).desired >= 54, "a tenth in five minutes")
        let decision = unforeseen.decide(300, outlook: outlook(300))
        #expect(decision.desired == 40, "\(decision.reasons)")
        #expect(decision.reason(.reference)?.subject == "cost")
    }

    @Test
    func `a blocked direction and a cooldown hold all the same`() {
        var blocked = after(
            24, holding: 30,
            scene(current: 30, down: ScalingBehaviour.Direction(window: .zero, limit: .blocked)))
        var cooling = after(
            24, holding: 30,
            scene(
                current: 30,
                down: ScalingBehaviour.Direction(window: .zero, limit: .none, cooldown: .seconds(600))))
        // The peak brought two more.
        _ = cooling.decide(320, outlook: outlook(320))
        cooling.pass(.seconds(400))

        #expect(blocked.decide(100, outlook: outlook(100)).desired == 30)
        #expect(cooling.decide(100, outlook: outlook(100)).desired > 30)
    }

    @Test
    func `what a signal without data holds stays`() {
        var scene = after(24, holding: 30, scene(current: 30))
        scene.policy.signals.append(SignalPolicy(name: "queue", query: "q", target: .perReplica(1)))

        let decision = scene.decide(
            ["load": .value(100, measuredAt: scene.now), "queue": .missing], outlook: outlook(100))

        #expect(decision.desired == 30)
        #expect(decision.kinds.contains(.held))
    }

    @Test
    func `what another signal asks for is added, however dear the policy was`() {
        var scene = after(24, holding: 30, scene(current: 30))
        scene.policy.signals.append(SignalPolicy(name: "queue", query: "q", target: .perReplica(1)))
        scene.current = 14

        let decision = scene.decide(
            ["load": .value(100, measuredAt: scene.now), "queue": .value(60, measuredAt: scene.now)],
            outlook: outlook(100))

        #expect(decision.desired == 60)
    }

    @Test
    func `a policy that left more unserved holds what the other would`() {
        var scene = scene(current: 9)
        for _ in 0..<(24 * 60) {
            scene.current = 9
            _ = scene.decide(100, outlook: outlook(90, isTrusted: true))
            scene.pass(.seconds(60))
        }
        scene.current = 9

        let decision = scene.decide(100, outlook: outlook(100, isTrusted: true))

        #expect(decision.desired == 14)
        #expect(decision.reason(.reference)?.subject == "shortage")
    }

    @Test
    func `how near it comes to the other does not depend on how often it decides`() {
        var scene = scene(current: 62)
        scene.policy.prediction?.band = 0.11
        scene.policy.behaviour.down.tolerance = 0
        // A day in which seven of 69 were missing for a minute an hour: a little more than the risk implies.
        for minute in 0..<(24 * 60) {
            scene.current = 62
            _ = scene.decide(minute % 60 == 30 ? 690 : 600, outlook: outlook(620, isTrusted: true))
            scene.pass(.seconds(60))
        }
        scene.current = 62

        let first = scene.decide(600, outlook: outlook(620, isTrusted: true))
        let later = (0..<40).map { _ in
            scene.pass(.seconds(15))
            return scene.decide(600, outlook: outlook(620, isTrusted: true)).desired
        }

        #expect((63...66).contains(first.desired), "an eighth of the way from 62 to 80; \(first.reasons)")
        #expect(first.reason(.reference)?.subject == "shortage")
        #expect(later.allSatisfy { $0 == first.desired }, "\(later)")
    }

    @Test
    func `a shadow is judged by its own decisions, a dry run not at all`() {
        var shadow = scene(current: 30)
        shadow.policy.mode = .shadow
        var dryRun = scene(current: 30)
        dryRun.policy.mode = .dryRun

        for _ in 0..<60 {
            _ = shadow.decide(100, outlook: outlook(100))
            _ = dryRun.decide(100, outlook: outlook(100))
            (shadow.current, dryRun.current) = (80, 30)
            shadow.pass(.seconds(60))
            dryRun.pass(.seconds(60))
        }

        #expect(dryRun.memory.account == nil)
        #expect((shadow.memory.account?.costRatio).map { $0 < 1.1 } == true)
    }

    @Test
    func `the account survives a restart with no change in the decisions`() throws {
        var steady = after(12, holding: 22, scene(current: 22))
        var restarted = steady
        for minute in 0..<60 {
            restarted.memory = try CanonicalJSON.decode(
                ScalingMemory.self, from: CanonicalJSON.encode(restarted.memory))
            let load = minute % 20 < 5 ? 300.0 : 100
            #expect(
                steady.decide(load, outlook: outlook(load)) == restarted.decide(load, outlook: outlook(load)))
            steady.pass(.seconds(15))
            restarted.pass(.seconds(15))
        }
        #expect(steady.memory == restarted.memory)
    }

    /// Eight days of calm, with a peak of an hour's third at moments that nothing foretells: half of the moments
    /// without one bring one, or a quarter.
    private func spikes(oneIn rarity: Int, height: Double) -> DemandTrace? {
        var state: UInt64 = 1
        var isPeak = false
        let values = (0..<1152).map { _ -> Double in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            isPeak = !isPeak && state >> 62 < 4 / rarity
            return (isPeak ? height : 20) * (0.95 + Double(state >> 40) / 0xA000000)
        }
        return DemandTrace(values, stepSeconds: 600)
    }

    private func scores(_ trace: DemandTrace) async -> (
        keda: BacktestScore, compared: BacktestScore, unbounded: BacktestScore
    ) {
        let settings = Backtest.Settings(
            startUpSeconds: 180, evaluateAfterSeconds: 4 * 86_400, tickSeconds: 60)
        let policies = [Prediction.defaultPremium, nil].map { premium in
            ScalingPolicy(
                name: premium == nil ? "unbounded" : "compared", workload: WorkloadID("trace")!,
                maxReplicas: 150,
                signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
                prediction: Prediction(signal: "load", premium: premium))
        }
        let scores = await BacktestPlan(
            trace: trace, settings: settings, policies: policies, comparators: [.keda]
        ).run().map(\.score)
        return (scores[0], scores[1], scores[2])
    }

    @Test
    func `where frequent peaks are given back too slowly, it costs no more than the other`() async throws {
        let (keda, compared, unbounded) = await scores(try #require(spikes(oneIn: 2, height: 60)))

        #expect(unbounded.costRatio > 1.1 * keda.costRatio, "\(unbounded), \(keda)")
        #expect(compared.costRatio <= 1.01 * keda.costRatio, "\(compared), \(keda)")
        #expect(compared.unservedPercent <= keda.unservedPercent, "\(compared), \(keda)")
    }

    @Test
    func `where peaks come out of nothing, it leaves hardly more than the other`() async throws {
        let (keda, compared, _) = await scores(try #require(spikes(oneIn: 4, height: 100)))

        #expect(compared.unservedPercent < keda.unservedPercent + 0.6, "\(compared), \(keda)")
        #expect(compared.costRatio <= 1.01 * keda.costRatio, "\(compared), \(keda)")
    }
}
