import Testing

@testable import Scaling

/// KEDA, Nomad's target-value and AWS target tracking, as documented.
struct PeerTests {
    @Test
    func `nothing starts at the activation threshold, and one replica above it`() {
        var keda = EventDrivenAutoscaler(target: 10)
        keda.activationThreshold = 5

        #expect(keda.desired(5, current: 0, seconds: 0) == 0)
        #expect(keda.desired(5.1, current: 0, seconds: 30) == 1)
    }

    @Test
    func `after the cooldown any count goes straight to none`() {
        var keda = EventDrivenAutoscaler(target: 10)
        #expect(keda.desired(200, current: 20, seconds: 0) == 20)
        #expect(keda.desired(0, current: 20, seconds: 30) > 0)
        #expect(keda.desired(0, current: 20, seconds: 299) > 0)
        #expect(keda.desired(0, current: 20, seconds: 300) == 0)
    }

    @Test
    func `with a minimum of one activation has no say`() {
        var keda = EventDrivenAutoscaler(target: 10, minReplicas: 1)
        keda.activationThreshold = 1000

        #expect(keda.desired(50, current: 1, seconds: 0) == 5)
    }

    @Test
    func `a failing source holds the count until the fallback, which asks for its replicas`() {
        var keda = EventDrivenAutoscaler(target: 10, minReplicas: 1)
        keda.fallback = .fixed(replicas: 8, afterFailures: 3)
        #expect(keda.desired(nil, current: 4, seconds: 0) == 4)
        #expect(keda.desired(nil, current: 4, seconds: 30) == 4)
        #expect(keda.desired(nil, current: 4, seconds: 60) == 8)
    }

    @Test
    func `a value in between starts the count of failures anew`() {
        var keda = EventDrivenAutoscaler(target: 10, minReplicas: 1)
        keda.fallback = .fixed(replicas: 8, afterFailures: 2)
        #expect(keda.desired(nil, current: 4, seconds: 0) == 4)
        #expect(keda.desired(40, current: 4, seconds: 30) == 4)
        #expect(keda.desired(nil, current: 4, seconds: 60) == 4)
        #expect(keda.desired(nil, current: 4, seconds: 90) == 8)
    }

    @Test
    func `the careful fallback never asks for less than runs`() {
        var keda = EventDrivenAutoscaler(target: 10, minReplicas: 1)
        keda.fallback = .currentIfHigher(replicas: 3, afterFailures: 1)

        #expect(keda.desired(nil, current: 12, seconds: 0) == 12)
    }

    @Test(arguments: [(0.6, 10), (0.605, 10), (0.595, 10), (0.62, 11), (0.3, 5), (1.2, 20)])
    func `the target value moves the count by its factor, beyond a hundredth`(value: Double, count: Int) {
        var nomad = TargetValueStrategy(target: 0.6)

        #expect(nomad.desired(value, current: 10, seconds: 0) == count)
    }

    @Test
    func `from none the factor is the count, and a target of zero makes the value the factor`() {
        var nomad = TargetValueStrategy(target: 10)
        #expect(nomad.desired(25, current: 0, seconds: 0) == 3)
        var zero = TargetValueStrategy(target: 0)
        #expect(zero.desired(2, current: 3, seconds: 0) == 6)
    }

    @Test
    func `the cooldown holds, and steps are clamped`() {
        var nomad = TargetValueStrategy(target: 0.5)
        nomad.maxScaleUp = 3
        nomad.maxScaleDown = 2

        #expect(nomad.desired(1, current: 10, seconds: 0) == 13)
        #expect(nomad.desired(1, current: 13, seconds: 299) == 13)
        #expect(nomad.desired(0.1, current: 13, seconds: 300) == 11)
    }

    @Test
    func `no sample, no change`() {
        var nomad = TargetValueStrategy(target: 0.5)

        #expect(nomad.desired(nil, current: 7, seconds: 0) == 7)
        #expect(
            TargetTracking().desired([.init(mean: nil, target: 0.5)], warm: 5, warming: 0, current: 5) == 5)
    }

    @Test
    func `tracking goes out where any metric asks and in where all do`() {
        let tracking = TargetTracking()
        let low = TargetTracking.Metric(mean: 0.2, target: 0.5)
        let high = TargetTracking.Metric(mean: 0.8, target: 0.5)
        let none = TargetTracking.Metric(mean: nil, target: 0.5)

        #expect(tracking.desired([low, high], warm: 10, warming: 0, current: 10) == 16)
        #expect(tracking.desired([low, low], warm: 10, warming: 0, current: 10) == 4)
        #expect(tracking.desired([low, none], warm: 10, warming: 0, current: 10) == 10)
    }

    @Test
    func `nothing is removed while instances warm up, and they count as asked for`() {
        let tracking = TargetTracking()

        #expect(
            tracking.desired([.init(mean: 0.2, target: 0.5)], warm: 10, warming: 2, current: 12) == 12)
        #expect(
            tracking.desired([.init(mean: 0.6, target: 0.5)], warm: 10, warming: 2, current: 12) == 12)
    }
}
