import Glibc

/// The errors of a backtest, each relative to a scale that grows as the errors do: not at all, with the
/// forecast, or as the unrest of the moment foretells.
struct Residuals: Sendable {
    enum Scaling: CaseIterable {
        /// The wide ones believe whatever unrest is foretold, the others within a fourth and four times the usual.
        case fixed, halfProportional, proportional, unrest, halfUnrest, wideUnrest, halfWideUnrest

        var isWide: Bool { self == .wideUnrest || self == .halfWideUnrest }
    }

    /// Oldest first; ascending once they are sorted.
    private var relative: [Double] = []
    /// Of the sorted ones, how much these up to each weigh: an error counts half as much as one that is newer by
    /// `halfLife` of the backtest, all together as many as there are.
    private var weights: [Double] = []
    private var scaling = Scaling.fixed
    private var typical = 1.0
    private var meanScale = 1.0
    private var meanNarrow = 1.0
    /// The quantile of the errors that the contest is about, and its mean pinball loss.
    private var contestMargin = 0.0
    private(set) var loss = Double.infinity

    /// What follows the unrest without bounds has to be so much better: few bursts teach it little.
    private static let leastGainOfWide = 0.1
    /// As a share of the backtest.
    private static let halfLife = 0.25

    init() {}

    /// - Parameter scales: the size of error that was to be expected at each, as a multiple of the typical one.
    init(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double],
        among scalings: [Scaling] = Scaling.allCases
    ) {
        guard !actual.isEmpty else { return }
        typical = max(forecasts.reduce(0) { $0 + abs($1) } / Double(forecasts.count), 1e-300)
        meanScale = max(scales.reduce(0, +) / Double(scales.count), 1e-300)
        meanNarrow = max(scales.reduce(0) { $0 + Self.narrowed($1) } / Double(scales.count), 1e-300)
        var sizes = actual
        var errors = actual
        for scaling in scalings {
            for index in actual.indices {
                sizes[index] = scale(scaling, forecasts[index], scales[index])
                errors[index] = (actual[index] - forecasts[index]) / sizes[index]
            }
            // One quantile needs no order; sorting them all would be most of the work of a fit.
            let margin = Quantile.of(&errors, Contest.quantile)
            let loss = Self.loss(actual, forecasts, sizes, margin, in: actual.indices)
            guard loss < (scaling.isWide ? 1 - Self.leastGainOfWide : 1) * self.loss else { continue }
            self.loss = loss
            contestMargin = margin
            self.scaling = scaling
        }
        guard loss < .infinity else { return }
        // The selection of the quantile has moved them about.
        relative = actual.indices.map {
            (actual[$0] - forecasts[$0]) / scale(self.scaling, forecasts[$0], scales[$0])
        }
    }

    /// Makes them ready to be asked for any quantile.
    mutating func sort() {
        let count = Double(relative.count)
        let order = relative.indices.sorted { relative[$0] < relative[$1] }
        let newest = relative.count - 1
        let weightOf = relative.indices.map { exp2(-Double(newest - $0) / (Self.halfLife * count)) }
        let unit = count / weightOf.reduce(0, +)
        var sum = 0.0
        weights = order.map { index in
            sum += weightOf[index] * unit
            return sum
        }
        relative = order.map { relative[$0] }
    }

    var count: Int { relative.count }

    private func scale(_ scaling: Scaling, _ forecast: Double, _ scale: Double) -> Double {
        switch scaling {
        case .fixed: typical
        case .halfProportional: (typical + max(abs(forecast), 0.1 * typical)) / 2
        case .proportional: max(abs(forecast), 0.1 * typical)
        case .unrest: typical * max(Self.narrowed(scale) / meanNarrow, 0.05)
        case .halfUnrest: typical * (1 + Self.narrowed(scale) / meanNarrow) / 2
        case .wideUnrest: typical * max(scale / meanScale, 0.01)
        case .halfWideUnrest: typical * (1 + scale / meanScale) / 2
        }
    }

    private static func narrowed(_ scale: Double) -> Double { min(max(scale, 0.25), 4) }

    /// What a relative error of one is at a moment.
    func unit(around forecast: Double, scale: Double) -> Double { self.scale(scaling, forecast, scale) }

    /// The quantile of the relative errors: of all alike or of those in which the newer weigh more, whichever is
    /// farther from the median. A series that has become wilder is planned for at once, one that has become calm once
    /// it has been so for long.
    /// - Precondition: they are sorted.
    func margin(_ quantile: Double) -> Double {
        let ever = Quantile.ofSorted(relative, quantile)
        let lately = Quantile.ofSorted(relative, weights: weights, quantile)
        return quantile > 0.5 ? max(ever, lately) : quantile < 0.5 ? min(ever, lately) : lately
    }

    func moved(_ forecast: Double, by margin: Double, scale: Double) -> Double {
        forecast + margin * self.scale(scaling, forecast, scale)
    }

    /// The loss over the earlier and over the later half.
    func lossOfHalves(
        _ actual: [Double], _ forecasts: [Double], _ scales: [Double]
    ) -> (Double, Double) {
        let sizes = actual.indices.map { scale(scaling, forecasts[$0], scales[$0]) }
        let middle = actual.count / 2
        return (
            Self.loss(actual, forecasts, sizes, contestMargin, in: 0..<middle),
            Self.loss(actual, forecasts, sizes, contestMargin, in: middle..<actual.count)
        )
    }

    /// The mean pinball loss of the quantile that these errors calibrate.
    private static func loss(
        _ actual: [Double], _ forecasts: [Double], _ sizes: [Double], _ margin: Double, in range: Range<Int>
    ) -> Double {
        var sum = 0.0
        for index in range {
            let forecast = forecasts[index] + margin * sizes[index]
            sum += Quantile.pinball(actual[index], forecast, Contest.quantile)
        }
        return range.isEmpty ? .infinity : sum / Double(range.count)
    }
}
