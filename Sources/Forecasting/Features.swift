/// What a model sees at a moment about the window ahead of it: recent levels of the series, and per season
/// what past cycles did at that time and now.
struct Features: Sendable {
    let window: Window
    private(set) var bases: [SeasonalBase]
    /// Per base, the largest of its mean and of its last cycle over each window's width.
    private var peaks: [(mean: [Double], last: [Double], spread: [Double])]
    /// Of each moment whose window is over: how far the largest value in it was above the level before.
    private var rises: [Double] = []
    /// Per base, what past cycles rose by at that very moment. Not smoothed: what starts on the hour does so within a
    /// minute.
    private(set) var riseBases: [SeasonalBase]
    private var sums: [Double] = [0]
    /// Sums of the distances between neighbouring values.
    private var steps: [Double] = [0]
    private let spans: [Int]

    init(_ series: RegularSeries, window: Window, periods: [Int]) {
        self.window = window
        bases = periods.map { SeasonalBase(series.values, period: $0, horizon: window.last) }
        peaks = bases.map { base in
            (
                SlidingMaximum.of(base.mean, width: window.width),
                SlidingMaximum.of(base.last, width: window.width),
                SlidingMaximum.of(base.spread, width: window.width)
            )
        }
        let reach = window.last
        spans = [max(2, reach / 2), max(4, 2 * reach), max(8, 6 * reach)]
        riseBases = periods.map {
            SeasonalBase([], period: $0, horizon: window.last, smooths: false)
        }
        extend(series)
    }

    /// Takes in what was appended to the series.
    mutating func extend(_ series: RegularSeries) {
        for index in (sums.count - 1)..<max(sums.count - 1, series.count) {
            sums.append(sums[index] + series.values[index])
            steps.append(steps[index] + abs(series.values[index] - series.values[max(0, index - 1)]))
        }
        extendRises(series)
        for index in bases.indices {
            let before = bases[index].mean.count
            bases[index].extend(series.values)
            for moment in before..<bases[index].mean.count {
                SlidingMaximum.append(bases[index].mean[moment], to: &peaks[index].mean, width: window.width)
                SlidingMaximum.append(bases[index].last[moment], to: &peaks[index].last, width: window.width)
                SlidingMaximum.append(
                    bases[index].spread[moment], to: &peaks[index].spread, width: window.width)
            }
        }
    }

    private mutating func extendRises(_ series: RegularSeries) {
        guard !riseBases.isEmpty, series.count > window.last else { return }
        for moment in rises.count..<max(rises.count, series.count - window.last) {
            let ahead = series.values[(moment + window.first)...(moment + window.last)]
            rises.append((ahead.max() ?? 0) - level(moment, 3))
        }
        for index in riseBases.indices { riseBases[index].extend(rises) }
    }

    var width: Int { 2 + spans.count + 6 * bases.count }

    /// The first moment at which all features are known.
    var start: Int { max(bases.map(\.start).max() ?? 0, window.width, 3) }

    /// The mean of the last `span` values up to a moment.
    private func level(_ moment: Int, _ span: Int) -> Double {
        let first = max(0, moment + 1 - span)
        return (sums[moment + 1] - sums[first]) / Double(moment + 1 - first)
    }

    /// Appends the features at a moment; `series` may have grown since.
    func append(to row: inout [Double], at moment: Int, of series: RegularSeries) {
        row.append(series.values[moment])
        for span in spans { row.append(level(moment, span)) }
        row.append(series.values[max(0, moment + 1 - window.width)...moment].max() ?? series.values[moment])
        for index in bases.indices {
            row.append(peaks[index].mean[moment + window.first])
            row.append(peaks[index].last[moment + window.first])
            row.append(bases[index].mean[moment])
            row.append(ratio(index, at: moment))
            row.append(riseBases[index].mean[moment])
            row.append(riseBases[index].last[moment])
        }
    }

    var unrestWidth: Int { 5 + 5 * bases.count }

    /// Appends what tells how wrong a forecast may be: how restless the series has been lately and in past
    /// cycles, and how high it is.
    func appendUnrest(to row: inout [Double], at moment: Int, of series: RegularSeries) {
        for span in spans {
            let first = max(0, moment + 1 - span)
            row.append((steps[moment + 1] - steps[first]) / Double(moment + 1 - first))
        }
        row.append(level(moment, spans[0]))
        row.append(abs(series.values[moment] - level(moment, spans[1])))
        for index in bases.indices {
            let mean = peaks[index].mean[moment + window.first]
            row.append(peaks[index].spread[moment + window.first])
            row.append(abs(mean - bases[index].mean[moment]))
            row.append(abs(peaks[index].last[moment + window.first] - mean))
            row.append(riseBases[index].spread[moment])
            row.append(abs(riseBases[index].mean[moment]))
        }
    }

    /// The present level, moved as past cycles moved from now to the window.
    func shifted(_ index: Int, at moment: Int) -> Double {
        level(moment, spans[0]) + peaks[index].mean[moment + window.first] - bases[index].mean[moment]
    }

    /// The present level, raised as past cycles rose from that very moment on.
    func risen(_ index: Int, at moment: Int) -> Double { level(moment, 3) + riseBases[index].mean[moment] }

    /// The present level, scaled as past cycles scaled; by at most five.
    func ratio(_ index: Int, at moment: Int) -> Double {
        let now = bases[index].mean[moment]
        let then = peaks[index].mean[moment + window.first]
        guard now > 0, then >= 0 else { return shifted(index, at: moment) }
        return level(moment, spans[0]) * min(5, then / now)
    }
}
