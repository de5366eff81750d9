import Testing

@testable import Scaling

/// The edge cases of HorizontalPodAutoscaler v2, each as its documents and issues describe it.
struct PodAutoscalerTests {
    private typealias Pods = HorizontalPodAutoscaler.Pods

    private func autoscaler(
        max: Int = 100, min: Int = 1,
        _ change: (inout HorizontalPodAutoscaler.Configuration) -> Void = { _ in }
    ) -> HorizontalPodAutoscaler {
        var configuration = HorizontalPodAutoscaler.Configuration(minReplicas: min, maxReplicas: max)
        change(&configuration)
        return HorizontalPodAutoscaler(configuration)
    }

    private func cpu(_ value: Double, pods: Int, ignored: Int = 0, missing: Int = 0, target: Double = 0.5)
        -> HorizontalPodAutoscaler.Metric
    {
        .utilisation(
            Pods(ready: [Double](repeating: value, count: pods), ignored: ignored, missing: missing),
            target: target)
    }

    @Test(arguments: [
        (0.50, 10), (0.55, 10), (0.45, 10), (0.56, 12), (0.44, 9), (1.0, 20), (0.05, 1), (0.551, 12),
    ])
    func `without missing samples the ready pods' mean counts, beyond a tenth of tolerance`(
        value: Double, count: Int
    ) {
        #expect(autoscaler().propose(cpu(value, pods: 10), current: 10) == count)
    }

    @Test
    func `tolerance may differ by direction`() {
        let strict = autoscaler { $0.upTolerance = 0 }

        #expect(strict.propose(cpu(0.52, pods: 10), current: 10) == 11)
        #expect(strict.propose(cpu(0.46, pods: 10), current: 10) == 10)
    }

    @Test(arguments: [
        // Idle until they are ready: 1.0 over 10 of 15 pods is 0.67.
        (1.0, 10, 5, 20),
        // 0.6 over 10 of 12 is 0.5: tolerated now.
        (0.6, 10, 2, 12),
        // 0.6 over 10 of 20 is 0.3: the direction has turned.
        (0.6, 10, 10, 20),
        // Asking for less they are not looked at.
        (0.25, 10, 5, 5),
    ])
    func `pods that are not ready count as idle on the way up only`(
        value: Double, ready: Int, ignored: Int, count: Int
    ) {
        let metric = cpu(value, pods: ready, ignored: ignored)

        #expect(autoscaler().propose(metric, current: ready + ignored) == count)
    }

