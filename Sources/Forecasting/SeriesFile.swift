/// A file of series to be forecast: rows of `t_s,value`, one column a series, with seconds or dates; rows of
/// `unique_id,ds,y`, one value each, under such a heading; lines of `id,v1,v2,...`, a series each (ragged, as the M4
/// competition's); or a value a line.
package struct SeriesFile: Hashable, Sendable {
    package struct Series: Hashable, Sendable {
        package var id: String
        /// NaN is a gap.
        package var values: [Double]
        /// Where the file says it.
        package var stepSeconds: Double?
        /// Of the first value, as the file has it.
        package var startSeconds: Double?
    }

    /// What is wrong with a file, and in which line.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package var line: Int
        package var message: String
        package var description: String { "\(line): \(message)" }
    }

    package private(set) var series: [Series] = []

    /// - Parameters:
    ///   - text: with or without a header line.
    ///   - name: what a file of one series calls it.
    package init(_ text: String, name: String) throws(Problem) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .filter { !$1.allSatisfy(\.isWhitespace) }
            .map { Row(line: $0 + 1, fields: CSVLine.fields($1)) }
        guard let first = lines.first else { throw Problem(line: 1, message: "the file is empty") }
        if lines.allSatisfy({ $0.fields.count == 1 }) {
            if let values = Self.alone(lines) {
                series = [Series(id: name, values: values)]
                return
            }
            if let mark = [";", "\t"].first(where: { first.fields[0].contains($0) }) {
                throw Problem(
                    line: first.line,
                    message:
                        "fields are separated by commas, found \(mark == ";" ? "semicolons" : "tabs") between them"
                )
            }
        }
        let header = Self.isHeader(first) ? first : nil
        let body = header == nil ? lines[...] : lines.dropFirst()
        guard !body.isEmpty else { throw Problem(line: 1, message: "there are no rows below the header") }
        if let header, header.fields.count == 3, Self.isTime(header.fields[1]) {
            series = try Self.grouped(body)
            return
        }
        let isTimed =
            header.map { Self.isTime($0.fields[0]) } == true
            || body.allSatisfy { $0.fields.count == 2 && Double($0.fields[0]) != nil }
            || body.allSatisfy { Double($0.fields[0]) == nil && DateText.seconds($0.fields[0]) != nil }
        if isTimed {
            let columns = body.reduce(2) { max($0, $1.fields.count) }
            for column in 1..<columns {
                let heading = header.flatMap { column < $0.fields.count ? $0.fields[column] : nil }
                series.append(
                    try Self.timed(body, column, name: columns == 2 ? name : heading ?? "column \(column)"))
            }
        } else {
            var ids: Set<String> = []
            for row in body {
                series.append(try Self.series(row))
                guard ids.insert(row.fields[0]).inserted else {
                    throw Problem(
                        line: row.line,
                        message:
                            "there is a line of \"\(row.fields[0].prefix(40))\" already; where the first column is no "
                            + "id, it has to be a time, headed t_s")
                }
            }
        }
    }

    private struct Row {
        var line: Int
        var fields: [String]
    }

    /// Headings of a column of times.
    private static let timeNames: Set = ["t_s", "t", "ts", "ds", "time", "timestamp", "date", "datetime"]

    private static func isTime(_ heading: String) -> Bool { timeNames.contains(heading.lowercased()) }

    /// The values of lines with nothing else on them, below a heading or not; nil where they are none.
    private static func alone(_ rows: [Row]) -> [Double]? {
        func value(_ row: Row) -> Double? { CSVLine.isGap(row.fields[0]) ? .nan : Double(row.fields[0]) }
        let body = rows.first.flatMap(value) == nil ? rows.dropFirst() : rows[...]
        let values = body.compactMap(value)
        return values.isEmpty || values.count < body.count ? nil : values
    }

    /// Rows of an id, a time and a value: a series for each id, in the order they come.
    private static func grouped(_ rows: ArraySlice<Row>) throws(Problem) -> [Series] {
        var order: [String] = []
        var groups: [String: [Row]] = [:]
        for row in rows {
            guard row.fields.count == 3 else {
                throw Problem(
                    line: row.line,
                    message: "expected an id, a time and a value, found \(row.fields.count) fields")
            }
            if groups[row.fields[0]] == nil { order.append(row.fields[0]) }
            groups[row.fields[0], default: []].append(
                Row(line: row.line, fields: Array(row.fields.dropFirst())))
        }
        var series: [Series] = []
        for id in order { series.append(try timed(groups[id, default: []][...], 1, name: id)) }
        return series
    }

    /// A line that says something behind its first field, and no number.
    private static func isHeader(_ row: Row) -> Bool {
        let values = row.fields.dropFirst()
        return values.contains { !CSVLine.isGap($0) } && !values.contains { Double($0) != nil }
            || values.isEmpty
    }

    private static func series(_ row: Row) throws(Problem) -> Series {
        let fields = row.fields
        var values: [Double] = []
        let end = fields.lastIndex { !CSVLine.isGap($0) } ?? 0
        for field in fields.dropFirst().prefix(end) {
            if CSVLine.isGap(field) {
                values.append(.nan)
            } else if let value = Double(field) {
                values.append(value)
            } else {
                throw Problem(line: row.line, message: "expected a number, found \"\(field.prefix(40))\"")
            }
        }
        return Series(id: fields[0], values: values)
    }

    private static func timed(_ rows: ArraySlice<Row>, _ column: Int, name: String) throws(Problem) -> Series
    {
        var times: [Double] = []
        var values: [Double] = []
        let units = rows.first.map { CSVLine.unitsPerSecond($0.fields[0]) } ?? 1
        for row in rows {
            let fields = row.fields
            guard let time = CSVLine.seconds(fields[0], unitsPerSecond: units),
                time > times.last ?? -.infinity
            else {
                throw Problem(
                    line: row.line,
                    message: "expected ascending seconds or dates, found \"\(fields[0].prefix(40))\"")
            }
            let text = column < fields.count ? fields[column] : ""
            guard let value = CSVLine.isGap(text) ? .nan : Double(text) else {
                throw Problem(line: row.line, message: "expected a number, found \"\(text.prefix(40))\"")
            }
            times.append(time)
            values.append(value)
        }
        guard let step = typicalDistance(of: times), (times[times.count - 1] - times[0]) / step < 10_000_000
        else { return Series(id: name, values: values) }
        // Missing rows are gaps; a row between two steps belongs to the nearer.
        var grid = [Double](repeating: .nan, count: Int((times[times.count - 1] - times[0]) / step + 0.5) + 1)
        for (time, value) in zip(times, values) where value.isFinite {
            grid[Int((time - times[0]) / step + 0.5)] = value
        }
        return Series(id: name, values: grid, stepSeconds: step, startSeconds: times[0])
    }

    /// A tenth of the rows may stand nearer to the row before than all others do.
    private static let strayShare = 10
    /// How far distances are from one another that are meant to be equal.
    private static let jitter = 1.25

    /// How far rows are apart: as most of those that are near to each other, since rows may be missing, come late, or stand
    /// between two others. Nil for a single row.
    private static func typicalDistance(of times: [Double]) -> Double? {
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        guard !distances.isEmpty, case let near = distances[distances.count / strayShare], near > 0 else {
            return nil
        }
        let alike = distances.filter { (near / jitter...near * jitter).contains($0) }
        let mean = alike.reduce(0, +) / Double(alike.count)
        // Whole seconds, where that moves no row by half a step.
        let whole = mean.rounded()
        return whole >= 1 && abs(mean - whole) * Double(times.count) <= whole / 2 ? whole : mean
    }

    /// `id,quantile,h1..hN`: a line per series and quantile, the point forecast as `mean` first.
    package static func csv(_ forecasts: [(id: String, forecast: Forecast)], horizon: Int) -> String {
        var text = "id,quantile" + (1...max(1, horizon)).map { ",h\($0)" }.joined() + "\n"
        for (id, forecast) in forecasts {
            let name = quoted(id)
            text += "\(name),mean" + forecast.mean.map { ",\($0)" }.joined() + "\n"
            for band in forecast.quantiles {
                text += "\(name),\(band.quantile)" + band.values.map { ",\($0)" }.joined() + "\n"
            }
        }
        return text
    }

    private static func quoted(_ id: String) -> String {
        guard id.contains(where: { $0 == "," || $0 == "\"" }) else { return id }
        return "\"" + id.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}
