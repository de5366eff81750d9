/// Exponential smoothing of a level and two seasons, one within the other, with an error that fades (Taylor
/// 2003). Without a second season the outer one stays neutral.
struct DoubleSeasonalSmoothing: Sendable {
    /// How fast each part follows.
    struct Rates: Hashable, Sendable {
        var level: Double
        var short: Double
        var long: Double
        /// What an error keeps from step to step.
        var error: Double
    }

    /// What the past left.
    struct State: Sendable {
        fileprivate var level: Double
        fileprivate var short: [Double]
        fileprivate var long: [Double]
        fileprivate var error = 0.0
        fileprivate var count = 0
    }

    private static let grid = [0.01, 0.05, 0.2].flatMap { level in
        [0.05, 0.2].flatMap { short in
            [0.1, 0.3].flatMap { long in
                [0.5, 0.9].map { Rates(level: level, short: short, long: long, error: $0) }
            }
        }
    }
    /// More of the past than this tells no rate.
    private static let maxCycles = 6
    private static let maxValues = 3000

    private let short: Int
    private let long: Int
    private let isMultiplicative: Bool
    private var rates = Self.grid[0]

    /// Nil where the history has fewer than two of the longer cycles.
    init?(_ values: [Double], short: Int, long: Int, isMultiplicative: Bool) {
        guard short >= 2, long >= short, values.count >= 2 * long + 1 else { return nil }
        self.short = short
        self.long = long
        self.isMultiplicative = isMultiplicative
        let known = kept(values[...])
        var best = Double.infinity
        for rates in Self.grid where long > short || rates.long == Self.grid[0].long {
            var state = initial(known)
            var error = 0.0
            for (index, value) in known.enumerated() {
                let distance = abs(advance(&state, value, rates))
                if index >= long { error += distance }
            }
            if error < best {
                best = error
                self.rates = rates
            }
        }
    }

    /// Few enough values that the outer season is seen some times.
    private func kept(_ values: ArraySlice<Double>) -> ArraySlice<Double> {
        values.suffix(max(2 * long + 1, min(Self.maxCycles * long, Self.maxValues)))
    }

    /// What `values` leave, of at least one of the longer cycles.
    func state(after values: ArraySlice<Double>) -> State {
        let known = kept(values)
        var state = initial(known)
        for value in known { _ = advance(&state, value, rates) }
        return state
    }

    func forecast(from state: State, horizon: Int) -> [Double] {
        var error = state.error
        return (0..<horizon).map { step in
            error *= rates.error
            let short = state.short[(state.count + step) % short]
            let long = state.long[(state.count + step) % long]
            return (isMultiplicative ? state.level * short * long : state.level + short + long) + error
        }
    }

    private func initial(_ values: ArraySlice<Double>) -> State {
        let cycle = Array(values.prefix(long))
        let level = cycle.reduce(0, +) / Double(long)
        func effect(_ value: Double, _ base: Double) -> Double {
            isMultiplicative ? max(value / max(base, 1e-9), 1e-3) : value - base
        }
        let inner = (0..<short).map { phase in
            let positions = stride(from: phase, to: long, by: short)
            return positions.reduce(0) { $0 + effect(cycle[$1], level) }
                / Double((long - phase + short - 1) / short)
        }
        guard long > short else {
            return State(
                level: level, short: inner, long: [Double](repeating: isMultiplicative ? 1 : 0, count: long))
        }
        let outer = (0..<long).map { phase in
            effect(
                cycle[phase],
                isMultiplicative ? level * inner[phase % short] : level + inner[phase % short])
        }
        return State(level: level, short: inner, long: outer)
    }

    /// Takes in a value.
    /// - Returns: how far it was from what was expected.
    private func advance(_ state: inout State, _ value: Double, _ rates: Rates) -> Double {
        let inner = state.count % short
        let outer = state.count % long
        let short = state.short[inner]
        let long = state.long[outer]
        state.count += 1
        let base: Double
        if isMultiplicative {
            base = state.level * short * long
            let level =
                rates.level * value / max(short * long, 1e-6) + (1 - rates.level) * state.level
            state.short[inner] += rates.short * (value / max(level * long, 1e-6) - short)
            if self.long > self.short {
                state.long[outer] += rates.long * (value / max(level * short, 1e-6) - long)
            }
            state.level = level
        } else {
            base = state.level + short + long
            let level = rates.level * (value - short - long) + (1 - rates.level) * state.level
            state.short[inner] += rates.short * (value - level - long - short)
            if self.long > self.short { state.long[outer] += rates.long * (value - level - short - long) }
            state.level = level
        }
        let distance = value - base - rates.error * state.error
        state.error = value - base
        return distance
    }
}
