/// The moments of a history that a model learns from and is judged by, with what came true after each.
struct TrainingSample {
    private(set) var moments: [Int] = []
    /// The largest value in the window after each moment.
    private(set) var targets: [Double] = []
    private var rows: [Double] = []
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
            targets.append(peaks[moment + window.first])
            features.append(to: &rows, at: moment, of: series)
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
}
