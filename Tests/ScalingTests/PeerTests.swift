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

    // MARK: Those that foresee

    /// Days of so many seconds a step: of a demand that ten replicas serve at 60 % in a part of each day, else one.
    private func trace(step: Int, days: Int, peak: Range<Int>) -> DemandTrace {
        let values = (0..<(days * 86_400 / step)).map { peak.contains($0 * step % 86_400) ? 60.0 : 6 }
        return DemandTrace(values, stepSeconds: step, capacity: 8)!
    }

    private func view(_ seconds: Int, utilisation: Double = 0.6, count: Int) -> BacktestView {
        BacktestView(
            seconds: seconds, load: 0, utilisation: utilisation, unboundUtilisation: utilisation, backlog: 0,
            queued: 0, ready: count, starting: 0, desired: count)
    }

    @Test
    func `what crane foresees is one metric of an autoscaler, with its limits and its window`() {
        let noon = 43_200
        var crane = CraneEHPA(
            trace(step: 60, days: 3, peak: noon..<noon + 3600), Backtest.Settings(maxReplicas: 100))
        let day = 86_400

        let up = [(0, 1), (15, 5), (30, 10)].map { crane.desired(view(day + noon - 1800 + $0, count: $1)) }
        _ = crane.desired(view(day + noon + 3585, utilisation: 0.06, count: 10))
        let after = [0, 270, 285].map {
            crane.desired(view(day + noon + 3600 + $0, utilisation: 0.06, count: 10))
        }

        #expect(up == [5, 10, 10])
        #expect(after == [10, 10, 1])
    }

    @Test
    func `what AWS foresees adds, and only tracking removes it`() {
        var aws = AWSPredictive(
            trace(step: 60, days: 3, peak: 36_000..<39_600), Backtest.Settings(maxReplicas: 100))
        let begin = 86_400 + 36_000

        #expect(aws.desired(view(begin, count: 1)) == 10)
        let after = (0...15).map {
            aws.desired(view(begin + 3600 + 60 * $0, utilisation: 0.06, count: 10))
        }
        #expect(after.firstIndex(of: 1) == 14)
    }

    @Test(arguments: [57, 60, 7200])
    func `AWS knows the hour of the day, whatever the steps of the trace`(step: Int) {
        let peak = step > 3600 ? 36_000..<43_200 : 38_400..<39_000
        var aws = AWSPredictive(trace(step: step, days: 15, peak: peak), Backtest.Settings(maxReplicas: 100))

        let counts = [8, 10, 13].map { aws.desired(view(14 * 86_400 + $0 * 3600 + 600, count: 1)) }

        #expect(counts == [1, 10, 10])
    }
}
