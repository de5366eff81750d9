import TimeSeries

/// A summary of consecutive samples that can be joined to the summary of those behind them.
protocol WindowSummary {
    /// Of one sample: its value, and its time in seconds since the first sample of the series.
    init(value: Double, time: Double)
    /// Of these samples and then those of the other.
    func joined(with next: Self) -> Self
}

/// Summaries of windows that only move forwards, each sample joined about twice however many windows it is in.
///
/// The window is split in the middle: of the front all suffixes are known, of the back the whole. When the front
/// is used up, the back becomes the front. Nothing is ever subtracted, so nothing is lost to rounding and no
/// infinity outlives its window.
struct SlidingWindow<Summary: WindowSummary> {
    private let samples: FloatSamples
    private let origin: Int64
    private var suffixes: [Summary] = []
    /// The first sample of the front, the first of the back, and the first behind it.
    private var first = 0
    private var middle = 0
    private var end = 0
    private var back: Summary?

    init(_ samples: FloatSamples) {
        self.samples = samples
        origin = samples.times.milliseconds.first ?? 0
    }

    /// The summary of a window that is not empty and in no way before the last one.
    mutating func summary(of window: Range<Int>) -> Summary? {
        if window.lowerBound > end {
            suffixes.removeAll(keepingCapacity: true)
            (middle, end, back) = (window.lowerBound, window.lowerBound, nil)
        }
        while end < window.upperBound {
            let next = sample(end)
            back = back?.joined(with: next) ?? next
            end += 1
        }
        if window.lowerBound >= middle { turn(from: window.lowerBound) }
        first = window.lowerBound
        guard first < middle else { return back }
        let front = suffixes[middle - 1 - first]
        return back.map(front.joined) ?? front
    }

    private func sample(_ index: Int) -> Summary {
        Summary(
            value: samples.values[index], time: Double(samples.times.milliseconds[index] &- origin) / 1000)
    }

    /// Makes all samples from `start` on the front.
    private mutating func turn(from start: Int) {
        suffixes.removeAll(keepingCapacity: true)
        var index = end - 1
        while index >= start {
            let next = sample(index)
            suffixes.append(suffixes.last.map(next.joined) ?? next)
            index -= 1
        }
        middle = end
        back = nil
    }
}

struct SumSummary: WindowSummary {
    private var sum: CompensatedSum

    init(value: Double, time: Double) { sum = CompensatedSum(value) }

    func joined(with next: SumSummary) -> SumSummary {
        var result = self
        result.sum.add(next.sum.sum)
        result.sum.compensation += next.sum.compensation
        return result
    }

    var value: Double { sum.value }
}

struct LeastSummary: WindowSummary {
    private(set) var value: Double

    init(value: Double, time: Double) { self.value = value }

    @inline(__always)
    func joined(with next: LeastSummary) -> LeastSummary {
        next.value < value || value.isNaN ? next : self
    }
}

struct GreatestSummary: WindowSummary {
    private(set) var value: Double

    init(value: Double, time: Double) { self.value = value }

    @inline(__always)
    func joined(with next: GreatestSummary) -> GreatestSummary {
        next.value > value || value.isNaN ? next : self
    }
}

/// Count, mean and squared deviations (Chan, Golub and LeVeque's formula).
struct VarianceSummary: WindowSummary {
    private var count = 1.0
    private var mean: Double
    private var squares: Double

    init(value: Double, time: Double) {
        mean = value
        squares = value.isFinite ? 0 : Marker.notANumber
    }

    func joined(with next: VarianceSummary) -> VarianceSummary {
        var result = self
        result.count += next.count
        let delta = next.mean - mean
        let share = next.count / result.count
        result.mean += delta * share
        result.squares += next.squares + delta * delta * count * share
        return result
    }

    /// Nil where it is not finite.
    var variance: Double? {
        let variance = squares / count
        return variance.isFinite ? variance : nil
    }
}

/// What a straight line by least squares takes.
struct LineSummary: WindowSummary {
    private var count = 1.0
    private var meanTime: Double
    private var meanValue: Double
    private var squares = 0.0
    private var products = 0.0
    private let first: Double
    private var isConstant = true

    init(value: Double, time: Double) {
        meanTime = time
        meanValue = value
        first = value
    }

    func joined(with next: LineSummary) -> LineSummary {
        var result = self
        result.count += next.count
        let time = next.meanTime - meanTime
        let value = next.meanValue - meanValue
        let share = next.count / result.count
        result.meanTime += time * share
        result.meanValue += value * share
        result.squares += next.squares + time * time * count * share
        result.products += next.products + time * value * count * share
        result.isConstant = isConstant && next.isConstant && first == next.first
        return result
    }

    /// The slope and the value at a time; nil for a single sample, NaN where any value is infinite.
    func line(at time: Double) -> (slope: Double, value: Double)? {
        guard count > 1 else { return nil }
        if isConstant {
            return first.isInfinite ? (Marker.notANumber, Marker.notANumber) : (0, first)
        }
        let slope = products / squares
        guard slope.isFinite else { return (Marker.notANumber, Marker.notANumber) }
        return (slope, meanValue + slope * (time - meanTime))
    }
}

/// The numbers of a window in order, kept so as it moves.
struct SortedWindow {
    private var sorted: [Double] = []
    private var notNumbers = 0
    private var window = 0..<0
    /// In longer windows elements are moved in blocks.
    private static let short = 256

    /// The quantile of a window that is in no way before the last one.
    mutating func quantile(_ quantile: Double, of values: [Double], in next: Range<Int>) -> Double {
        var leaving = window.lowerBound..<min(next.lowerBound, window.upperBound)
        var coming = max(window.upperBound, next.lowerBound)..<next.upperBound
        // Mostly one comes for each that leaves, and then only what lies between them moves.
        while !leaving.isEmpty, !coming.isEmpty {
            let (old, new) = (values[leaving.lowerBound], values[coming.lowerBound])
            if old.isNaN || new.isNaN || sorted.count > Self.short {
                remove(old)
                insert(new)
            } else {
                replace(old, by: new)
            }
            (leaving, coming) = (leaving.dropFirst(), coming.dropFirst())
        }
        for index in leaving { remove(values[index]) }
        for index in coming { insert(values[index]) }
        window = next
        return Quantile.ofSorted(count: notNumbers + sorted.count, quantile) { place in
            place < notNumbers ? Marker.notANumber : sorted[place - notNumbers]
        }
    }

    private mutating func insert(_ value: Double) {
        if value.isNaN { notNumbers += 1 } else { sorted.insert(value, at: place(of: value)) }
    }

    private mutating func remove(_ value: Double) {
        if value.isNaN { notNumbers -= 1 } else { sorted.remove(at: place(of: value)) }
    }

    private mutating func replace(_ old: Double, by new: Double) {
        var place = place(of: old)
        var elements = sorted.mutableSpan
        if old < new {
            while place + 1 < elements.count, elements[place + 1] < new {
                elements[place] = elements[place + 1]
                place += 1
            }
        } else {
            while place > 0, elements[place - 1] > new {
                elements[place] = elements[place - 1]
                place -= 1
            }
        }
        elements[place] = new
    }

    /// The index of the first element that is not less.
    private func place(of value: Double) -> Int {
        let sorted = sorted.span
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
