import Testing
import TimeSeries

@testable import Scaling

/// Demand that outruns its forecast, and a forecast that has seen little yet.
struct SurgeTests {
    private func scene(current: Int, premium: Double? = nil, risk: Double = 0.05) -> Scene {
        Scene(
            signals: [SignalPolicy(name: "load", query: "q", target: .perReplica(10))],
            prediction: Prediction(signal: "load", risk: risk, band: 0.1, premium: premium),
            behaviour: Scene.free, min: 1, current: current)
    }

    private func outlook(_ expected: Double, _ peak: Double, experience: Double? = nil) -> Signal.Outlook {
        Signal.Outlook(
            expectedPeak: expected, peak: peak, quantile: 0.95, horizon: .seconds(240), model: "seasonal",
            isTrusted: true, keep: peak, leadTime: .seconds(180), experience: experience)
    }

    /// What is decided while the demand goes through `values`, one each 15 s, of which the forecast knows nothing.
    private func decisions(_ values: [Double], _ scene: inout Scene) -> [ScaleDecision] {
        values.map { value in
            let decision = scene.decide(value, outlook: outlook(100, 110))
            scene.current = decision.desired
            scene.pass(.seconds(15))
            return decision
        }
    }

    private static let calm = [Double](repeating: 100, count: 20)

    @Test
    func `growth that nothing foretold is taken to go on until replicas are ready`() {
        var scene = scene(current: 11)

        let ramp = (1...12).map { 100 + 10 * Double($0) }
        let last = decisions(Self.calm + ramp, &scene).last

        // 220 now and 10 more each 15 s: 380 when what is decided a minute later is ready.
        #expect(last?.desired == 38, "\(last?.reasons ?? [])")
        #expect(last?.reason(.surge)?.text == "more than was foreseen: as it grows, 72.73% more within 3m")
    }

    @Test
    func `what may come is at most twice what is`() {
        var scene = scene(current: 11)

        let last = decisions(Self.calm + (1...6).map { 100 + 60 * Double($0) }, &scene).last

        #expect(last?.desired == 92, "\(last?.reasons ?? [])")
    }

    @Test
    func `a step is met with the headroom of a reactive autoscaler, and not taken for growth`() {
        var scene = scene(current: 11)

        let all = decisions(Self.calm + [150, 200, 200, 200, 200, 200, 200], &scene)

        #expect(all.last?.desired == 27, "20 x 4/3; \(all.last?.reasons ?? [])")
        #expect(all.allSatisfy { $0.desired <= 27 })
    }

    @Test
    func `a surge is over when nothing of it has been seen for a minute`() {
        var scene = scene(current: 11)

        let all = decisions(Self.calm + [200, 200, 200, 200, 115, 115, 115, 115, 115, 115], &scene)

        // 11.5 x 4/3, then what is foreseen.
        #expect(all.suffix(6).map(\.desired) == [16, 16, 16, 16, 12, 12])
    }

    /// What is decided while the demand goes through `values`, one each 15 s, and the forecast follows it at once.
    private func followed(_ values: [Double], _ scene: inout Scene) -> [ScaleDecision] {
        values.map { value in
            let decision = scene.decide(value, outlook: outlook(value, 1.1 * value))
            scene.current = decision.desired
            scene.pass(.seconds(15))
            return decision
        }
    }

    @Test
    func `a step that is smeared over a minute and a half is not taken for growth`() {
        var scene = scene(current: 11)

        // As a mean over two ticks sees what rises within a minute.
        let all = decisions(Self.calm + [150, 250, 350, 450, 500, 500, 500], &scene)

        #expect(all.allSatisfy { $0.desired <= 67 }, "\(all.map(\.desired))")
    }

