/// Models of different kinds and their weighted median: what one of them does not see, or takes to extremes,
/// the others bear.
struct Ensemble: Sendable {
    /// The models there are; each is tried, and left out where the history is too short for it.
    enum Kind: Int, CaseIterable, Sendable {
        case longRemainder, shortRemainder, medianRemainder, profile, doubleSeasonal
        case shortDifference, twoCycles, longNaive, shortNaive
        case near, nearDifference, damped, theta, straight, last
        /// Where history allows little else.
        case smoothing

        static let seasonal: [Kind] = [
            .longRemainder, .shortRemainder, .medianRemainder, .profile, .doubleSeasonal, .shortDifference,
            .twoCycles, .longNaive, .shortNaive,
        ]
        static let plain: [Kind] = [.near, .nearDifference, .damped, .theta, .straight, .last]
    }

    enum Model: Sendable {
        case autoregression(Autoregression)
        case remainder(SeasonalRemainder)
        case profile(SeasonalProfile)
        case doubleSeasonal(DoubleSeasonalSmoothing)
        case naive(period: Int)
        case smoothing(period: Int, isMultiplicative: Bool)
        case damped, theta, straight
    }

    /// The line through all values counts alone from the second of these shares of the weight on: it lies beyond all others
    /// where they follow a trend too little, and what is interpolated would follow it too little as well.
    private static let leadingShares = 0.5...0.75

    private(set) var members: [(kind: Kind, model: Model)] = []
    private let plausible: ClosedRange<Double>
    /// Whether models are of logarithms where they can be.
    private let isPositive: Bool

    /// - Parameter periods: the seasons, the shorter first.
    init(_ series: RegularSeries, periods: [Int]) {
        let values = series.values
        plausible = series.plausible
        isPositive = values.allSatisfy { $0 > 0 }
        let level = isPositive ? values.map(Autoregression.logarithm) : values
        if let short = periods.first {
            let long = periods.count > 1 ? periods[1] : short
            for kind in Kind.seasonal {
                guard let model = Self.seasonal(kind, values, level, short, long, isPositive) else {
                    continue
                }
                members.append((kind, model))
            }
            if members.count < 4, values.count >= 2 * short + 1 {
                members.append((.smoothing, .smoothing(period: short, isMultiplicative: isPositive)))
            }
        } else {
            members = Kind.plain.compactMap { kind in
                Self.plain(kind, values, level, isPositive).map { (kind, $0) }
            }
        }
        if members.count < 3 { members.append((.last, .naive(period: 1))) }
    }

    /// - Parameter level: logarithms where all values are positive.
    private static func seasonal(
        _ kind: Kind, _ values: [Double], _ level: [Double], _ short: Int, _ long: Int, _ isPositive: Bool
    ) -> Model? {
        func remainder(_ period: Int, _ averaging: SeasonalRemainder.Averaging, _ far: [Int]) -> Model? {
            SeasonalRemainder(
                level, period: period, averaging: averaging, isLogarithmic: isPositive,
                lags: Lags.usable(Lags.recent(short) + far, values.count)
            ).map { .remainder($0) }
        }
        func autoregression(_ lags: [Int], difference: Int) -> Model? {
            Autoregression(
                level, lags: lags,
                form: Autoregression.Form(isLogarithmic: isPositive, difference: difference)
            ).map { .autoregression($0) }
        }
        switch kind {
        case .longRemainder: return remainder(long, .decaying(0.7), [2 * short])
        case .medianRemainder: return remainder(long, .median, [2 * short, long])
        case .shortRemainder: return remainder(short, .decaying(0.85), [2 * short, long])
        case .profile:
            guard values.count >= long + 2 * short else { return nil }
            return .profile(
                SeasonalProfile(period: long, span: 2 * short, isMultiplicative: isPositive))
        case .doubleSeasonal:
            return DoubleSeasonalSmoothing(values, short: short, long: long, isMultiplicative: isPositive)
                .map { .doubleSeasonal($0) }
        case .shortDifference:
            return autoregression(Lags.few(short, long, values.count), difference: short)
        case .twoCycles: return autoregression(Lags.twoCycles(short, long, values.count), difference: 0)
        case .longNaive: return long > short && values.count >= long ? .naive(period: long) : nil
        case .shortNaive: return values.count >= short ? .naive(period: short) : nil
        case .near, .nearDifference, .damped, .theta, .straight, .last, .smoothing: return nil
        }
    }

    /// - Parameter level: logarithms where all values are positive.
    private static func plain(
        _ kind: Kind, _ values: [Double], _ level: [Double], _ isPositive: Bool
    ) -> Model? {
        func autoregression(isLogarithmic: Bool, difference: Int) -> Model? {
            Autoregression(
                isLogarithmic ? level : values, lags: Lags.usable(Array(1...12), values.count),
                form: Autoregression.Form(isLogarithmic: isLogarithmic, difference: difference)
            ).map { .autoregression($0) }
        }
        switch kind {
        case .near: return autoregression(isLogarithmic: isPositive, difference: 0)
        case .nearDifference: return autoregression(isLogarithmic: false, difference: 1)
        case .damped: return .damped
        case .theta: return .theta
        case .straight: return .straight
        case .last: return .naive(period: 1)
        default: return nil
        }
    }

