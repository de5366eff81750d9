/// Random well-formed queries over the metrics of `FuzzData`.
struct ExpressionGenerator {
    var random: SeededGenerator

    mutating func vector(depth: Int) -> String {
        guard depth > 0 else { return selector() }
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return selector()
        case 1, 2, 3: return "\(random.pick(Self.rangeFunctions))(\(range(depth: depth)))"
        case 4:
            return
                "\(random.pick(["quantile_over_time(0.3, ", "quantile_over_time(1, "]))\(range(depth: depth)))"
        case 5, 6: return aggregation(depth: depth)
        case 7: return "(\(vector(depth: depth - 1)) \(operation()) \(scalar()))"
        case 8: return "(\(scalar()) \(operation()) \(vector(depth: depth - 1)))"
        case 9: return "(\(vector(depth: depth - 1)) \(operation())\(matching()) \(vector(depth: depth - 1)))"
        case 10:
            let set = random.pick(["and", "or", "unless"])
            return
                "(\(vector(depth: depth - 1)) \(set)\(random.pick(["", " on (a)", " ignoring (b)"])) \(vector(depth: depth - 1)))"
        case 11:
            let function = random.pick(["abs", "ceil", "floor", "sgn", "-", "round"])
            return "(\(function)(\(vector(depth: depth - 1))))"
        case 12:
            return
                "label_replace(\(vector(depth: depth - 1)), \"c\", \"$1\", \"\(random.pick(["a", "b"]))\", \"(.).*\")"
        default: return "absent(\(vector(depth: depth - 1)))"
        }
    }

    private static let rangeFunctions = [
        "rate", "increase", "delta", "irate", "idelta", "sum_over_time", "avg_over_time", "count_over_time",
        "min_over_time", "max_over_time", "last_over_time", "first_over_time", "present_over_time",
        "stddev_over_time", "stdvar_over_time", "changes", "resets", "deriv",
    ]

    private mutating func selector() -> String {
        let matchers = random.pick(["", "", "{a=\"x\"}", "{a=~\"x|y\"}", "{b!=\"p\"}", "{a!~\"x\",b=\"q\"}"])
        return random.pick(["m0", "m1", "m2"]) + matchers + modifiers()
    }

    private mutating func modifiers() -> String {
        random.chance(0.7) ? "" : random.pick([" offset 1m", " offset -30s", " @ 600", " @ 900 offset 47s"])
    }

    private mutating func range(depth: Int) -> String {
        if random.chance(0.25) {
            return
                "\(vector(depth: depth - 1))[\(random.pick(["2m", "5m"])):\(random.pick(["30s", "45s", "1m"]))]"
        }
        let matchers = random.pick(["", "{a=\"x\"}", "{b=~\".\"}"])
        return random.pick(["m0", "m1", "m2"]) + matchers + "[\(random.pick(["30s", "1m", "5m", "97s"]))]"
            + modifiers()
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
        random.pick(["+", "-", "*", "/", "%", "==", "!=", ">", "<", ">=", "<=", "> bool", "== bool"])
    }

    private mutating func matching() -> String {
        random.pick([
            "", "", " on (a, b)", " ignoring (b)", " ignoring () group_left ()", " on (a) group_left ()",
            " on (a) group_right ()",
            " on (a, b) group_left (c)",
        ])
    }

    private mutating func scalar() -> String {
        random.pick(["0", "1", "2.5", "10", "NaN", "Inf", "time()", "scalar(m0{a=\"x\",b=\"p\"})"])
    }
}
