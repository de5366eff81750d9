import TimeSeries

/// A query made ready for its steps: durations and `@` resolved, constants folded, parts that are the same at
/// every step marked, and all that is to be read listed.
struct Plan: Sendable {
    var root: PlanNode
    /// The steps of the whole query.
    var grid: Grid
    /// Everything to read; nodes refer to it by index.
    var selections: [Selection]
    /// The selections that one selector or one function over ranges reads, series by series, and nobody else.
    var inPieces: Set<Int> = []
}

indirect enum PlanNode: Sendable {
    case constant(Double)
    case string(StringLiteral)
    case selector(SelectorPlan)
    /// A range vector; only at the root and as an argument of `range`.
    case range(RangePlan)
    case negated(PlanNode)
    case binary(BinaryExpression, PlanNode, PlanNode)
    case aggregation(Aggregation, parameter: PlanNode?, PlanNode)
    case call(FunctionCall, [PlanNode])
    /// A function over a range vector with its other arguments, in order.
    case rangeCall(FunctionCall, RangePlan, [PlanNode])
    /// `info`: what it adds to and where the info series are.
    case info(FunctionCall, PlanNode, SelectorPlan)
    /// Part of the query more than once at the same steps; evaluated the first time it is needed.
    case shared(Int, PlanNode)
    /// Evaluated at the first step, repeated at all.
    case once(PlanNode)
}

struct SelectorPlan: Sendable {
    var selection: Int
    /// The moment to look at, for each step.
    var references: Grid
    var selector: VectorSelector
    /// Only counts and sums of histograms are wanted, and resets between them are to be detected as they are read.
    var detectsResets = false
}

struct RangePlan: Sendable {
    indirect enum Source: Sendable {
        case selector(selection: Int, VectorSelector, detectsResets: Bool)
        /// An expression, evaluated at steps of its own.
        case subquery(PlanNode, Grid, Subquery)
    }

    var source: Source
    /// The end of the window, which belongs to it, for each step.
    var references: Grid
    /// The length of the window in milliseconds; its start does not belong to it.
    var window: Int64
    var position: SourceRange

    var isSubquery: Bool { if case .subquery = source { true } else { false } }

    var rangeExtension: RangeExtension? {
        if case .selector(_, let selector, _) = source { selector.rangeExtension } else { nil }
    }
}