    @Test(arguments: [
        // Down: the missing pod is taken to use all it requests: (9 x 0.2 + 1) / 10 = 0.28.
        (0.2, 9, 1, 6),
        // Down, and with four missing the mean is 0.52: the direction has turned.
        (0.2, 6, 4, 10),
        // Up: the missing are idle: 0.9 x 8 / 10 = 0.72.
        (0.9, 8, 2, 15),
        // Up, and with half missing 0.45 is within tolerance.
        (0.9, 5, 5, 10),
    ])
    func `pods without a sample are taken to be what speaks against a change`(
        value: Double, ready: Int, missing: Int, count: Int
    ) {
        #expect(
            autoscaler().propose(cpu(value, pods: ready, missing: missing), current: ready + missing) == count
        )
    }

    @Test
    func `exactly at the target nothing is filled in for missing samples`() {
        #expect(autoscaler().propose(cpu(0.5, pods: 10, missing: 10), current: 20) == 20)
    }

    @Test
    func `the first sync takes the present count for a recommendation of before`() {
        var autoscaler = autoscaler()
        let counts = [0, 285, 300].map {
            autoscaler.desired([.averageValue(50, target: 10)], current: 20, seconds: $0)
        }

        #expect(counts == [20, 20, 5])
    }

    @Test
    func `a raw average takes missing pods for their target and not for a whole request`() {
        let pods = Pods(ready: [Double](repeating: 20, count: 8), missing: 2)

        // (8 x 20 + 2 x 100) / 10 / 100 = 0.36
        #expect(autoscaler().propose(.average(pods, target: 100), current: 10) == 4)
    }

    @Test
    func `a missing pod is taken for the target where that is above the request`() {
        // kubernetes#111433: a fill of 100 % is below the target of 150 %, and would speak for removal.
        #expect(
            autoscaler().propose(cpu(1.2, pods: 9, missing: 1, target: 1.5), current: 10) == 9)
    }

    @Test
    func `a count that moves against its ratio is no answer`() {
        // Ratio 1.5 over 4 of 6 known pods; six are wanted while ten run.
        #expect(autoscaler().propose(cpu(0.9, pods: 4, missing: 2), current: 10) == 10)
    }

    @Test
    func `without any sample nothing is proposed`() {
        #expect(autoscaler().propose(cpu(0.5, pods: 0, missing: 5), current: 5) == nil)
    }

    @Test(arguments: [(300.0, 5, 15), (104.0, 5, 5), (110.0, 5, 5), (50.0, 5, 3)])
    func `an object's value counts in proportion to the ready pods`(value: Double, current: Int, count: Int) {
        #expect(
            autoscaler().propose(.value(value, target: 100, readyPods: current), current: current) == count)
    }

    @Test
    func `from none the ratio itself is the count, and tolerance has no say`() {
        #expect(autoscaler().propose(.value(105, target: 100, readyPods: 0), current: 0) == 2)
        #expect(autoscaler().propose(.averageValue(30, target: 100), current: 0) == 1)
    }

    @Test(arguments: [(1000.0, 10, 10), (1090.0, 10, 10), (1101.0, 10, 12), (899.0, 10, 9), (910.0, 10, 10)])
    func `an average value is tolerated by the count and decided by the total`(
        total: Double, current: Int, count: Int
    ) {
        #expect(autoscaler().propose(.averageValue(total, target: 100), current: current) == count)
    }

    @Test
    func `of several metrics the largest proposal wins`() {
        #expect(autoscaler().combine([cpu(0.2, pods: 10), cpu(0.8, pods: 10)], current: 10) == 16)
    }

    @Test
    func `one failed metric forbids removal and allows addition`() {
        #expect(autoscaler().combine([cpu(0.2, pods: 10), .failed], current: 10) == nil)
        #expect(autoscaler().combine([cpu(0.8, pods: 10), .failed], current: 10) == 16)
    }

    @Test
    func `with all metrics failed the count stays, out of bounds or not`() {
        var hpa = autoscaler(max: 5)

        #expect(hpa.desired([.failed, .failed], current: 10, seconds: 0) == 10)
    }

    @Test
    func `a removal waits until five minutes have asked for it`() {
        var hpa = autoscaler()
        var count = 10
        for second in stride(from: 0, through: 285, by: 15) {
            let value = second == 0 ? 0.5 : 0.2
            count = hpa.desired([cpu(value, pods: count)], current: count, seconds: second)
            #expect(count == 10)
        }
        #expect(hpa.desired([cpu(0.2, pods: 10)], current: 10, seconds: 300) == 4)
    }

    @Test
    func `a down window that remembers more than there is causes no addition`() {
        var hpa = autoscaler()
        _ = hpa.desired([cpu(1, pods: 10)], current: 10, seconds: 0)

        // kubernetes#96671: 20 are remembered, somebody has scaled to 8, and 8 is what is asked for.
        #expect(hpa.desired([cpu(0.5, pods: 8)], current: 8, seconds: 15) == 8)
    }

    @Test
    func `an up window takes the least of what it has seen`() {
        var hpa = autoscaler { $0.up.windowSeconds = 60 }
        _ = hpa.desired([cpu(0.5, pods: 10)], current: 10, seconds: 0)

        #expect(hpa.desired([cpu(1, pods: 10)], current: 10, seconds: 45) == 10)
        #expect(hpa.desired([cpu(1, pods: 10)], current: 10, seconds: 60) == 20)
    }

    @Test
    func `it doubles, or adds four, in a quarter of a minute`() {
        var hpa = autoscaler()

        #expect(hpa.desired([.averageValue(9000, target: 100)], current: 1, seconds: 0) == 5)
        #expect(hpa.desired([.averageValue(9000, target: 100)], current: 5, seconds: 15) == 10)
        #expect(hpa.desired([.averageValue(9000, target: 100)], current: 10, seconds: 20) == 10)
        #expect(hpa.desired([.averageValue(9000, target: 100)], current: 10, seconds: 30) == 20)
    }

    @Test(arguments: [
        (PodScalingRules.Select.max, 20), (.min, 5), (.disabled, 0),
    ])
    func `of several rates the selected one limits`(select: PodScalingRules.Select, removed: Int) {
        var hpa = autoscaler {
            $0.down = PodScalingRules(
                windowSeconds: 0, select: select,
                policies: [
                    PodScalingRules.Policy(.percent(20), periodSeconds: 60),
                    PodScalingRules.Policy(.pods(5), periodSeconds: 60),
                ])
        }

        #expect(hpa.desired([cpu(0.01, pods: 100)], current: 100, seconds: 0) == 100 - removed)
    }

    @Test
    func `a percentage rounds towards more pods in either direction`() {
        var hpa = autoscaler {
            let rule = PodScalingRules.Policy(.percent(10), periodSeconds: 60)
            $0.up = PodScalingRules(windowSeconds: 0, policies: [rule])
            $0.down = PodScalingRules(windowSeconds: 0, policies: [rule])
        }

        #expect(hpa.desired([cpu(1, pods: 15)], current: 15, seconds: 0) == 17)
        // trunc(15 x 0.9) = 13
        var other = hpa
        #expect(other.desired([cpu(0.01, pods: 15)], current: 15, seconds: 600) == 13)
    }

    @Test
    func `a rate counts from the beginning of its period`() {
        var hpa = autoscaler {
            $0.up = PodScalingRules(
                windowSeconds: 0, policies: [PodScalingRules.Policy(.pods(4), periodSeconds: 60)])
        }
        #expect(hpa.desired([cpu(1, pods: 10)], current: 10, seconds: 0) == 14)
        #expect(hpa.desired([cpu(1, pods: 14)], current: 14, seconds: 30) == 14)
        #expect(hpa.desired([cpu(1, pods: 14)], current: 14, seconds: 61) == 18)
    }

    @Test
    func `bounds come last`() {
        var hpa = autoscaler(max: 12, min: 3)

        #expect(hpa.desired([cpu(1, pods: 10)], current: 10, seconds: 0) == 12)
        var low = autoscaler(max: 12, min: 3) { $0.down.windowSeconds = 0 }
        #expect(low.desired([cpu(0.01, pods: 10)], current: 10, seconds: 0) == 3)
    }
}
