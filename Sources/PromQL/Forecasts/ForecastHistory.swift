import TimeSeries

/// The samples of a series as a model sees them: on a regular grid of moments that are multiples of the step.
///
/// A model is fitted on the window as it was at the last full hour, `(hour - window, hour]`. What came since
/// is known to a forecast as where it starts from, and changes no coefficient.
struct ForecastHistory {
    /// An hour: models are fitted at its multiples.
    static let alignment: Int64 = 3_600_000
    /// With fewer values before the full hour nothing is fitted.
    static let leastValues = 30
    /// The most moments that a subquery gives, and the most that are made of samples.
    static let maxPoints: Int64 = 20_160
    static let maxPointsOfSamples: Int64 = 4320

    /// The last full hour.
    static func aligned(_ time: Int64) -> Int64 { floored(time, alignment) &* alignment }

    private static func floored(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }

    let hour: Int64
    let step: Int64
    /// The value at each moment from the first that has one up to the hour; NaN where there is none.
    let values: [Double]
    /// The number of the last moment up to the hour: its time is that number times the step.
    private let last: Int64
    /// How old a value may be to stand for a moment.
    private let tolerance: Int64
    private let samples: FloatSamples
    private let first: Int

    /// Nil where there are too few values before the hour.
    /// - Parameters:
    ///   - window: in milliseconds.
    ///   - subqueryStep: nil where the samples were read as they are.
    init?(_ samples: FloatSamples, hour: Int64, window: Int64, subqueryStep: Int64?) {
        let times = samples.times.milliseconds
        let start = hour &- window
        let low = times.firstIndex(after: start)
        let high = times.firstIndex(after: hour)
        guard high - low >= Self.leastValues else { return nil }
        if let subqueryStep {
            let factor = (window / subqueryStep + Self.maxPoints - 1) / Self.maxPoints
            step = subqueryStep &* max(1, factor)
            tolerance = step
        } else {
            step = Self.step(of: times[low..<high], window: window)
            // A scrape that came late or not at all is bridged.
            tolerance = 2 &* step
        }
        self.hour = hour
        self.samples = samples
        first = low
        last = Self.floored(hour, step)
        var values: [Double] = []
        var cursor = low
        // The first sample is nowhere but at or before the moment after it.
        let begin = max(Self.floored(start, step) + 1, Self.floored(times[low], step))
        values.reserveCapacity(Int(clamping: max(0, last - begin + 1)))
        for number in stride(from: begin, through: last, by: 1) {
            let value = Self.value(samples, at: number &* step, &cursor, first: low, tolerance)
            if !values.isEmpty || value.isFinite { values.append(value) }
        }
        guard values.count(where: \.isFinite) >= Self.leastValues else { return nil }
        self.values = values
    }

    /// The number of moments from the hour up to `time`.
    func moments(until time: Int64) -> Int { Int(clamping: max(0, Self.floored(time, step) - last)) }

    /// The value at the moment so many after the last one up to the hour.
    func value(after moments: Int, _ cursor: inout Int) -> Double {
        Self.value(
            samples, at: (last &+ Int64(moments)) &* step, &cursor, first: first, tolerance)
    }

    /// The newest sample at a moment, unless it is too old; the cursor only moves forward.
    private static func value(
        _ samples: FloatSamples, at moment: Int64, _ cursor: inout Int, first: Int, _ tolerance: Int64
    ) -> Double {
        let times = samples.times.milliseconds
        cursor = max(cursor, first)
        while cursor < times.count, times[cursor] <= moment { cursor += 1 }
        guard cursor > first, times[cursor - 1] > moment &- tolerance else { return .nan }
        let value = samples.values[cursor - 1]
        return value.isFinite ? value : .nan
    }

    /// Round steps in seconds.
    private static let roundSteps: [Int64] = [
        1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
        86_400,
    ]

    /// The round step that fits the usual distance of samples, at least so large that moments do not get too
    /// many.
    private static func step(of times: ArraySlice<Int64>, window: Int64) -> Int64 {
        let distances = zip(times, times.dropFirst()).map { $1 &- $0 }.sorted()
        // Scrapes are not exactly as far apart as they should be.
        let usual = distances[distances.count / 2] * 9 / 10
        let least = max(usual, window / maxPointsOfSamples)
        return roundSteps.map { $0 * 1000 }.first { $0 >= least } ?? least
    }
}
