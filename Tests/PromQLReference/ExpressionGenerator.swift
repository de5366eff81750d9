/// Random well-formed queries over the metrics of `FuzzData`.
package struct ExpressionGenerator {
    var random: SeededGenerator

    package init(random: SeededGenerator) { self.random = random }

    package mutating func vector(depth: Int) -> String {
        guard depth > 0 else { return selector() }
        switch Int.random(in: 0..<23, using: &random) {
        case 0: return selector()
        case 1, 2, 3: return "\(random.pick(Self.rangeFunctions))(\(range(depth: depth)))"
        case 4: return withArguments(depth: depth)
        case 5, 6: return aggregation(depth: depth)
        case 7: return "(\(vector(depth: depth - 1)) \(operation()) \(scalar()))"
        case 8: return "(\(scalar()) \(operation()) \(vector(depth: depth - 1)))"
        case 9, 19:
            return
                "(\(vector(depth: depth - 1)) \(operation())\(matching())\(fill()) \(vector(depth: depth - 1)))"
        case 10:
            let set = random.pick(["and", "or", "unless"])
            let on = random.pick(["", " on (a)", " ignoring (b)"])
            return "(\(vector(depth: depth - 1)) \(set)\(on) \(vector(depth: depth - 1)))"
        case 11:
            let function = random.pick([
                "abs", "ceil", "floor", "sgn", "-", "round", "sqrt", "exp", "ln", "atan",
            ])
            return "(\(function)(\(vector(depth: depth - 1))))"
        case 12: return labels(depth: depth)
        case 13: return "absent(\(vector(depth: depth - 1)))"
        case 14:
            return random.chance(0.5) ? "timestamp(\(selector()))" : "timestamp(\(vector(depth: depth - 1)))"
        case 15, 16: return histogramNumber(depth: depth)
        case 17: return histogram(depth: depth)
        case 18: return "absent_over_time(\(range(depth: depth)))"
        case 20: return extended(metric())
        case 21: return info(depth: depth)
        default: return "count_values by (a) (\"v\", \(random.pick(["m0", "m1"])))"
        }
    }

    private static let rangeFunctions = [
        "rate", "increase", "delta", "irate", "idelta", "sum_over_time", "avg_over_time", "count_over_time",
        "min_over_time", "max_over_time", "last_over_time", "first_over_time", "present_over_time",
        "stddev_over_time", "stdvar_over_time", "changes", "resets", "deriv", "mad_over_time",
        "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
    ]

    /// A window with values at its ends.
    private mutating func extended(_ metric: String, _ functions: [String] = ["rate", "increase", "delta"])
        -> String
    {
        let isSmoothed = random.chance(0.6)
        let function = random.pick(isSmoothed ? functions : functions + ["changes", "resets"])
        let matchers = random.pick(["", "{a=\"x\"}", "{b=~\".\"}"])
        let window = random.pick(["7s", "30s", "1m", "5m", "97s"])
        return
            "\(function)(\(metric)\(matchers)[\(window)]\(modifiers(and: isSmoothed ? "smoothed" : "anchored")))"
    }

    /// Among elements that have an `instance` and a `job`, and such that have not.
    private mutating func info(depth: Int) -> String {
        let base =
            switch Int.random(in: 0..<8, using: &random) {
            case 0: "j0\(modifiers())"
            case 1: "rate(j0[2m]\(modifiers()))"
            case 2: "{job=\"w\"}\(modifiers())"
            case 3: "sum by (instance, job) (j0\(modifiers()))"
            case 4: "last_over_time(j0[3m:1m]\(modifiers()))"
            case 5: random.pick(["target_info", "build_info", "{instance=\"i\"}"])
            case 6: "(j0 > \(scalar()))"
            default: vector(depth: depth - 1)
            }
        let labels = random.pick([
            "", "", "", "{version=~\".+\"}", "{version=\"2\"}", "{team=~\".*\"}", "{none=~\".+\"}",
            "{none=\"\"}",
            "{__name__=\"build_info\"}", "{__name__=~\".+_info\"}", "{__name__!=\"target_info\"}",
            "{__name__=~\".+_info\",team=~\".+\",version=~\".*\"}", "{__name__=~\"b.*\",revision!=\"4\"}",
        ])
        return labels.isEmpty ? "info(\(base))" : "info(\(base), \(labels))"
    }

    private mutating func withArguments(depth: Int) -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "quantile_over_time(\(random.pick(["0.3", "1", "0.917"])), \(range(depth: depth)))"
        case 1: return "predict_linear(\(range(depth: depth)), \(random.pick(["60", "-30", "3600"])))"
        case 2: return "double_exponential_smoothing(\(range(depth: depth)), 0.4, 0.7)"
        case 3:
            return
                "clamp(\(vector(depth: depth - 1)), \(random.pick(["-3", "2"])), \(random.pick(["1", "9"])))"
        default: return "\(random.pick(["clamp_min", "clamp_max"]))(\(vector(depth: depth - 1)), \(scalar()))"
        }
    }

    private mutating func labels(depth: Int) -> String {
        let inner = vector(depth: depth - 1)
        if random.chance(0.3) { return "label_join(\(inner), \"c\", \"-\", \"b\", \"a\", \"none\")" }
        return "label_replace(\(inner), \"c\", \"$1\", \"\(random.pick(["a", "b"]))\", \"(.).*\")"
    }

    // MARK: - Histograms

    /// Native histograms.
    private mutating func histogram(depth: Int) -> String {
        let metric = random.pick(["h0", "h0", "h1", "x0"])
        guard depth > 0 else { return metric + modifiers() }
        switch Int.random(in: 0..<11, using: &random) {
        case 0: return metric + modifiers()
        case 1, 2:
            let window = random.pick(["1m", "5m", "97s"])
            return
                "\(random.pick(["rate", "increase", "delta", "irate", "idelta"]))(\(metric)[\(window)]\(modifiers()))"
        case 9: return extended(metric)
        case 10: return metric + modifiers(and: "smoothed")
        case 3:
            let function = random.pick([
                "sum_over_time", "avg_over_time", "last_over_time", "first_over_time",
            ])
            return "\(function)(\(metric)[\(random.pick(["1m", "3m"]))])"
        case 4:
            let grouping = random.pick(["", " by (a)", " without (b)"])
            return "\(random.pick(["sum", "avg"]))\(grouping) (\(histogram(depth: depth - 1)))"
        case 5:
            return
                "(\(histogram(depth: depth - 1)) \(random.pick(["*", "/"])) \(random.pick(["2", "0.5", "3"])))"
        case 6: return "(\(random.pick(["2", "0.25"])) * \(histogram(depth: depth - 1)))"
        case 7:
            return
                "(\(histogram(depth: depth - 1)) \(random.pick(["+", "-"])) \(histogram(depth: depth - 1)))"
        default: return "(\(metric) \(random.pick(["==", "!=", "and", "or", "unless"])) \(metric) offset 15s)"
        }
    }

    /// Numbers made of histograms.
    private mutating func histogramNumber(depth: Int) -> String {
        let inner = histogram(depth: depth - 1)
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1: return "histogram_quantile(\(random.pick(["0.3713", "0.91373"])), \(inner))"
        case 2: return "\(random.pick(["histogram_count", "histogram_sum", "histogram_avg"]))(\(inner))"
        case 3: return "\(random.pick(["histogram_stddev", "histogram_stdvar"]))(\(inner))"
        case 4:
            return
                "\(random.pick(["changes", "resets", "count_over_time"]))(\(random.pick(["h0", "x0", "h1"]))[3m])"
        default:
            let window = random.pick(["1m", "5m"])
            let function = random.pick(["rate", "increase", "max_over_time"])
            let grouping = random.pick(["sum by (le)", "sum by (a, le)", "max by (le)", ""])
            return
                "histogram_quantile(\(random.pick(["0.4713", "0.9371"])), \(grouping) (\(function)(c_bucket[\(window)])))"
        }
    }

    // MARK: - Parts

    private mutating func selector() -> String {
        let matchers = random.pick(["", "", "{a=\"x\"}", "{a=~\"x|y\"}", "{b!=\"p\"}", "{a!~\"x\",b=\"q\"}"])
        return metric() + matchers + (random.chance(0.1) ? modifiers(and: "smoothed") : modifiers())
    }

    private mutating func metric() -> String {
        random.pick(["m0", "m1", "m2", "m0", "m1", "m2", "h0", "x0"])
    }

    private mutating func modifiers() -> String {
        random.chance(0.7)
            ? ""
            : random.pick([
                " offset 1m", " offset -30s", " @ 600", " @ 700 offset 47s", " @ start()",
                " @ end() offset 1m",
            ])
    }

    /// Before or behind others.
    private mutating func modifiers(and word: String) -> String {
        random.chance(0.5) ? " \(word)\(modifiers())" : "\(modifiers()) \(word)"
    }

    private mutating func range(depth: Int) -> String {
        if random.chance(0.25) {
            return
                "\(vector(depth: depth - 1))[\(random.pick(["2m", "5m"])):\(random.pick(["30s", "45s", "1m"]))]"
        }
        let matchers = random.pick(["", "{a=\"x\"}", "{b=~\".\"}"])
        return metric() + matchers + "[\(random.pick(["30s", "1m", "5m", "97s"]))]" + modifiers()
    }

    private mutating func aggregation(depth: Int) -> String {
        let grouping = random.pick(["", " by (a)", " without (b)", " by (a, b)", " by (__name__)"])
        let operation = random.pick([
            "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile", "topk",
        ])
        switch operation {
        case "quantile": return "quantile\(grouping) (0.6, \(vector(depth: depth - 1)))"
        case "topk": return "\(random.pick(["topk", "bottomk"]))\(grouping) (2, m2)"
        default: return "\(operation)\(grouping) (\(vector(depth: depth - 1)))"
        }
    }

    private mutating func operation() -> String {
        random.pick(["+", "-", "*", "/", "%", "==", "!=", ">", "<", ">=", "<=", "> bool", "== bool", "atan2"])
    }

    private mutating func matching() -> String {
        random.pick([
            "", "", " on (a, b)", " ignoring (b)", " ignoring () group_left ()", " on (a) group_left ()",
            " on (a) group_right ()",
            " on (a, b) group_left (c)",
        ])
    }

    private mutating func fill() -> String {
        let values = ["0", "1", "-2.5", "30", "NaN", "-Inf"]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return " fill (\(random.pick(values)))"
        case 1: return " fill_left (\(random.pick(values)))"
        case 2: return " fill_right (\(random.pick(values)))"
        case 3: return " fill_left (\(random.pick(values))) fill_right (\(random.pick(values)))"
        default: return ""
        }
    }

    private mutating func scalar() -> String {
        random.pick(["0", "1", "2.5", "10", "NaN", "Inf", "time()", "scalar(m0{a=\"x\",b=\"p\"})"])
    }
}
