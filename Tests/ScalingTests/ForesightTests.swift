import Testing
import TimeSeries

@testable import Scaling

/// What is removed as forecasts said it, and what is not.
struct ForesightTests {
    private func scene(
        premium: Double? = 0.2, down: ScalingBehaviour.Direction = ScalingBehaviour.defaultDown
    ) -> Scene {
        var scene = Scene(
            signals: [SignalPolicy(name: "load", query: "q", target: .perReplica(10))],
            prediction: Prediction(signal: "load", band: 0.1, premium: premium),
            behaviour: ScalingBehaviour(up: Scene.free.up, down: down), min: 1, current: 30)
        scene.policy.bridge = .seconds(900)
        return scene
    }

    private func outlook(
        _ expected: Double, keep: Double? = nil, experience: Double? = nil
    ) -> Signal.Outlook {
        Signal.Outlook(
            expectedPeak: expected, peak: expected * 1.1, quantile: 0.95, horizon: .seconds(240),
            model: "seasonal", isTrusted: true, keep: keep ?? expected * 1.1, leadTime: .seconds(180),
            experience: experience)
    }

    /// A quarter of an hour of 270, of which the last five minutes foresee what comes, and then so many measurements of it.
    private func counts(
        _ fall: [Double], foreseen: Double, experience: Double? = nil, _ scene: inout Scene
    ) -> [Int] {
        for index in 0..<60 {
            let isNear = index >= 40
            _ = scene.decide(
                270, outlook: outlook(isNear ? foreseen : 270, keep: 297, experience: experience))
            scene.pass(.seconds(15))
        }
        return fall.map { value in
            defer { scene.pass(.seconds(15)) }
            return scene.decide(value, outlook: outlook(value, experience: experience)).desired
        }
    }

    private static let fall = [Double](repeating: 100, count: 12)

    @Test
    func `what goes as it was foreseen goes at once, though nobody wrote that there is no limit`() {
        var scene = scene()

        #expect(counts(Self.fall, foreseen: 100, &scene).last == 11)
    }

    @Test
    func `a limit that is written holds`() {
        let limit = ScalingBehaviour.defaultDown.limit
        var scene = scene(down: ScalingBehaviour.Direction(window: .seconds(300), limit: limit))

        #expect(counts(Self.fall, foreseen: 100, &scene).last == 27)
    }

    @Test
    func `so does the assumed one where nothing tells that forecasts are right, or the model is young`() {
        var unbounded = scene(premium: nil)
        var young = scene()

        #expect(counts(Self.fall, foreseen: 100, &unbounded).last == 27)
        #expect(counts(Self.fall, foreseen: 100, experience: 0.5, &young).last == 27)
    }

    @Test
    func `a fall that was not foreseen is one for the limit`() {
        var scene = scene()

        #expect(counts(Self.fall, foreseen: 270, &scene).last == 27)
    }
}
