import Testing
import TimeSeries

@testable import Scaling

/// A forecast may add, never remove (reliability.md 2.6, FO1 to FO3).
struct ForecastDecisionTests {
    private func scene(
        current: Int, behaviour: ScalingBehaviour = Scene.free, band: Double = 0, headroom: Double = 0
    ) -> Scene {
        Scene(
            signals: [SignalPolicy(name: "load", query: "q", target: .perReplica(50))],
            prediction: Prediction(signal: "load", band: band, headroom: headroom), behaviour: behaviour,
            current: current)
    }

    private func outlook(
        _ peak: Double, isTrusted: Bool = true, keep: Double? = nil, held: Duration? = nil
    ) -> Signal.Outlook {
        Signal.Outlook(
            expectedPeak: peak * 0.9, peak: peak, quantile: 0.95, horizon: .seconds(300), model: "seasonal",
            isTrusted: isTrusted, keep: keep, held: held)
    }

    @Test func `what is kept for the hold is planned at three times the risk, at most at a half`() {
        #expect(abs(Prediction(signal: "load", risk: 0.05).keepRisk - 0.15) < 1e-12)
        #expect(Prediction(signal: "load", risk: 0.4).keepRisk == 0.5)
    }

    @Test
    func `a trusted forecast raises the count`() {
        var scene = scene(current: 4)

        let decision = scene.decide(200, outlook: outlook(812))

        #expect(decision.desired == 17)
        #expect(decision.reason(.forecast)?.text == "95% of peaks within 5m stay below 812 (seasonal)")
    }

    /// Four of five sources report 800 of 1,000.
    @Test(arguments: [nil, 0.0, 900.0])
    func `what is foreseen covers sources that do not report as well, and adds nothing for them`(
        peak: Double?
    ) {
        var scene = scene(current: 30, headroom: 0.14)
        scene.policy.partial = ScalingPolicy.PartialRule(above: 0.8, scaleDown: 1)
        func decide() -> ScaleDecision {
            scene.decide(
                ["load": .value(800, measuredAt: scene.now)], outlook: peak.map { outlook($0, keep: $0) },
                coverage: 0.8)
        }
        // By headroom, by what is measured, and by what is foreseen.
        let expected = peak == nil ? 23 : peak == 0 ? 20 : 23

        #expect(decide().desired == expected)
        #expect(decide().desired == expected)
        scene.current = 21
        #expect(decide().desired == 21)
    }

    @Test
    func `a forecast below the present need changes nothing`() {
        var scene = scene(current: 8)

        let decision = scene.decide(400, outlook: outlook(100))

        #expect(decision.desired == 8)
        #expect(decision.kinds.contains(.forecastIdle))
    }

    @Test
    func `a forecast keeps what the present would let go`() {
        var scene = scene(current: 8)

        #expect(scene.decide(100, outlook: outlook(390)).desired == 8)
    }

    @Test
    func `a decision tells how far ahead is held`() {
        var (whole, bounded) = (scene(current: 8), scene(current: 8))

        let usual = whole.decide(100, outlook: outlook(100, keep: 240))
        let short = bounded.decide(100, outlook: outlook(100, keep: 240, held: .seconds(600)))

        #expect(usual.desired == 5 && short.desired == 5)
        #expect(usual.reason(.forecast)?.text == "up to 240 may be needed again within 20m")
        #expect(
            short.reason(.forecast)?.text
                == "up to 240 may be needed again within 10m, a part of its short season")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `a forecast that is not finite is not used`(peak: Double) {
        var scene = scene(current: 8)

        #expect(scene.decide(100, outlook: outlook(peak)).desired == 2)
    }

