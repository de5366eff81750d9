/// One way to foresee the largest value in a window.
enum Candidate: Hashable, Sendable {
    /// The last value.
    case persistence
    /// The present level moved as earlier cycles moved.
    case seasonalShift(season: Int)
    /// The present level scaled as earlier cycles scaled.
    case seasonalRatio(season: Int)
    /// The present level raised as earlier cycles rose from that very moment on.
    case seasonalRise(season: Int)
    /// The mean of shift and ratio.
    case seasonalMean(season: Int)
    /// A regression on the recent past and the seasons.
    case regression
    /// The mean of the regression and the seasonal mean.
    case combination(season: Int)
    /// The mean of the regression and the seasonal rise.
    case riseCombination(season: Int)

    static func all(seasons: Int) -> [Candidate] {
        [.persistence, .regression]
            + (0..<seasons).flatMap {
                [
                    .seasonalShift(season: $0), .seasonalRatio(season: $0), .seasonalMean(season: $0),
                    .seasonalRise(season: $0), .combination(season: $0), .riseCombination(season: $0),
                ]
            }
    }

    /// Which season it leans on.
    var season: Int? {
        switch self {
        case .persistence, .regression: nil
        case .seasonalShift(let season), .seasonalRatio(let season), .seasonalMean(let season),
            .seasonalRise(let season), .combination(let season), .riseCombination(let season):
            season
        }
    }

    func name(periods: [Int]) -> String {
        switch self {
        case .persistence: "persistence"
        case .seasonalShift(let season): "seasonal shift of \(periods[season])"
        case .seasonalRatio(let season): "seasonal ratio of \(periods[season])"
        case .seasonalRise(let season): "seasonal rise of \(periods[season])"
        case .seasonalMean(let season): "seasonal mean of \(periods[season])"
        case .regression: periods.isEmpty ? "autoregression" : "seasonal regression"
        case .riseCombination(let season): "regression and seasonal rise of \(periods[season])"
        case .combination(let season): "regression and seasonal mean of \(periods[season])"
        }
    }

    /// - Parameters:
    ///   - regressed: what the regression says at the moment.
    ///   - lifted: how far what has been measured since is above the value at the moment.
    func forecast(
        _ features: Features, _ regressed: @autoclosure () -> Double, _ series: RegularSeries, at moment: Int,
        lifted: Double = 0
    ) -> Double {
        func mean(_ season: Int) -> Double {
            (features.shifted(season, at: moment, lifted: lifted)
                + features.ratio(season, at: moment, lifted: lifted)) / 2
        }
        return switch self {
        case .persistence: series.values[moment] + lifted
        case .seasonalShift(let season): features.shifted(season, at: moment, lifted: lifted)
        case .seasonalRatio(let season): features.ratio(season, at: moment, lifted: lifted)
        case .seasonalRise(let season): features.risen(season, at: moment, lifted: lifted)
        case .seasonalMean(let season): mean(season)
        case .regression: regressed()
        case .combination(let season): (regressed() + mean(season)) / 2
        case .riseCombination(let season):
            (regressed() + features.risen(season, at: moment, lifted: lifted)) / 2
        }
    }
}

extension RidgeRegression {
    /// What it says about the window ahead of a moment.
    /// - Parameter lifted: how far what has been measured since is above the value at the moment.
    func forecast(_ features: Features, _ series: RegularSeries, at moment: Int, lifted: Double = 0) -> Double
    {
        var row = [Double](repeating: 0, count: features.width)
        features.fill(
            &row, from: 0, at: moment, of: series, recentPeak: features.recentPeak(at: moment, of: series),
            lifted: lifted)
        var sum = series.values[moment] + lifted + intercept
        for (coefficient, feature) in zip(coefficients, row) { sum += coefficient * feature }
        return sum
    }
}
