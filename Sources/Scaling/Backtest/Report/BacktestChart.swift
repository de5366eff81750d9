/// Supply and demand of a run over time, thinned to what a screen shows: of each stretch the most that was needed
/// and the least that was ready, so that no shortage disappears.
package struct BacktestChart: Sendable {
    package static let maxPoints = 1200

    /// How many ticks one point stands for.
    let stride: Int
    private var seen = 0
    package private(set) var seconds: [Int] = []
    package private(set) var demand: [Int] = []
    package private(set) var ready: [Int] = []

    /// - Parameter ticks: how many there will be.
    package init(ticks: Int) { stride = max(1, (ticks + Self.maxPoints - 1) / Self.maxPoints) }

    package mutating func add(_ point: Backtest.Point) {
        if seen % stride == 0 {
            seconds.append(point.seconds)
            demand.append(point.demand)
            ready.append(point.ready)
        } else {
            let last = demand.count - 1
            demand[last] = max(demand[last], point.demand)
            ready[last] = min(ready[last], point.ready)
        }
        seen += 1
    }
}

/// Numbers and names as a report writes them.
package enum BacktestText {
    /// Three digits behind the point.
    package static func number(_ number: Double) -> String {
        let thousandths = (abs(number) * 1000).rounded()
        guard thousandths < 1e15 else { return "\(number)" }
        let whole = Int64(thousandths)
        let rest = "\(whole % 1000)"
        return (number < 0 && whole > 0 ? "-" : "") + "\(whole / 1000)."
            + String(repeating: "0", count: 3 - rest.count) + rest
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
