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

    /// What comes once a season is there for a small part of it: to look farther ahead for what may be needed again keeps
    /// one peak's replicas until the next.
    private static let seasonsPart = 6

    /// This window, but no longer than a part of a season.
    /// - Parameters:
    ///   - season: in steps; nil where there is none.
    ///   - least: it stays at least as long as to so many steps ahead.
    package func held(withinSeason season: Int?, least: Int) -> Window {
        guard let season else { return self }
        return Window(first: first, last: min(last, max(least, season / Self.seasonsPart)))
    }
}

/// Maxima of all windows of one width.
enum SlidingMaximum {
    /// `result[i]` is the largest of `values[i..<i + width]`, or of what is there of it.
    static func of(_ values: [Double], width: Int) -> [Double] {
        var result = values
        // Windows of 1, 2, 4 and so on, each the larger of two half as wide; then two that overlap.
        var reach = 1
        while reach < width {
            let shift = min(reach, width - reach)
            // What lies past the end is left out: there the narrower window is all there is.
            for index in 0..<max(0, values.count - shift) {
                result[index] = max(result[index], result[index + shift])
            }
            reach += shift
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
