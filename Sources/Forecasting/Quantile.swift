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

    /// The same of ascending numbers that weigh differently.
    /// - Parameter weights: how much the numbers up to each weigh together, the last as much as there are numbers.
    static func ofSorted(_ sorted: [Double], weights: [Double], _ quantile: Double) -> Double {
        guard let first = sorted.first, let last = sorted.last, weights.count == sorted.count else {
            return 0
        }
        let wanted = quantile * Double(sorted.count + 1)
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if weights[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        guard low < sorted.count else { return last }
        guard low > 0, weights[low] > weights[low - 1] else { return low > 0 ? sorted[low] : first }
        let share = (wanted - weights[low - 1]) / (weights[low] - weights[low - 1])
        return sorted[low - 1] + share * (sorted[low] - sorted[low - 1])
    }

    /// What `ofSorted` says of numbers that are not sorted; they are moved about.
    static func of(_ numbers: inout [Double], _ quantile: Double) -> Double {
        guard !numbers.isEmpty else { return 0 }
        let last = numbers.count - 1
        let rank = quantile * Double(numbers.count + 1) - 1
        let below = rank <= 0 ? 0 : rank >= Double(last) ? last : Int(rank)
        let low = select(below, of: &numbers)
        guard rank > 0, rank < Double(last) else { return low }
        let high = numbers[(below + 1)...].min() ?? low
        return low + (high - low) * (rank - Double(below))
    }

    /// The value that would stand at an index if the numbers were sorted, which they need not be; they are moved
    /// about, so that none before the index is above it and none after it below.
    /// - Precondition: the index is one of the numbers', and none of them is NaN.
    static func select(_ index: Int, of numbers: inout [Double], in range: Range<Int>? = nil) -> Double {
        var low = range?.lowerBound ?? 0
        var high = (range?.upperBound ?? numbers.count) - 1
        while high > low {
            let pivot = middle(numbers[low], numbers[low + (high - low) / 2], numbers[high])
            var left = low
            var right = high
            while left <= right {
                while numbers[left] < pivot { left += 1 }
                while numbers[right] > pivot { right -= 1 }
                guard left <= right else { break }
                numbers.swapAt(left, right)
                left += 1
                right -= 1
            }
            if index <= right {
                high = right
            } else if index >= left {
                low = left
            } else {
                break
            }
        }
        return numbers[index]
    }

    private static func middle(_ a: Double, _ b: Double, _ c: Double) -> Double {
        max(min(a, b), min(max(a, b), c))
    }

    /// The middle number, or the mean of the two middle ones; zero where there is none.
    static func median(_ numbers: consuming [Double]) -> Double {
        median(in: 0..<numbers.count, of: &numbers)
    }

    /// The median of some of the numbers, which are moved about among themselves.
    static func median(in range: Range<Int>, of numbers: inout [Double]) -> Double {
        guard !range.isEmpty else { return 0 }
        let upper = range.lowerBound + range.count / 2
        let high = select(upper, of: &numbers, in: range)
        guard range.count % 2 == 0 else { return high }
        return ((numbers[range.lowerBound..<upper].max() ?? high) + high) / 2
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
