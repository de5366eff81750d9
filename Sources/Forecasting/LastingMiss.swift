/// Whether what came true has for some time been far below all that a model said could be: demand that is gone for good, of
/// which past cycles know nothing. Its model goes on leaning on them until enough of its history is as it is now.
struct LastingMiss: Sendable {
    /// An outage of a quarter of an hour is no fall for good.
    private static let leastSeconds = 1200.0
    private static let leastCount = 10
    /// Where the distance of the values is not known.
    private static let usualCount = 20
    /// Less than this share below what was expected is an error as others.
    private static let leastShare = 1.0 / 3
    /// Hardly any error is so many times as far as this quantile of them. A lower one would be made of what has just been
    /// missed, after a fit on it.
    static let quantile = 0.05
    static let leastDistance = 2.0

    /// Of the newest forecasts that are over, whether each was missed from below; the oldest first.
    private var isFar: [Bool] = []
    private let count: Int
    /// From when all of the newest were missed until no more than half of them are.
    private(set) var isLasting = false

    init(stepSeconds: Double?) {
        count =
            stepSeconds.map { max(Self.leastCount, Int((Self.leastSeconds / $0).rounded(.up))) }
            ?? Self.usualCount
    }

    /// How many forecasts are looked at.
    var reach: Int { count }

    /// - Parameters:
    ///   - actual: what came true.
    ///   - expected: what had been foreseen, and the least that it could be.
    mutating func take(_ actual: Double, expected: Double, least: Double) {
        isFar.append(actual < least && actual < (1 - Self.leastShare) * expected)
        if isFar.count > count { isFar.removeFirst() }
        let missed = isFar.count { $0 }
        isLasting = isLasting ? 2 * missed > count : missed == count
    }
}
