/// Supply and demand of a run over time, thinned to what a screen shows: of each stretch the most that was needed
/// and the least that was ready, so that no shortage disappears.
package struct BacktestChart: Sendable {
    package static let maxPoints = 1200

    private let stride: Int
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

/// A drawing in the page itself: no script, no request.
struct PlotWriter {
    static let width = 960
    static let height = 240
    private static let margin = (left: 46, right: 10, top: 10, bottom: 24)

    /// Lines over time.
    static func lines(_ chart: BacktestChart) -> String {
        let top = Double(max(1, (chart.demand + chart.ready).max() ?? 1)) * 1.05
        let first = chart.seconds.first ?? 0
        let span = Double(max(1, (chart.seconds.last ?? 1) - first))
        func x(_ seconds: Int) -> Double {
            Double(margin.left) + Double(seconds - first) / span * Double(width - margin.left - margin.right)
        }
        func y(_ count: Double) -> Double {
            Double(height - margin.bottom) - count / top * Double(height - margin.top - margin.bottom)
        }
        func points(_ counts: [Int]) -> String {
            zip(chart.seconds, counts).map { "\(tenth(x($0.0))),\(tenth(y(Double($0.1))))" }
                .joined(separator: " ")
        }
        var svg = frame()
        for share in [0.0, 0.25, 0.5, 0.75, 1] {
            let count = (share * top).rounded(.down)
            svg += axis(y: y(count), label: "\(Int(count))")
        }
        let day = 86_400
        for mark in Swift.stride(from: (first + day - 1) / day, through: (first + Int(span)) / day, by: 1) {
            svg += "<text x=\"\(tenth(x(mark * day)))\" y=\"\(height - 6)\" class=\"m\">day \(mark)</text>"
        }
        svg += "<polyline class=\"r\" points=\"\(points(chart.ready))\"/>"
        svg += "<polyline class=\"d\" points=\"\(points(chart.demand))\"/>"
        return svg + "</svg>"
    }

    /// Each policy by what it costs and what it leaves unserved, on a square-root scale so that small shares
    /// show.
    static func pareto(_ results: [BacktestPlan.Result]) -> String {
        let costs = results.map(\.score.costRatio)
        let low = min(1, costs.min() ?? 1)
        let high = max(low + 0.1, (costs.max() ?? 2) * 1.02)
        let most = max(0.01, results.map(\.score.unservedPercent).max() ?? 1)
        func x(_ cost: Double) -> Double {
            Double(margin.left) + (cost - low) / (high - low) * Double(width - margin.left - 160)
        }
        func y(_ unserved: Double) -> Double {
            let share = (unserved / most).squareRoot()
            return Double(height - margin.bottom) - share * Double(height - margin.top - margin.bottom)
        }
        var svg = frame()
        for share in [0.0, 0.01, 0.1, 0.4, 1] {
            svg += axis(y: y(share * most), label: BacktestText.number(share * most))
        }
        for step in 0...5 {
            let cost = low + (high - low) * Double(step) / 5
            svg +=
                "<text x=\"\(tenth(x(cost)))\" y=\"\(height - 6)\" class=\"m\">"
                + "\(BacktestText.number(cost))</text>"
        }
        for result in results {
            let (x, y) = (x(result.score.costRatio), y(result.score.unservedPercent))
            svg += "<circle cx=\"\(tenth(x))\" cy=\"\(tenth(y))\" r=\"4\"/>"
            svg +=
                "<text x=\"\(tenth(x + 7))\" y=\"\(tenth(y + 4))\">\(BacktestText.escaped(result.name))</text>"
        }
        return svg + "</svg>"
    }

    private static func frame() -> String {
        "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\">"
    }

    private static func axis(y: Double, label: String) -> String {
        "<line x1=\"\(margin.left)\" x2=\"\(width - margin.right)\" y1=\"\(tenth(y))\" y2=\"\(tenth(y))\"/>"
            + "<text x=\"\(margin.left - 6)\" y=\"\(tenth(y + 4))\" class=\"e\">\(label)</text>"
    }

    private static func tenth(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e9 else { return "0" }
        return "\((number * 10).rounded() / 10)"
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
