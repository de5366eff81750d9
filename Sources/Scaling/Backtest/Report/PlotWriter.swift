/// A drawing in the page itself: no script, no request.
struct PlotWriter {
    static let width = 960
    static let height = 240
    private static let margin = (left: 46, right: 10, top: 10, bottom: 24)
    /// Where the axes cross, and where they end.
    private static let left = Double(margin.left)
    private static let bottom = Double(height - margin.bottom)
    private static let innerHeight = Double(height - margin.top - margin.bottom)

    /// Supply and demand over time. All plots of a page have one scale, so that they can be compared.
    /// - Parameter most: the largest count that any of them shows.
    static func lines(_ chart: BacktestChart, most: Int, name: String) -> String {
        let marks = AxisTicks.whole(upTo: Double(most))
        let top = marks.last ?? 1
        let first = chart.seconds.first ?? 0
        let span = max(1, (chart.seconds.last ?? 1) - first)
        func x(_ seconds: Int) -> Double {
            left + Double(seconds - first) / Double(span) * Double(width - margin.left - margin.right)
        }
        func y(_ count: Double) -> Double { bottom - count / top * innerHeight }
        func points(_ counts: [Int]) -> String {
            zip(chart.seconds, counts).map { "\(tenth(x($0.0))),\(tenth(y(Double($0.1))))" }
                .joined(separator: " ")
        }
        var svg = frame("\(name): replicas needed and ready over time")
        for mark in marks { svg += axis(y: y(mark), label: AxisTicks.text(mark)) }
        let (unit, seconds) = AxisTicks.time(span)
        let step = AxisTicks.linear(0, Double(span) / Double(seconds), steps: 20)
        let stride = max(1, Int(step.count > 1 ? step[1] : 1)) * seconds
        for mark in Swift.stride(
            from: (first + stride - 1) / stride * stride, through: first + span, by: stride)
        {
            svg +=
                "<text x=\"\(tenth(x(mark)))\" y=\"\(height - 6)\" class=\"m\">"
                + "\(unit) \(mark / seconds)</text>"
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
            left + (cost - low) / (high - low) * Double(width - margin.left - 160)
        }
        func y(_ unserved: Double) -> Double { bottom - (unserved / most).squareRoot() * innerHeight }
        var svg = frame("cost and unserved demand of each policy")
        for mark in AxisTicks.squareRoot(upTo: most, apart: 18, height: innerHeight) {
            svg += axis(y: y(mark), label: AxisTicks.text(mark))
        }
        for mark in AxisTicks.linear(low, high, steps: 8) {
            svg +=
                "<text x=\"\(tenth(x(mark)))\" y=\"\(height - 6)\" class=\"m\">\(AxisTicks.text(mark))</text>"
        }
        let points = results.map { (x: x($0.score.costRatio), y: y($0.score.unservedPercent)) }
        var labels = PlotLabels(points, within: Double(margin.top)...bottom)
        for (result, point) in zip(results, points) {
            let name = BacktestText.escaped(result.name)
            svg +=
                "<circle cx=\"\(tenth(point.x))\" cy=\"\(tenth(point.y))\" r=\"4\"><title>\(name): cost "
                + "\(BacktestText.number(result.score.costRatio)), unserved "
                + "\(BacktestText.number(result.score.unservedPercent)) %</title></circle>"
            guard let height = labels.place(result.name.count, beside: point) else { continue }
            svg += "<text x=\"\(tenth(point.x + 7))\" y=\"\(tenth(height + 4))\">\(name)</text>"
        }
        return svg + "</svg>"
    }

    private static func frame(_ label: String) -> String {
        "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(BacktestText.escaped(label))\">"
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

/// Places for names beside points, where none lies on another.
struct PlotLabels {
    private var taken: [(x: ClosedRange<Double>, y: ClosedRange<Double>)]
    private let heights: ClosedRange<Double>

    init(_ points: [(x: Double, y: Double)], within heights: ClosedRange<Double>) {
        self.heights = heights
        taken = points.map { (x: $0.x - 4...$0.x + 4, y: $0.y - 4...$0.y + 4) }
    }

    /// How high the name of so many letters stands; nil where there is no place near its point.
    mutating func place(_ letters: Int, beside point: (x: Double, y: Double)) -> Double? {
        let x = point.x + 7...point.x + 7 + 6.5 * Double(letters)
        for shift in [0.0, -11, 11, -22, 22] where heights.contains(point.y + shift) {
            let y = point.y + shift - 5...point.y + shift + 5
            if taken.contains(where: { $0.x.overlaps(x) && $0.y.overlaps(y) }) { continue }
            taken.append((x, y))
            return point.y + shift
        }
        return nil
    }
}

/// Round numbers for the axes of a plot.
enum AxisTicks {
    /// Multiples of 1, 2 or 5 times a power of ten within a range, at most so many steps.
    static func linear(_ low: Double, _ high: Double, steps: Int, least: Double = 0.001) -> [Double] {
        guard low.isFinite, high.isFinite, high > low, high < 1e12 else { return [low] }
        let step = round(max(least, (high - low) / Double(steps)))
        let first = (low / step - 1e-9).rounded(.up)
        return stride(from: first, through: high / step + 1e-9, by: 1).map { $0 * step }
    }

    /// Whole numbers from zero to the first that is not below a number.
    static func whole(upTo most: Double) -> [Double] {
        let step = round(max(1, most / 5))
        return stride(from: 0, through: max(1, (most / step).rounded(.up)), by: 1).map { $0 * step }
    }

    /// Zero and numbers so far apart on a scale of square roots.
    static func squareRoot(upTo most: Double, apart: Double, height: Double) -> [Double] {
        var marks = [0.0]
        var power = 0.001
        while power <= most, power < 1e12 {
            for digit in [1.0, 2, 5] where power * digit <= most {
                let mark = power * digit
                let distance = (mark / most).squareRoot() - (marks[marks.count - 1] / most).squareRoot()
                if distance * height >= apart { marks.append(mark) }
            }
            power *= 10
        }
        return marks
    }

    /// What time is told in: days, or hours where there are only two days.
    static func time(_ seconds: Int) -> (unit: String, seconds: Int) {
        seconds > 2 * 86_400 ? ("day", 86_400) : ("hour", 3600)
    }

    /// Without zeros at its end.
    static func text(_ number: Double) -> String {
        var text = BacktestText.number(number)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// The smallest of 1, 2 and 5 times a power of ten that is not below a number.
    private static func round(_ wanted: Double) -> Double {
        var step = 0.001
        while step < wanted { step *= 10 }
        return [0.2, 0.5].map { $0 * step }.first { $0 >= wanted && wanted > 0.001 } ?? step
    }
}
