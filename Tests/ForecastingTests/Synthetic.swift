import Glibc

/// Reproducible noise and shapes.
struct Synthetic {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Uniform in 0..<1, by SplitMix64.
    mutating func uniform() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((bits ^ (bits >> 31)) >> 11) / 9_007_199_254_740_992
    }

    /// Roughly normal, mean 0 and deviation 1.
    mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }

    mutating func noise(_ count: Int, deviation: Double = 1) -> [Double] {
        (0..<count).map { _ in deviation * normal() }
    }

    /// A wave around 100 with an amplitude of 50, and noise.
    mutating func wave(_ count: Int, period: Int, noise: Double = 0) -> [Double] {
        (0..<count).map {
            100 + 50 * sin(2 * .pi * Double($0) / Double(period)) + noise * normal()
        }
    }
}

/// How far one path is from another, on average.
func distance(_ path: [Double], _ other: [Double]) -> Double {
    zip(path, other).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(other.count)
}
