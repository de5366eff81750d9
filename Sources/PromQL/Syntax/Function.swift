/// The functions of PromQL, by their spelling.
package enum Function: String, Hashable, Sendable, CaseIterable {
    case abs, acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, deg, exp, floor, ln, log2, log10, rad,
        sgn
    case sin, sinh, sqrt, tan, tanh, round, clamp
    case clampMax = "clamp_max"
    case clampMin = "clamp_min"

    case absent, scalar, vector, time, timestamp, pi, sort, info, start, end, step, range
    case sortDesc = "sort_desc"
    case sortByLabel = "sort_by_label"
    case sortByLabelDesc = "sort_by_label_desc"
    case labelReplace = "label_replace"
    case labelJoin = "label_join"
    case minOf = "min_of"
    case maxOf = "max_of"
    case startTimestamp = "start_timestamp"

    case year, month, hour, minute
    case daysInMonth = "days_in_month"
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"

    case rate, increase, delta, irate, idelta, changes, resets, deriv
    case predictLinear = "predict_linear"
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case absentOverTime = "absent_over_time"
    case avgOverTime = "avg_over_time"
    case countOverTime = "count_over_time"
    case firstOverTime = "first_over_time"
    case lastOverTime = "last_over_time"
    case madOverTime = "mad_over_time"
    case maxOverTime = "max_over_time"
    case minOverTime = "min_over_time"
    case presentOverTime = "present_over_time"
    case quantileOverTime = "quantile_over_time"
    case stddevOverTime = "stddev_over_time"
    case stdvarOverTime = "stdvar_over_time"
    case sumOverTime = "sum_over_time"
    case tsOfFirstOverTime = "ts_of_first_over_time"
    case tsOfLastOverTime = "ts_of_last_over_time"
    case tsOfMaxOverTime = "ts_of_max_over_time"
    case tsOfMinOverTime = "ts_of_min_over_time"

    case forecast, trend, seasonality
    case anomalyScore = "anomaly_score"

    case histogramAvg = "histogram_avg"
    case histogramCount = "histogram_count"
    case histogramFraction = "histogram_fraction"
    case histogramQuantile = "histogram_quantile"
    case histogramQuantiles = "histogram_quantiles"
    case histogramStddev = "histogram_stddev"
    case histogramStdvar = "histogram_stdvar"
    case histogramSum = "histogram_sum"

    /// The types of the arguments, the optional ones included.
    package var parameters: [ValueType] {
        switch self {
        case .time, .pi, .start, .end, .step, .range: []
        case .minOf, .maxOf: [.scalar, .scalar]
        case .vector: [.scalar]
        case .clamp: [.vector, .scalar, .scalar]
        case .clampMax, .clampMin, .round: [.vector, .scalar]
        case .info: [.vector, .vector]
        case .labelReplace: [.vector, .string, .string, .string, .string]
        case .labelJoin: [.vector, .string, .string, .string]
        case .sortByLabel, .sortByLabelDesc: [.vector, .string]
        case .histogramFraction: [.scalar, .scalar, .vector]
        case .histogramQuantile: [.scalar, .vector]
        case .histogramQuantiles: [.vector, .string, .scalar, .scalar]
        case .predictLinear: [.matrix, .scalar]
        case .forecast: [.matrix, .scalar, .scalar]
        case .doubleExponentialSmoothing: [.matrix, .scalar, .scalar]
        case .quantileOverTime: [.scalar, .matrix]
        default: takesRange ? [.matrix] : [.vector]
        }
    }

    /// How many arguments are optional: 0, a number, or any number where it is negative.
    package var variadic: Int {
        switch self {
        case .round, .info, .forecast, .year, .month, .hour, .minute, .daysInMonth, .dayOfMonth, .dayOfWeek,
            .dayOfYear:
            1
        case .labelJoin, .sortByLabel, .sortByLabelDesc: -1
        case .histogramQuantiles: 9
        default: 0
        }
    }

    package var result: ValueType {
        switch self {
        case .time, .pi, .start, .end, .step, .range, .scalar, .minOf, .maxOf: .scalar
        default: .vector
        }
    }

    package var isExperimental: Bool {
        switch self {
        case .doubleExponentialSmoothing, .firstOverTime, .madOverTime, .tsOfFirstOverTime, .tsOfLastOverTime,
            .tsOfMaxOverTime, .tsOfMinOverTime, .sortByLabel, .sortByLabelDesc, .info, .histogramQuantiles,
            .start, .end, .step, .range, .minOf, .maxOf:
            true
        default: false
        }
    }

    /// Whether it reads a range vector.
    package var takesRange: Bool {
        switch self {
        case .rate, .increase, .delta, .irate, .idelta, .changes, .resets, .deriv, .predictLinear,
            .doubleExponentialSmoothing, .absentOverTime, .avgOverTime, .countOverTime, .firstOverTime,
            .lastOverTime, .madOverTime, .maxOverTime, .minOverTime, .presentOverTime, .quantileOverTime,
            .stddevOverTime, .stdvarOverTime, .sumOverTime, .tsOfFirstOverTime, .tsOfLastOverTime,
            .tsOfMaxOverTime, .tsOfMinOverTime, .forecast, .trend, .seasonality, .anomalyScore:
            true
        default: false
        }
    }

    /// Whether it is ours and not Prometheus'.
    package var isExtension: Bool {
        switch self {
        case .forecast, .trend, .seasonality, .anomalyScore: true
        default: false
        }
    }
}