    @Test
    func `on a level that nothing foresaw a third more is kept until the forecast has learned it`() {
        var scene = scene(current: 11)
        _ = decisions(Self.calm + [200, 200, 200, 200], &scene)

        let hours = followed([Double](repeating: 200, count: 500), &scene)

        // Two hours after the last surge, which it is while what was foreseen three minutes ago was another level.
        #expect(hours[..<480].allSatisfy { $0.desired == 27 }, "\(hours.map(\.desired))")
        #expect(
            hours[400].reason(.surge)?.text
                == "on a level that was not foreseen, until the forecast has learned it: 33.33% more than is measured"
        )
        #expect(hours.last?.desired == 22)
    }

    @Test
    func `a level that is hardly above what was foreseen is no new one`() {
        var scene = scene(current: 11)
        _ = decisions(Self.calm + [160, 160, 160, 160], &scene)

        #expect(followed([Double](repeating: 160, count: 40), &scene).last?.desired == 18)
    }

    @Test
    func `a new level is over once demand is back, and not for a wrong measurement`() {
        var scene = scene(current: 11)
        _ = decisions(Self.calm + [200, 200, 200, 200], &scene)
        _ = followed([Double](repeating: 200, count: 40), &scene)

        let wrong = followed([10] + [Double](repeating: 200, count: 20), &scene)
        #expect(wrong.allSatisfy { $0.desired == 27 }, "\(wrong.map(\.desired))")
        let back = followed([Double](repeating: 130, count: 20), &scene)
        #expect(back.last?.desired == 15, "13 x 1.1; \(back.map(\.desired))")
    }

    @Test(arguments: [100.0, 110, 115, 120])
    func `a demand hardly above its quantile is no surge`(value: Double) {
        var scene = scene(current: 11)

        let last = decisions(Self.calm + [Double](repeating: value, count: 8), &scene).last

        #expect(last?.reason(.surge) == nil)
        #expect(last?.desired == max(11, Replicas.covering(value / 10)))
    }

    @Test
    func `the more everyday the quantile, the farther above it a surge is`() {
        #expect(abs(Surge.limit(expected: 10, planned: 14, risk: 0.05) - 16.4) < 1e-9)
        #expect(abs(Surge.limit(expected: 10, planned: 14, risk: 0.2) - 20) < 1e-9)
        #expect(abs(Surge.limit(expected: 10, planned: 10.1, risk: 0.05) - 11.11) < 1e-9)
    }

    @Test
    func `a demand that the forecast rose with is no surge`() {
        var scene = scene(current: 11)
        for value in Self.calm + (1...12).map({ 100 + 10 * Double($0) }) {
            // Three minutes ahead it is 120 more.
            let decision = scene.decide(value, outlook: outlook(value + 120, value + 130))
            #expect(decision.reason(.surge) == nil)
            scene.current = decision.desired
            scene.pass(.seconds(15))
        }
    }

    @Test
    func `one measurement far below what was foreseen removes nothing, and its return is no surge`() {
        var scene = scene(current: 11)
        _ = decisions(Self.calm, &scene)

        // The forecast starts from what is measured.
        for value in [10.0] + Self.calm {
            let decision = scene.decide(value, outlook: outlook(value, 1.1 * value))
            #expect(decision.desired == 11, "\(decision.reasons)")
            scene.current = decision.desired
            scene.pass(.seconds(15))
        }
    }

    @Test
    func `where measurements are minutes apart, the next one is waited for`() {
        var scene = scene(current: 11)
        scene.policy.interval = .seconds(300)
        var counts: [Int] = []
        for value in [100.0, 100, 100, 10, 100, 100, 50, 50, 50] {
            // Decided on three times until the next comes.
            for _ in 0..<3 {
                let outlook = outlook(value, 1.1 * value)
                let decision = scene.decide(value, outlook: outlook)
                counts.append(decision.desired)
                scene.current = decision.desired
                scene.pass(.seconds(100))
            }
        }

        #expect(counts[..<22].allSatisfy { $0 == 11 }, "\(counts)")
        #expect(counts.last! < 11)
    }

    @Test
    func `a fall that lasts is believed`() {
        var scene = scene(current: 11)
        _ = decisions(Self.calm, &scene)
        var counts: [Int] = []
        for _ in 0..<6 {
            let decision = scene.decide(50, outlook: outlook(50, 55))
            counts.append(decision.desired)
            scene.current = decision.desired
            scene.pass(.seconds(15))
        }

        #expect(counts == [11, 11, 11, 11, 6, 6])
    }

    /// How many decisions remove nothing while the demand is a tenth of what it was.
    private func decisionsKept(_ given: Scene) -> Int {
        var scene = given
        let count = scene.current
        for kept in 0..<100 {
            guard scene.decide(10, outlook: outlook(10, 11)).desired >= count else { return kept }
            scene.pass(.seconds(15))
        }
        return 100
    }

    @Test
    func `in an outage nothing is removed for as long as one is bridged`() {
        var bridged = scene(current: 11)
        bridged.policy.bridge = .seconds(600)
        var other = scene(current: 11)
        other.policy.bridge = nil
        _ = decisions(Self.calm, &bridged)
        _ = decisions(Self.calm, &other)

        #expect(decisionsKept(bridged) == 40)
        #expect(decisionsKept(other) == 4, "it may be a wrong measurement")
    }

    @Test
    func `in an outage that lasts, a third more than before it is kept for what comes back`() {
        var scene = scene(current: 11)
        scene.policy.bridge = .seconds(600)
        _ = decisions(Self.calm, &scene)

        let all = (0..<80).map { _ in
            let decision = scene.decide(10, outlook: outlook(10, 11))
            scene.current = decision.desired
            scene.pass(.seconds(15))
            return decision
        }

        // From 200 seconds on, and until the 600 are over.
        #expect(all[..<14].allSatisfy { $0.desired == 11 })
        #expect(all[14..<40].allSatisfy { $0.desired == 14 }, "\(all.map(\.desired))")
        #expect(all[14].reasons.contains { $0.text.hasSuffix("for what comes back") })
        #expect(all[79].desired < 11)
    }

    @Test
    func `what a surge has brought goes as it came`() {
        var scene = scene(current: 11)
        scene.policy.bridge = .seconds(600)
        _ = decisions(Self.calm + [500, 500, 500, 500], &scene)
        for _ in 0..<20 {
            _ = scene.decide(500, outlook: outlook(500, 550))
            scene.pass(.seconds(15))
        }

        #expect(scene.current == 67)
        #expect(decisionsKept(scene) == 4)
    }

    @Test
    func `where forecasts have missed much, that less comes than they said tells nothing`() {
        var scene = scene(current: 11, premium: 0.25)
        scene.policy.bridge = .seconds(600)
        for _ in 0..<12 {
            // Twenty minutes of calm and five of what is not foreseen.
            _ = decisions([Double](repeating: 100, count: 80) + [Double](repeating: 300, count: 20), &scene)
        }
        _ = decisions([Double](repeating: 100, count: 80), &scene)

        #expect(scene.memory.account?.foresight == 0)
        #expect(decisionsKept(scene) < 40)

        _ = followed([Double](repeating: 300, count: 40), &scene)
        #expect(scene.memory.surge?.isOnNewLevel == true)
        #expect(scene.decide(300, outlook: outlook(300, 330)).reason(.surge) == nil, "nor does a level")
    }

    /// What is held of a demand of ten replicas after a quarter of an hour.
    private func held(_ outlook: Signal.Outlook) -> ScaleDecision? {
        var scene = scene(current: 14)
        var last: ScaleDecision?
        for _ in 0..<60 {
            last = scene.decide(100, outlook: outlook)
            scene.current = last?.desired ?? 0
            scene.pass(.seconds(15))
        }
        return last
    }

    @Test(arguments: [(0.0, 12), (0.5, 11), (1.0, 11)])
    func `a forecast that has seen little keeps headroom beside it`(experience: Double, count: Int) {
        let last = held(outlook(100, 102, experience: experience))

        #expect(last?.desired == count, "\(last?.reasons ?? [])")
        #expect((last?.reason(.headroom) != nil) == (experience == 0))
    }

    @Test(arguments: [(0.0, 14), (0.5, 14), (1.0, 12)])
    func `until a model has seen enough, what a reactive autoscaler has stands in for its forecast`(
        experience: Double, count: Int
    ) {
        var outlook = outlook(100, 102, experience: experience)
        outlook.isTrusted = false

        #expect(held(outlook)?.desired == count)
    }

    @Test
    func `what will be kept is added with what is needed, up to a twenty-fifth`() {
        var few = scene(current: 20)
        var many = scene(current: 20)
        func outlook(keep: Double) -> Signal.Outlook {
            Signal.Outlook(
                expectedPeak: 300, peak: 300, quantile: 0.95, horizon: .seconds(240), model: "seasonal",
                isTrusted: true, keep: keep, leadTime: .seconds(180))
        }

        #expect(few.decide(190, outlook: outlook(keep: 305)).desired == 31)
        #expect(many.decide(190, outlook: outlook(keep: 900)).desired == 32, "30 x 1.04")
    }
}
