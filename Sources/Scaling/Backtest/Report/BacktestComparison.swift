/// What a change of policy does to the figures, and which changes are not to be let through: `cost > +3%`,
/// `unserved > +0.1pp`, `changes > +10%`, `reversals > 2`.
package struct BacktestComparison: Sendable {
    package enum Figure: String, Hashable, Sendable, CaseIterable {
        case unserved, cost, changes, reversals

        func value(_ score: BacktestScore) -> Double {
            switch self {
            case .unserved: score.unservedPercent
            case .cost: score.costRatio
            case .changes: score.adaptationsPerHour
            case .reversals: score.reversalsPerHour
            }
        }
    }

    /// One figure may not be above this.
    package struct Limit: Hashable, Sendable {
        enum Bound: Hashable, Sendable {
            case absolute(Double)
            /// A share of the baseline's.
            case relative(Double)
            /// Above the baseline's, in the figure's own unit (percentage points for `unserved`).
            case difference(Double)
        }

        var figure: Figure
        var bound: Bound
        package var text: String

        /// Whether it says how much more than something else is too much.
        package var isRelative: Bool {
            if case .absolute = bound { false } else { true }
        }

        package static let expected =
            "a figure (unserved, cost, changes, reversals), \">\", and a number such as 1.3, +3% or +0.1pp"

        /// Nil where the text is none of these.
        package init?(_ text: String) {
            let parts = text.split(separator: ">", maxSplits: 1).map { part in
                String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard parts.count == 2, let figure = Figure(rawValue: parts[0]) else { return nil }
            let isChange = parts[1].hasPrefix("+") || parts[1].hasPrefix("-")
            func number(_ text: some StringProtocol) -> Double? {
                Double(String(text)).flatMap { $0.isFinite ? $0 : nil }
            }
            if parts[1].hasSuffix("%"), isChange, let share = number(parts[1].dropLast()) {
                bound = .relative(share / 100)
            } else if parts[1].hasSuffix("pp"), isChange, let points = number(parts[1].dropLast(2)) {
                bound = .difference(points)
            } else if let value = number(parts[1]) {
                bound = isChange ? .difference(value) : .absolute(value)
            } else {
                return nil
            }
            self.figure = figure
            self.text = text
        }

        /// - Parameter baseline: without one nothing is too much beside it.
        func isExceeded(_ score: BacktestScore, baseline: BacktestScore?) -> Bool {
            let value = figure.value(score)
            let before = baseline.map(figure.value)
            return switch bound {
            case .absolute(let limit): value > limit
            case .relative(let share): before.map { value > $0 * (1 + share) } ?? false
            case .difference(let difference): before.map { value > $0 + difference } ?? false
            }
        }
    }

    /// Nil where only limits count that need none.
    package var baseline: BacktestPlan.Result?
    package var limits: [Limit]

    package init(baseline: BacktestPlan.Result?, limits: [Limit]) {
        self.baseline = baseline
        self.limits = limits
    }

    /// "predictive: this policy change costs +3.1 %, unserved -0.402 pp, changes -1.2 /h"; nil without a baseline.
    package func text(_ result: BacktestPlan.Result) -> String? {
        guard let baseline else { return nil }
        let before = baseline.score
        let after = result.score
        let cost = before.costRatio > 0 ? 100 * (after.costRatio / before.costRatio - 1) : 0
        return "\(result.name): this policy change costs \(signed(cost, digits: 1)) %, unserved "
            + "\(signed(after.unservedPercent - before.unservedPercent, digits: 3)) pp, changes "
            + "\(signed(after.adaptationsPerHour - before.adaptationsPerHour, digits: 1))/h "
            + "(beside \(baseline.name))"
    }

    /// The limits that a result exceeds.
    package func exceeded(_ result: BacktestPlan.Result) -> [String] {
        limits.filter { $0.isExceeded(result.score, baseline: baseline?.score) }.map(\.text)
    }

    private func signed(_ number: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (number * scale).rounded() / scale
        return (rounded < 0 ? "" : "+") + (rounded == 0 ? "0" : "\(rounded)")
    }
}
