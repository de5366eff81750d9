/// How often values of each magnitude occurred: bins that are 1/64 of a power of two wide, so a value comes back
/// with a relative error of at most 1/128. Merging adds bins up and loses nothing.
///
/// A bin is the sign, the exponent and the first six bits of the fraction of a double: found by a shift, without a
/// logarithm, and the same on every machine. Zeros and what is nearest to them have a bin of their own.
package struct QuantileSketch: Hashable, Sendable {
    /// The largest relative error of a value.
    package static let relativeError = 1.0 / 128

    /// Ascending; counts may be parts of samples where a window cuts what was summarised.
    package private(set) var bins: [(bin: Int32, count: Double)] = []

    package init() {}

    /// Bins in ascending order.
    package init(bins: [(bin: Int32, count: Double)]) { self.bins = bins }

    /// The bin of a number that is not NaN.
    package static func bin(_ value: Double) -> Int32 {
        let magnitude = Int32(truncatingIfNeeded: value.magnitude.bitPattern >> 46)
        return value < 0 ? -magnitude : magnitude
    }

    /// The number in the middle of a bin.
    package static func value(_ bin: Int32) -> Double {
        let magnitude = UInt64(bin.magnitude) << 46
        guard bin != 0 else { return 0 }
        let low = Double(bitPattern: magnitude)
        let middle = low.isFinite ? Double(bitPattern: magnitude | 1 << 45) : .infinity
        return bin < 0 ? -middle : middle
    }

    package var count: Double { bins.reduce(0) { $0 + $1.count } }

    /// Adds a bin, or to it.
    package mutating func add(_ bin: Int32, _ count: Double) {
        var low = 0
        var high = bins.count
        while low < high {
            let middle = (low + high) / 2
            if bins[middle].bin < bin { low = middle + 1 } else { high = middle }
        }
        if low < bins.count, bins[low].bin == bin {
            bins[low].count += count
        } else {
            bins.insert((bin, count), at: low)
        }
    }

    package mutating func merge(_ other: QuantileSketch, weight: Double = 1) {
        guard !bins.isEmpty || weight != 1 else {
            bins = other.bins
            return
        }
        for (bin, count) in other.bins { add(bin, count * weight) }
    }

    /// The value of a rank from 0; NaN of nothing.
    package func value(atRank rank: Double) -> Double {
        var passed = 0.0
        for (bin, count) in bins {
            passed += count
            if rank < passed { return QuantileSketch.value(bin) }
        }
        return bins.last.map { QuantileSketch.value($0.bin) } ?? Marker.notANumber
    }

    package static func == (a: QuantileSketch, b: QuantileSketch) -> Bool {
        a.bins.elementsEqual(b.bins) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        for (bin, count) in bins {
            hasher.combine(bin)
            hasher.combine(count)
        }
    }
}
