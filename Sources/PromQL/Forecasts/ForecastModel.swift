import Forecasting

/// What is fitted to the history of a series, and for what.
enum ForecastModel: Sendable {
    /// The value so many steps ahead.
    case ahead(PeakForecaster)
    case parts(Decomposition)
    /// The history bears no model.
    case none

    /// What a model is made from, and nothing else: equal keys give equal models.
    struct Key: Sendable {
        /// How many steps ahead; 0 for a decomposition.
        var horizon: Int
        var stepMilliseconds: Int64
        /// NaN where a value is missing.
        var values: [Double]
        private let fingerprint: UInt64

        init(horizon: Int, stepMilliseconds: Int64, values: [Double]) {
            self.horizon = horizon
            self.stepMilliseconds = stepMilliseconds
            self.values = values
            var hash = UInt64(truncatingIfNeeded: values.count) ^ 0x9e37_79b9_7f4a_7c15
            for value in values {
                hash = (hash ^ value.bitPattern) &* 0xff51_afd7_ed55_8ccd
                hash ^= hash >> 32
            }
            fingerprint = hash
        }
    }

    init(fitting key: Key) {
        let seconds = Double(key.stepMilliseconds) / 1000
        if key.horizon > 0 {
            let window = Window(first: key.horizon, last: key.horizon)
            let fitted = PeakForecaster(fitting: key.values, window: window, stepSeconds: seconds)
            self = fitted.map { .ahead($0) } ?? .none
        } else {
            let reach = Int(ForecastHistory.alignment / max(1, key.stepMilliseconds))
            let fitted = Decomposition(key.values, stepSeconds: seconds, reach: reach)
            self = fitted.map { .parts($0) } ?? .none
        }
    }

    /// About how much memory model and key take for each value.
    var bytesPerValue: Int {
        switch self {
        case .ahead: 224
        case .parts: 24
        case .none: 8
        }
    }
}

extension ForecastModel.Key: Hashable {
    static func == (a: Self, b: Self) -> Bool {
        a.fingerprint == b.fingerprint && a.horizon == b.horizon
            && a.stepMilliseconds == b.stepMilliseconds
            // Bit by bit: a NaN that marks a gap equals itself.
            && a.values.elementsEqual(b.values) { $0.bitPattern == $1.bitPattern }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
        hasher.combine(horizon)
    }
}
