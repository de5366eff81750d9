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
        // Once only: a reservation for each value would copy all each time.
        if rises.isEmpty {
            sums.reserveCapacity(series.count + 1)
            steps.reserveCapacity(series.count + 1)
            rises.reserveCapacity(series.count)
        }
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
        let known = rises.count
        // At once what is many, and one after the other what is few.
        let ahead = SlidingMaximum.of(
            Array(series.values[(known + window.first)...]), width: window.width)
        for moment in known..<max(known, series.count - window.last) {
            rises.append(ahead[moment - known] - level(moment, 3))
        }
        for index in riseBases.indices { riseBases[index].extend(rises) }
    }

    var width: Int { 2 + spans.count + 7 * bases.count }

    /// The first moment at which all features are known.
    var start: Int { max(bases.map(\.start).max() ?? 0, window.width, 3) }

    /// The mean of the last `span` values up to a moment, the newest `lifted`.
    private func level(_ moment: Int, _ span: Int, lifted: Double = 0) -> Double {
        let first = max(0, moment + 1 - span)
        return (sums[moment + 1] - sums[first] + lifted) / Double(moment + 1 - first)
    }

    /// The largest of the newest values at a moment, as many as the window is wide.
    func recentPeak(at moment: Int, of series: RegularSeries) -> Double {
        series.values[max(0, moment + 1 - window.width)...moment].max() ?? series.values[moment]
    }

    /// Puts the features at a moment into `rows` from `place` on; `series` may have grown since.
    /// - Parameter lifted: how far what has been measured since is above the value at the moment.
    func fill(
        _ rows: inout [Double], from place: Int, at moment: Int, of series: RegularSeries, recentPeak: Double,
        lifted: Double = 0
    ) {
        var place = place
        func put(_ value: Double) {
            rows[place] = value
            place += 1
        }
        put(series.values[moment] + lifted)
        for span in spans { put(level(moment, span, lifted: lifted)) }
        put(max(recentPeak, series.values[moment] + lifted))
        for index in bases.indices {
            put(peaks[index].mean[moment + window.first])
            put(peaks[index].last[moment + window.first])
            put(bases[index].mean[moment])
            put(ratio(index, at: moment, lifted: lifted))
            put(riseBases[index].mean[moment])
            put(riseBases[index].last[moment])
            put(riseBases[index].most[moment])
        }
    }

    var unrestWidth: Int { 5 + 6 * bases.count }

    /// Puts into `rows`, from `place` on, what tells how wrong a forecast may be: how restless the series has been
    /// lately and in past cycles, and how high it is.
    func fillUnrest(
        _ rows: inout [Double], from place: Int, at moment: Int, of series: RegularSeries, lifted: Double = 0
    ) {
        var place = place
        func put(_ value: Double) {
            rows[place] = value
            place += 1
        }
        for span in spans {
            let first = max(0, moment + 1 - span)
            put((steps[moment + 1] - steps[first] + abs(lifted)) / Double(moment + 1 - first))
        }
        put(level(moment, spans[0], lifted: lifted))
        put(abs(series.values[moment] + lifted - level(moment, spans[1], lifted: lifted)))
        for index in bases.indices {
            let mean = peaks[index].mean[moment + window.first]
            put(peaks[index].spread[moment + window.first])
            put(abs(mean - bases[index].mean[moment]))
            put(abs(peaks[index].last[moment + window.first] - mean))
            put(riseBases[index].spread[moment])
            put(abs(riseBases[index].mean[moment]))
            put(abs(riseBases[index].most[moment]))
        }
    }

    /// The present level, moved as past cycles moved from now to the window.
    func shifted(_ index: Int, at moment: Int, lifted: Double = 0) -> Double {
        level(moment, spans[0], lifted: lifted) + peaks[index].mean[moment + window.first]
            - bases[index].mean[moment]
    }

    /// The present level, raised as past cycles rose from that very moment on.
    func risen(_ index: Int, at moment: Int, lifted: Double = 0) -> Double {
        level(moment, 3, lifted: lifted) + riseBases[index].mean[moment]
    }

    /// The present level, scaled as past cycles scaled; by at most five.
    func ratio(_ index: Int, at moment: Int, lifted: Double = 0) -> Double {
        let now = bases[index].mean[moment]
        let then = peaks[index].mean[moment + window.first]
        guard now > 0, then >= 0 else { return shifted(index, at: moment, lifted: lifted) }
        return level(moment, spans[0], lifted: lifted) * min(5, then / now)
    }
}
