import Glibc

/// A linear model of the next value from values some lags back, applied step by step to its own forecasts.
struct Autoregression: Sendable {
    /// What is done to the values before.
    struct Form: Hashable, Sendable {
        /// The model is of logarithms: effects multiply.
        var isLogarithmic: Bool
        /// The model is of differences over so many steps; 0 for the values themselves.
        var difference: Int
    }

    /// A regression learns nothing from more rows.
    static let maxRows = 1200
    static let leastRows = 50
    static let penalty = 5.0

    let form: Form
    private let lags: [Int]
    private let regression: RidgeRegression
    private let bounds: ClosedRange<Double>

    /// Nil where the history is too short for the lags.
    /// - Parameters:
    ///   - level: logarithms where the model is of them.
    ///   - lags: ascending.
    init?(_ level: [Double], lags: [Int], form: Form) {
        let state = Self.differences(level, form)
        let longest = lags.last ?? 1
        let count = state.count - longest
        guard count >= max(Self.leastRows, lags.count + 10) else { return nil }
        let stride = max(1, count / Self.maxRows)
        var rows: [Double] = []
        var targets: [Double] = []
        rows.reserveCapacity(count / stride * lags.count)
        for index in Swift.stride(from: state.count - 1, through: longest, by: -stride) {
            targets.append(state[index])
            for lag in lags { rows.append(state[index - lag]) }
        }
        regression = .robust(rows: rows, width: lags.count, targets: targets, penalty: Self.penalty)
        self.form = form
        self.lags = lags
        let low = state.min() ?? 0
        let high = state.max() ?? 0
        bounds = (low - (high - low))...(high + (high - low))
    }

    /// The values after `values`, which need not be those that the model was fitted to.
    /// - Parameter level: logarithms where the model is of them.
    func forecast(after level: ArraySlice<Double>, horizon: Int) -> [Double] {
        // What the lags and the differences reach, and no more.
        let level = Array(level.suffix((lags.last ?? 1) + form.difference + 1))
        var state = Self.differences(level, form)
        guard state.count >= (lags.last ?? 1) else { return [] }
        let known = state.count
        for _ in 0..<horizon {
            var sum = regression.intercept
            for (coefficient, lag) in zip(regression.coefficients, lags) {
                sum += coefficient * state[state.count - lag]
            }
            state.append(min(max(sum, bounds.lowerBound), bounds.upperBound))
        }
        var path = Array(state[known...])
        if form.difference > 0 {
            for index in path.indices {
                let back = index - form.difference
                path[index] += back >= 0 ? path[back] : level[level.count + back]
            }
        }
        return form.isLogarithmic ? path.map { exp(min($0, 700)) } : path
    }

    static func logarithm(_ value: Double) -> Double { log(max(value, 1e-9)) }

    private static func differences(_ level: [Double], _ form: Form) -> [Double] {
        guard form.difference > 0 else { return level }
        return zip(level.dropFirst(form.difference), level).map { $0 - $1 }
    }
}
