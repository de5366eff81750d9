/// A sample as the reference evaluator sees it.
package enum ReferenceNumber: Sendable {
    case float(Double)
    case histogram(ReferenceHistogram)

    /// The number; nil for a histogram.
    package var float: Double? { if case .float(let value) = self { value } else { nil } }
    package var histogram: ReferenceHistogram? {
        if case .histogram(let value) = self { value } else { nil }
    }
}

/// A series as the reference evaluator sees it.
package struct ReferenceSeries: Sendable {
    package typealias Sample = (time: Int64, value: ReferenceNumber)

    package var labels: [String: String]
    package var samples: [Sample]

    package init(labels: [String: String], samples: [Sample]) {
        self.labels = labels
        self.samples = samples
    }
}

/// What an expression is worth at one moment.
package enum ReferenceValue {
    package typealias Vector = [[String: String]: ReferenceNumber]

    case scalar(Double)
    case vector(Vector)

    package var vector: Vector { if case .vector(let vector) = self { vector } else { [:] } }
    var scalar: Double { if case .scalar(let value) = self { value } else { .nan } }
}

extension [String: String] {
    /// Without the metric name.
    var nameless: [String: String] { filter { $0.key != "__name__" } }
}

extension ReferenceValue.Vector {
    /// Adds an element.
    /// - Throws: `.ambiguous` where there is one of these labels.
    mutating func add(_ labels: [String: String], _ value: ReferenceNumber) throws {
        guard updateValue(value, forKey: labels) == nil else { throw ReferenceError.ambiguous }
    }
}

package enum ReferenceError: Error { case ambiguous, unsupported }

/// A generator of numbers that a seed repeats (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    package mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }

    package mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }
}
