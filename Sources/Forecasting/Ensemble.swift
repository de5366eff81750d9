/// Models of different kinds and their median: what one of them does not see, or takes to extremes, the
/// others bear.
struct Ensemble: Sendable {
    enum Member: Sendable {
        case autoregression(Autoregression)
        case seasonalNaive(period: Int)
        case smoothing(period: Int, isMultiplicative: Bool)
        case last
    }

    private(set) var members: [Member]
    private let plausible: ClosedRange<Double>

    /// - Parameter periods: the seasons, the shorter first.
    init(_ series: RegularSeries, periods: [Int]) {
        let values = series.values
        let isPositive = values.allSatisfy { $0 > 0 }
        let short = periods.first
        let long = periods.count > 1 ? periods[1] : periods.first
        plausible = series.plausible
        members = Self.autoregressions(values, short: short, long: long, isPositive)
        if let long {
            members.append(.seasonalNaive(period: long))
            if values.count >= 2 * long + 1 {
                members.append(.smoothing(period: long, isMultiplicative: isPositive))
            }
        }
        if members.count < 3 { members.append(.last) }
    }

    private static func autoregressions(
        _ values: [Double], short: Int?, long: Int?, _ isPositive: Bool
    ) -> [Member] {
        let few = Lags.few(short, long, values.count)
        let many = Lags.many(short, long, values.count)
        var plans: [(lags: [Int], form: Autoregression.Form)] = []
        func add(_ lags: [Int], logarithmic: Bool, difference: Int) {
            let form = Autoregression.Form(isLogarithmic: logarithmic && isPositive, difference: difference)
            if !plans.contains(where: { $0.lags == lags && $0.form == form }) { plans.append((lags, form)) }
        }
        add(few, logarithmic: true, difference: 0)
        add(many, logarithmic: true, difference: 0)
        add(many, logarithmic: false, difference: 0)
        add(many, logarithmic: true, difference: 1)
        if let short, let long {
            let near = Lags.near(short, long, values.count)
            add(near, logarithmic: true, difference: long)
            add(near, logarithmic: false, difference: long)
            add(few, logarithmic: true, difference: short)
        }
        return plans.compactMap { plan in
            Autoregression(values, lags: plan.lags, form: plan.form).map { .autoregression($0) }
        }
    }

    /// The median of what the members say after `values`.
    func forecast(after values: ArraySlice<Double>, horizon: Int) -> [Double] {
        let paths = members.compactMap { path($0, values, horizon) }.filter { $0.count == horizon }
        guard !paths.isEmpty else { return [Double](repeating: values.last ?? 0, count: horizon) }
        var column: [Double] = []
        return (0..<horizon).map { step in
            column.removeAll(keepingCapacity: true)
            for path in paths where path[step].isFinite { column.append(path[step]) }
            column.sort()
            guard !column.isEmpty else { return values.last ?? 0 }
            let middle = (column[(column.count - 1) / 2] + column[column.count / 2]) / 2
            return min(max(middle, plausible.lowerBound), plausible.upperBound)
        }
    }

    private func path(_ member: Member, _ values: ArraySlice<Double>, _ horizon: Int) -> [Double]? {
        switch member {
        case .autoregression(let model): return model.forecast(after: values, horizon: horizon)
        case .seasonalNaive(let period):
            guard values.count >= period else { return nil }
            let cycle = Array(values.suffix(period))
            return (0..<horizon).map { cycle[$0 % period] }
        case .smoothing(let period, let isMultiplicative):
            // Ten cycles say what a season is.
            return SeasonalSmoothing.forecast(
                values.suffix(10 * period), period: period, isMultiplicative: isMultiplicative,
                horizon: horizon)
        case .last: return [Double](repeating: values.last ?? 0, count: horizon)
        }
    }
}

/// Which lags a model looks at, given the seasons.
enum Lags {
    /// The nearest, and around each of the first cycles.
    static func few(_ short: Int?, _ long: Int?, _ count: Int) -> [Int] {
        var lags = Array(1...4)
        if let short {
            lags += [short - 1, short, short + 1, short + 2]
            lags += [2 * short - 1, 2 * short, 2 * short + 1, 3 * short, 4 * short, 5 * short, 6 * short]
        }
        if let long { lags += [long - 1, long, long + 1, long + 2] }
        return usable(lags, count)
    }

    /// As `few`, and all of the recent past.
    static func many(_ short: Int?, _ long: Int?, _ count: Int) -> [Int] {
        var lags = near(short ?? 0, long ?? 0, count)
        if let long, long != short { lags += (long - 3)...(long + 3) }
        if let short { lags += [2 * short - 1, 2 * short + 1, 6 * short - 1, 6 * short + 1] }
        return usable(lags + few(short, long, count), count)
    }

    /// The recent past up to a cycle, densely where the cycle is short, and whole cycles.
    static func near(_ short: Int, _ long: Int, _ count: Int) -> [Int] {
        var lags = Array(1...(short > 0 ? min(max(short + 2, 4), 26) : 12))
        if short > 0 { lags += [short - 1, short, short + 1, 2 * short, 3 * short, 6 * short] }
        if long > short { lags.append(long) }
        return usable(lags, count)
    }

    private static func usable(_ lags: [Int], _ count: Int) -> [Int] {
        Set(lags).filter { $0 >= 1 && $0 <= count * 2 / 5 }.sorted()
    }
}
