import PromQL
import TimeSeries

/// A series as the reference evaluator sees it.
struct ReferenceSeries {
    var labels: [String: String]
    var samples: [(time: Int64, value: Double)]
}

/// What an expression is worth at one moment.
enum ReferenceValue {
    case scalar(Double)
    case vector([[String: String]: Double])

    var vector: [[String: String]: Double] { if case .vector(let vector) = self { vector } else { [:] } }
    var scalar: Double { if case .scalar(let value) = self { value } else { .nan } }
}

enum ReferenceError: Error { case ambiguous, unsupported }

/// A generator of numbers that a seed repeats (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }
}
