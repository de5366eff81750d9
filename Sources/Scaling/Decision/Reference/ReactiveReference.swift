import TimeSeries

/// What a plain reactive autoscaler would hold on the same demand: HorizontalPodAutoscaler on load, at 60 % of what is
/// reached at 80 %, with its default tolerance, windows and limit of scale-up.
package struct ReactiveReference: Hashable, Sendable, Codable {
    /// What it holds above the measured demand: 80 % by 60 %, less one.
    static let headroom = 1.0 / 3
    private static let tolerance = 0.1
    private static let downWindow = Duration.seconds(300)
    /// Twice as many or four more in each such period.
    private static let upPeriod = Duration.seconds(15)

    package private(set) var desired: Int
    /// What it would have had within its window of scale-in.
    private var maxima: [ScalingMemory.Recommendation] = []
    /// When the present period of its limit began, and the count then.
    private var periodAt: Timestamp?
    private var periodCount = 0

    init(desired: Int) { self.desired = desired }

    /// One sync.
    /// - Parameters:
    ///   - demand: in replicas, fractional.
    ///   - asked: what signals ask for as they are, whatever the demand of the predicted one.
    mutating func step(demand: Double, asked: Int, bounds: ClosedRange<Int>, at now: Timestamp) {
        let wanted = demand * (1 + Self.headroom)
        let isTolerated = desired > 0 && abs(wanted / Double(desired) - 1) <= Self.tolerance + 1e-9
        let proposal = Self.clamped(max(isTolerated ? desired : Replicas.covering(wanted), asked), bounds)
        let highest = maxima.slide(adding: proposal, at: now, window: Self.downWindow, >)
        maxima.limit(to: ScalingMemory.maxRecommendations)
        if periodAt.map({ now - $0 >= Self.upPeriod || now < $0 }) ?? true {
            periodAt = now
            periodCount = desired
        }
        let reach = max(2 * periodCount, periodCount + 4)
        desired = Self.clamped(
            proposal > desired ? max(desired, min(proposal, reach)) : min(desired, highest), bounds)
    }

    private static func clamped(_ count: Int, _ bounds: ClosedRange<Int>) -> Int {
        max(bounds.lowerBound, min(count, bounds.upperBound))
    }
}

extension ReactiveReference: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        maxima.clockStepped(by: step)
        periodAt.clockStepped(by: step)
    }
}
