import Foundation
import TimeSeries

/// The answer of a query as text for people and programs.
enum QueryRendering {
    // MARK: - Tables

    /// A line for each series of a vector, a block for each series of a matrix.
    static func table(_ answer: QueryAnswer) -> [String] {
        switch answer.value {
        case .single(let text): return [text]
        case .vector(let series):
            return aligned([["SERIES", "VALUE"]] + series.map { [$0.name, $0.points.last?.value ?? ""] })
        case .matrix(let series):
            return series.flatMap { one in [one.name] + one.points.map { "  \(time($0.time))  \($0.value)" } }
        }
    }

    private static func aligned(_ rows: [[String]]) -> [String] {
        let width = rows.map { $0[0].count }.max() ?? 0
        return rows.map { row in
            row[0] + String(repeating: " ", count: width - row[0].count) + "  " + row[1]
        }
    }

    // MARK: - promtool

    /// As `promtool query` prints results.
    static func promql(_ answer: QueryAnswer) -> [String] {
        switch answer.value {
        case .single(let text): return [text]
        case .vector(let series):
            return series.map { one in
                let point = one.points.last
                return "\(one.name) => \(point?.value ?? "") @[\(seconds(point?.time ?? 0))]"
            }
        case .matrix(let series):
            return series.flatMap { one in
                ["\(one.name) =>"] + one.points.map { "\($0.value) @[\(seconds($0.time))]" }
            }
        }
    }

    // MARK: - CSV

    /// A column for each label, then time and value (RFC 4180).
    static func csv(_ answer: QueryAnswer) -> [String] {
        let series: [QueryAnswer.Series]
        switch answer.value {
        case .single(let text): return ["value", quoted(text)]
        case .vector(let all), .matrix(let all): series = all
        }
        let names = columns(of: series)
        return [row(names + ["timestamp", "value"])]
            + series.flatMap { one in
                one.points.map { row(cells(one, names) + [seconds($0.time), $0.value]) }
            }
    }

    /// Labels alone, a line for each series.
    static func csv(labels series: [QueryAnswer.Series]) -> [String] {
        let names = columns(of: series)
        return [row(names)] + series.map { row(cells($0, names)) }
    }

    private static func columns(of series: [QueryAnswer.Series]) -> [String] {
        Set(series.flatMap { $0.labels.map(\.name) }).sorted { a, b in
            (a != "__name__" ? 1 : 0, a) < (b != "__name__" ? 1 : 0, b)
        }
    }

    private static func cells(_ series: QueryAnswer.Series, _ names: [String]) -> [String] {
        names.map { name in series.labels.first { $0.name == name }?.value ?? "" }
    }

    private static func row(_ cells: [String]) -> String { cells.map(quoted).joined(separator: ",") }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    // MARK: - Sparklines

    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// A line of small bars for each series, between its own least and greatest value.
    static func sparklines(_ answer: QueryAnswer, width: Int = 60) -> [String] {
        guard case .matrix(let series) = answer.value else { return table(answer) }
        let times = series.flatMap { $0.points.map(\.time) }
        guard let first = times.min(), let last = times.max() else { return [] }
        let names = aligned(series.map { [$0.name, ""] })
        return zip(series, names).map { one, name in
            let values = one.points.compactMap { point in Double(point.value).map { (point.time, $0) } }
            let finite = values.map(\.1).filter(\.isFinite)
            guard let low = finite.min(), let high = finite.max(), let newest = one.points.last else {
                return name + "no numbers"
            }
            let line = columns(values, from: first, to: last, width).map { value -> Character in
                guard let value else { return " " }
                let share = high > low ? (value - low) / (high - low) : 0.5
                return bars[min(bars.count - 1, max(0, Int(share * Double(bars.count))))]
            }
            return name + String(line) + "  \(short(low)) to \(short(high)), now \(newest.value)"
        }
    }

    /// The mean of the points in each of so many equal parts of the range; nil where there are none.
    private static func columns(
        _ points: [(Double, Double)], from first: Double, to last: Double, _ width: Int
    ) -> [Double?] {
        let count = min(width, max(1, points.count))
        var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: count)
        for (time, value) in points where value.isFinite {
            let share = last > first ? (time - first) / (last - first) : 0
            let column = min(count - 1, Int(share * Double(count)))
            sums[column].sum += value
            sums[column].count += 1
        }
        return sums.map { $0.count > 0 ? $0.sum / Double($0.count) : nil }
    }

    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }

    // MARK: - Times

    private static func time(_ seconds: Double) -> String {
        Timestamp(seconds: seconds).map(RFC3339.text) ?? "\(seconds)"
    }

    private static func seconds(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(format: "%.0f", seconds) : String(format: "%.3f", seconds)
    }
}