    @Test
    func `a forecast that does not beat the last value is shown, not used`() {
        var scene = scene(current: 4)

        let decision = scene.decide(200, outlook: outlook(5000, isTrusted: false))

        #expect(decision.desired == 4)
        #expect(
            decision.reason(.forecastIdle)?.text.hasSuffix("not used: no better than the last value") == true)
    }

    @Test(arguments: [(444.0, 10), (436.0, 10), (434.0, 9), (200.0, 4)])
    func `a count above the forecast by no more than the band stays`(peak: Double, count: Int) {
        var scene = scene(current: 10, band: 0.13)

        #expect(scene.decide(100, outlook: outlook(peak)).desired == count)
    }

    @Test(arguments: [(300.0, 6), (480.0, 10), (90.0, 3), (.nan, 3)])
    func `what may be needed again within the hold stays, and within the band everything`(
        keep: Double, count: Int
    ) {
        var scene = scene(current: 10, band: 0.08)

        let decision = scene.decide(100, outlook: outlook(140, keep: keep))

        #expect(decision.desired == count)
        if count == 6 {
            #expect(decision.reasons.contains { $0.text == "up to 300 may be needed again within 20m" })
        }
    }

    @Test(arguments: [(300.0, 6), (nil, 10)])
    func `the hold stands in for the window of scale-in`(keep: Double?, count: Int) {
        var scene = scene(
            current: 10,
            behaviour: ScalingBehaviour(
                up: Scene.free.up,
                down: ScalingBehaviour.Direction(window: .seconds(300), limit: .none)))
        #expect(scene.decide(500, outlook: outlook(500, keep: keep)).desired == 10)

        scene.now = scene.now + .seconds(60)

        #expect(scene.decide(100, outlook: outlook(140, keep: keep)).desired == count)
    }

    @Test
    func `what another signal asked for lately is kept for the window all the same`() {
        var scene = scene(
            current: 10,
            behaviour: ScalingBehaviour(
                up: Scene.free.up,
                down: ScalingBehaviour.Direction(window: .seconds(300), limit: .none)))
        scene.policy.signals.append(SignalPolicy(name: "queue", query: "q", target: .perReplica(1)))
        func readings(queue: Double) -> [String: Signal.Reading] {
            [
                "load": .value(100, measuredAt: scene.now), "queue": .value(queue, measuredAt: scene.now),
            ]
        }
        #expect(scene.decide(readings(queue: 10), outlook: outlook(140, keep: 150)).desired == 10)

        scene.now = scene.now + .seconds(60)

        #expect(scene.decide(readings(queue: 1), outlook: outlook(140, keep: 150)).desired == 10)
    }

    @Test
    func `a forecast that hardly exceeds the count adds nothing`() {
        var scene = scene(current: 50)

        #expect(scene.decide(2000, outlook: outlook(2545)).desired == 50)
        #expect(scene.decide(2000, outlook: outlook(2555)).desired == 52)
    }

    @Test
    func `the band raises nothing and keeps nothing that the demand has outgrown`() {
        var scene = scene(current: 10, band: 0.13)

        #expect(scene.decide(100, outlook: outlook(520)).desired == 11)
        // Within a signal's tolerance, and more than eleven can serve.
        #expect(scene.decide(590, outlook: outlook(520)).desired == 12)
    }

    @Test
    func `without a forecast that is used, headroom stands for it`() {
        var without = scene(current: 10, headroom: 0.14)
        var doubtful = scene(current: 10, headroom: 0.14)
        var with = scene(current: 10, headroom: 0.14)

        #expect(without.decide(1000).desired == 23)
        let decision = doubtful.decide(1000, outlook: outlook(5000, isTrusted: false))
        #expect(decision.desired == 23)
        #expect(decision.reason(.headroom)?.text == "no forecast is used: 14% more than is measured")
        #expect(with.decide(1000, outlook: outlook(1000)).desired == 20)
    }

    @Test
    func `headroom asks for nothing where there is no demand or no reading`() {
        var idle = scene(current: 4, headroom: 0.14)
        var blind = scene(current: 4, headroom: 0.14)

        #expect(idle.decide(0).desired == 0)
        #expect(blind.decide(["load": .missing]).desired == 4)
    }

    @Test
    func `a forecast bridges an outage upwards`() {
        var scene = scene(current: 4)

        #expect(scene.decide(["load": .missing], outlook: outlook(600)).desired == 12)
    }

    @Test
    func `a forecast stays within the maximum and the velocity limits`() {
        var scene = scene(current: 4, behaviour: ScalingBehaviour())

        #expect(scene.decide(200, outlook: outlook(1e9)).desired == 8)
    }

    @Test
    func `whatever it says, a forecast never lowers the count below what the demand needs`() {
        for peak in stride(from: -1000.0, through: 3000, by: 37) {
            for load in stride(from: 0.0, through: 2000, by: 113) {
                var with = scene(current: 9)
                var without = scene(current: 9)
                #expect(with.decide(load, outlook: outlook(peak)).desired >= without.decide(load).desired)
            }
        }
    }
}

/// Policies that decide without effect.
struct ObserverTests {
    @Test
    func `a shadow follows its own decisions, a dry run the real count`() {
        var shadow = Scene(target: .perReplica(50), current: 4)
        shadow.policy.mode = .shadow
        var dryRun = Scene(target: .perReplica(50), current: 4)
        dryRun.policy.mode = .dryRun

        for scene in [0, 1] {
            if scene == 0 { _ = shadow.decide(500) } else { _ = dryRun.decide(500) }
        }
        shadow.current = 4
        dryRun.current = 4

        let after = shadow.decide(510)
        #expect(after.from == 10)
        #expect(after.desired == 10)
        #expect(after.reasons.last?.kind == .shadow)
        #expect(dryRun.decide(510).from == 4)
    }

    @Test
    func `a dry run spends its limits on what the real count does, not on what it only says`() {
        var behaviour = ScalingBehaviour()
        behaviour.flapBudget = ScalingBehaviour.FlapBudget(changes: 2, period: .seconds(3600))
        var scene = Scene(target: .perReplica(5), behaviour: behaviour, current: 3)
        scene.policy.mode = .dryRun
        for _ in 0..<20 {
            scene.current = 3
            #expect(scene.decide(30).desired == 6)
            scene.pass(.seconds(5))
        }
        #expect(scene.memory.changes.isEmpty)

        // Somebody adds four: at most as many as before, or four, in a quarter of a minute.
        scene.current = 7
        #expect(scene.decide(500).desired == 7)
        #expect(scene.memory.changes.count == 1)
        scene.current = 7
        scene.pass(.seconds(15))
        #expect(scene.decide(500).desired == 14)
    }
}
