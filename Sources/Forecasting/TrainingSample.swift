/// The moments of a history that a model learns from and is judged by, with what came true after each.
struct TrainingSample {
    private(set) var moments: [Int] = []
    /// The largest value in the window after each moment.
    private(set) var targets: [Double] = []
    private var rows: [Double] = []
    private var unrest: [Double] = []
    private let width: Int
    private let series: RegularSeries
    private let stride: Int
    private let window: Window

    init(_ series: RegularSeries, _ features: Features) {
        self.series = series
        window = features.window
        width = features.width
        let first = features.start
        let last = series.count - 1 - window.last
        stride = max(1, (last - first) / PeakForecaster.maxRows)
        guard last > first else { return }
        let peaks = SlidingMaximum.of(series.values, width: window.width)
        // Counted back from the end, so that the newest moments are always in.
        for moment in Swift.stride(from: last, through: first, by: -stride).reversed() {
            let ahead = (moment + window.first)..<(moment + window.last + 1)
            guard series.isPresent[moment], series.coverage(of: ahead) >= 0.5 else { continue }
            moments.append(moment)
        }
        rows = [Double](repeating: 0, count: moments.count * width)
        unrest = [Double](repeating: 0, count: moments.count * features.unrestWidth)
        targets = [Double](repeating: 0, count: moments.count)
        for (index, moment) in moments.enumerated() {
            targets[index] = peaks[moment + window.first]
            features.fill(
                &rows, from: index * width, at: moment, of: series,
                recentPeak: peaks[moment + 1 - window.width])
            features.fillUnrest(&unrest, from: index * features.unrestWidth, at: moment, of: series)
        }
    }

    /// Fits the change from the last value to the target.
    func fit(_ range: Range<Int>) -> RidgeRegression {
        let rows = Array(rows[(range.lowerBound * width)..<(range.upperBound * width)])
        let changes = range.map { targets[$0] - series.values[moments[$0]] }
        // Windows of neighbouring moments overlap: so many of them are about one observation.
        let penalty = 3 * max(1, Double(window.last) / Double(stride))
        return .robust(rows: rows, width: width, targets: changes, penalty: penalty)
    }

    /// What a regression says at each of the moments.
    func forecasts(_ regression: RidgeRegression, _ range: Range<Int>) -> [Double] {
        range.map { index in
            var sum = series.values[moments[index]] + regression.intercept
            for column in 0..<width {
                sum += regression.coefficients[column] * self.rows[index * width + column]
            }
            return sum
        }
    }

    /// How large an error is to be expected at each of the moments.
    func scales(_ errors: ErrorScale, _ range: Range<Int>) -> [Double] {
        range.map { index in
            errors.scale(unrest[(index * unrestWidth)..<((index + 1) * unrestWidth)])
        }
    }

    private var unrestWidth: Int { moments.isEmpty ? 0 : unrest.count / moments.count }

    /// Fits the size of a model's errors.
    func fitErrors(of regression: RidgeRegression, _ range: Range<Int>) -> ErrorScale {
        let errors = zip(forecasts(regression, range), targets[range]).map { abs($1 - $0) }
        let rows = Array(unrest[(range.lowerBound * unrestWidth)..<(range.upperBound * unrestWidth)])
        return ErrorScale(
            regression: RidgeRegression(
                rows: rows, width: unrestWidth, targets: errors,
                penalty: 3 * max(1, Double(window.last) / Double(stride))),
            typical: errors.isEmpty ? 0 : errors.reduce(0, +) / Double(errors.count))
    }
}

/// How large an error is to be expected at a moment.
struct ErrorScale: Sendable {
    fileprivate(set) var regression: RidgeRegression
    fileprivate(set) var typical: Double
    /// No moment is taken for so many times wilder or calmer than others.
    static let widest = 20.0

    /// As a multiple of the typical one.
    func scale(_ features: Features, _ series: RegularSeries, at moment: Int, lifted: Double = 0) -> Double {
        var row = [Double](repeating: 0, count: features.unrestWidth)
        features.fillUnrest(&row, from: 0, at: moment, of: series, lifted: lifted)
        return scale(row[...])
    }

    /// - Parameter row: the features of the unrest at a moment.
    fileprivate func scale(_ row: ArraySlice<Double>) -> Double {
        var sum = regression.intercept
        for (coefficient, value) in zip(regression.coefficients, row) { sum += coefficient * value }
        guard typical > 0 else { return 1 }
        return min(max(sum / typical, 1 / Self.widest), Self.widest)
    }
}
