/// The operators between two operands, by their spelling.
package enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^", atan2
    case equal = "==", notEqual = "!=", greater = ">", less = "<", greaterOrEqual = ">=", lessOrEqual = "<="
    case and, or, unless
    /// Trim observations of a native histogram above or below a limit.
    case trimUpper = "</", trimLower = ">/"

    package var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: true
        default: false
        }
    }

    package var isSet: Bool { self == .and || self == .or || self == .unless }

    /// Binds tighter the higher it is.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2, .trimUpper, .trimLower: 5
        case .power: 6
        }
    }

    /// The precedence of a sign: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
    static let signPrecedence = 5
}

/// How the elements of two vectors find each other.
package struct VectorMatching: Hashable, Sendable {
    package enum Cardinality: String, Hashable, Sendable {
        case oneToOne = "one-to-one", manyToOne = "many-to-one", oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }

    package var cardinality = Cardinality.oneToOne
    /// `on` where true, `ignoring` or nothing where false.
    package var isOn = false
    package var labels: [String] = []
    /// The labels in `group_left(...)` or `group_right(...)`.
    package var include: [String] = []
    /// What stands for a missing element of either side.
    package var fillLeft: Double?
    package var fillRight: Double?

    package init() {}

    package static func == (a: VectorMatching, b: VectorMatching) -> Bool {
        a.cardinality == b.cardinality && a.isOn == b.isOn && a.labels == b.labels && a.include == b.include
            && a.fillLeft?.bitPattern == b.fillLeft?.bitPattern
            && a.fillRight?.bitPattern == b.fillRight?.bitPattern
    }
}

/// The aggregations, by their spelling.
package enum AggregationOperator: String, Hashable, Sendable, CaseIterable {
    case sum, avg, min, max, count, group, stddev, stdvar
    case topk, bottomk, quantile, limitk
    case countValues = "count_values"
    case limitRatio = "limit_ratio"

    /// The type of the parameter before the vector, nil where there is none.
    package var parameterType: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        default: nil
        }
    }

    package var isExperimental: Bool { self == .limitk || self == .limitRatio }
}

/// The types of PromQL.
package enum ValueType: String, Hashable, Sendable {
    case scalar
    case string
    case vector
    case matrix

    /// The name in messages.
    package var documentedName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "instant vector"
        case .matrix: "range vector"
        }
    }
}
