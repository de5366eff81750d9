import Glibc
import TimeSeries

/// Requests per second over time: a day with a quiet night, a morning rise, an afternoon peak and an evening shoulder,
/// pressed into `period`, with two short bursts each day.
package struct LoadShape: Hashable, Sendable {
    package var base: Double
    /// Of the wave itself; a burst goes a quarter above what the wave is then.
    package var peak: Double
    package var period: Duration

    package init(base: Double = 15, peak: Double = 100, period: Duration = .seconds(240)) {
        self.base = base
        self.peak = peak
        self.period = period
    }

    /// Where in the day the bursts begin, and how much of the day they last.
    private static let bursts = [0.30, 0.78]
    private static let burstLength = 0.04

    package func rate(at elapsed: Duration) -> Double {
        let days = elapsed.inSeconds / period.inSeconds
        let hour = days - days.rounded(.down)
        let isBurst = Self.bursts.contains { $0 <= hour && hour < $0 + Self.burstLength }
        return wave(hour) * (isBurst ? 1.25 : 1)
    }

    /// Two raised cosines: the afternoon, and an evening at half its height. The day begins at night.
    private func wave(_ hour: Double) -> Double {
        func hump(_ centre: Double, _ width: Double) -> Double {
            let distance = abs(hour - centre) / width
            return distance < 1 ? (1 + cos(.pi * distance)) / 2 : 0
        }
        return base + (peak - base) * min(1, hump(0.5, 0.38) + 0.5 * hump(0.82, 0.16))
    }
}
