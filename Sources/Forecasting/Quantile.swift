import Glibc

/// Quantiles of a sample, and what it costs to miss one.
enum Quantile {
    /// The empirical quantile, interpolated, of ascending numbers. For an upper quantile of few numbers it is
    /// the conformal one: the rank is that among one more than there are, so that a new number stays below
    /// with at least the wanted frequency.
    static func ofSorted(_ sorted: [Double], _ quantile: Double) -> Double {
        guard let first = sorted.first, let last = sorted.last else { return 0 }
        let rank = quantile * Double(sorted.count + 1) - 1
        if rank <= 0 { return first }
        if rank >= Double(sorted.count - 1) { return last }
        let below = Int(rank)
        let share = rank - Double(below)
        return sorted[below] + (sorted[below + 1] - sorted[below]) * share
    }

    /// The standard normal distribution's quantile, to three digits (Abramowitz and Stegun 26.2.23).
    static func normal(_ quantile: Double) -> Double {
        let tail = min(quantile, 1 - quantile)
        guard tail > 0, tail < 0.5 else { return 0 }
        let t = (-2 * log(tail)).squareRoot()
        let above = 2.515517 + t * (0.802853 + t * 0.010328)
        let below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        let size = t - above / below
        return quantile < 0.5 ? -size : size
    }

    /// The pinball loss of a quantile forecast: its mean is least where the forecast is the quantile.
    static func pinball(_ actual: Double, _ forecast: Double, _ quantile: Double) -> Double {
        actual >= forecast ? quantile * (actual - forecast) : (1 - quantile) * (forecast - actual)
    }
}