    /// What each member says after each of the first so many values, nil where it says nothing of use. A
    /// member that was fitted to part of a series expects `values` from the beginning of that series on.
    func paths(after counts: [Int], of values: [Double], horizon: Int) -> [[[Double]?]] {
        let level = isPositive ? values.map(Autoregression.logarithm) : values
        var all: [[[Double]?]] = []
        for count in counts {
            var paths: [[Double]?] = []
            for (_, model) in members {
                let path = path(model, values[..<count], level[..<count], horizon)
                let isSound = path.map { $0.count == horizon && $0.allSatisfy(\.isFinite) } ?? false
                paths.append(isSound ? path : nil)
            }
            all.append(paths)
        }
        return all
    }

    private func path(
        _ model: Model, _ values: ArraySlice<Double>, _ level: ArraySlice<Double>, _ horizon: Int
    ) -> [Double]? {
        switch model {
        case .autoregression(let model):
            if model.form.isLogarithmic { return model.forecast(after: level, horizon: horizon) }
            return model.forecast(after: values, horizon: horizon)
        case .remainder(let model): return model.forecast(after: level, horizon: horizon)
        case .profile(let model): return model.forecast(after: values, horizon: horizon)
        case .doubleSeasonal(let model):
            return model.forecast(from: model.state(after: values), horizon: horizon)
        case .naive(let period):
            guard values.count >= period else { return nil }
            let cycle = Array(values.suffix(period))
            return (0..<horizon).map { cycle[$0 % period] }
        case .smoothing(let period, let isMultiplicative):
            // Ten cycles say what a season is.
            return SeasonalSmoothing.forecast(
                values.suffix(10 * period), period: period, isMultiplicative: isMultiplicative,
                horizon: horizon)
        case .damped: return Trend.damped(values, horizon: horizon)
        case .theta: return Trend.theta(values, horizon: horizon)
        case .straight: return Trend.straight(values, horizon: horizon)
        }
    }

    /// The weighted median of the members' paths.
    /// - Parameter weights: as many as members; none negative.
    func combined(_ paths: [[Double]?], weights: [Double], horizon: Int, last: Double) -> [Double] {
        let known = paths.indices.compactMap { index in paths[index].map { ($0, weights[index]) } }
        guard !known.isEmpty else { return [Double](repeating: last, count: horizon) }
        let line = members.firstIndex { $0.kind == .straight }.flatMap { paths[$0] == nil ? nil : $0 }
        let share = line.map { weights[$0] / known.reduce(0) { $0 + $1.1 } } ?? 0
        let lead = Trend.share(of: share, beyond: Self.leadingShares)
        var column: [(value: Double, weight: Double)] = []
        return (0..<horizon).map { step in
            column.removeAll(keepingCapacity: true)
            for (path, weight) in known { column.append((path[step], weight)) }
            var value = Self.median(&column)
            if lead > 0, let line, let path = paths[line] { value += lead * (path[step] - value) }
            return min(max(value, plausible.lowerBound), plausible.upperBound)
        }
    }

    /// Interpolated between the two values around half of the weight.
    private static func median(_ column: inout [(value: Double, weight: Double)]) -> Double {
        // Few enough for insertion; equal values are alike.
        for index in column.indices.dropFirst() {
            var place = index
            while place > 0, column[place - 1].value > column[place].value {
                column.swapAt(place - 1, place)
                place -= 1
            }
        }
        let half = column.reduce(0) { $0 + $1.weight } / 2
        var before = 0.0
        var last: (value: Double, middle: Double)?
        for (value, weight) in column {
            let middle = before + weight / 2
            before += weight
            if middle >= half {
                guard let last, middle > last.middle else { return value }
                return last.value + (value - last.value) * (half - last.middle) / (middle - last.middle)
            }
            last = (value, middle)
        }
        return last?.value ?? 0
    }
}

/// Which lags a model looks at, given the seasons.
enum Lags {
    /// The nearest, and around each of the first cycles.
    static func few(_ short: Int, _ long: Int, _ count: Int) -> [Int] {
        let lags =
            Array(1...4) + [short - 1, short, short + 1, short + 2, 2 * short - 1, 2 * short, 2 * short + 1]
            + [3 * short, 4 * short, 5 * short, 6 * short, long - 1, long, long + 1, long + 2]
        return usable(lags, count)
    }

    /// As `few`, and the second of the longer cycles.
    static func twoCycles(_ short: Int, _ long: Int, _ count: Int) -> [Int] {
        let far = [long + short - 1, long + short, 2 * long - 1, 2 * long, 2 * long + 1]
        return usable(few(short, long, count) + far, count)
    }

    /// The recent past up to a cycle, densely where the cycle is short.
    static func recent(_ short: Int) -> [Int] { Array(1...min(max(short + 2, 4), 26)) }

    static func usable(_ lags: [Int], _ count: Int) -> [Int] {
        Set(lags).filter { $0 >= 1 && $0 <= count * 2 / 5 }.sorted()
    }
}
