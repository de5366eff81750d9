/// The steps ahead that a forecast is about: it is the largest value from `first` to `last` steps ahead.
package struct Window: Hashable, Sendable, Codable {
    package var first: Int
    package var last: Int

    /// - Precondition: `1 <= first <= last`.
    package init(first: Int, last: Int) {
        precondition(
            first >= 1 && last >= first, "a window begins at least one step ahead, found \(first)...\(last)")
        self.first = first
        self.last = last
    }

    var width: Int { last - first + 1 }
}

/// Maxima of all windows of one width.
enum SlidingMaximum {
    /// `result[i]` is the largest of `values[i..<i + width]`, or of what is there of it.
    static func of(_ values: [Double], width: Int) -> [Double] {
        var result = values
        var candidates: [Int] = []
        var head = 0
        candidates.reserveCapacity(values.count)
        for index in values.indices.reversed() {
            while candidates.count > head, values[candidates[candidates.count - 1]] <= values[index] {
                candidates.removeLast()
            }
            candidates.append(index)
            while candidates[head] >= index + width { head += 1 }
            result[index] = values[candidates[head]]
        }
        return result
    }

    /// Continues what `of` returned by one value.
    static func append(_ value: Double, to maxima: inout [Double], width: Int) {
        for index in max(0, maxima.count + 1 - width)..<maxima.count where !(maxima[index] >= value) {
            maxima[index] = value
        }
        maxima.append(value)
    }
}
