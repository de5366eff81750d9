package import Documents
import Forecasting

extension DemandTrace {
    /// Reads rows of a time and a value below a header line, ascending: `t_s,value` with seconds (or
    /// milliseconds since 1970), or with times as `2014-04-10 00:04:00` or `1998-04-30T21:30`. An empty value, `NA` or
    /// `NaN` is a gap, and so are missing rows; a row between two steps belongs to the nearer one.
    /// - Parameters:
    ///   - column: the header of the values; without it the second column, or the first where there are no times.
    ///   - stepSeconds: how far rows are apart where the first column has no times.
    /// - Throws: the first line that is not of this form, or what keeps the whole from being a trace.
    package static func parse(
        csv text: String, file: String, column: String? = nil, stepSeconds: Int? = nil
    ) throws(DocumentError) -> DemandTrace {
        // A carriage return and the line feed behind it are one character.
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var rows: [Row] = []
        for (index, line) in lines.enumerated() {
            let fields = CSVLine.fields(line)
            if line.isEmpty || index == 0 && (column != nil || CSVLine.seconds(fields[0]) == nil) { continue }
            rows.append(Row(line: index + 1, text: line, fields: fields))
        }
        var place: Int?
        if let column, let first = lines.first {
            place = try Self.place(of: column, in: CSVLine.fields(first), stepSeconds, file)
        }
        let unit = rows.first.map { CSVLine.unitsPerSecond($0.fields[0]) } ?? 1
        var times: [Int] = []
        var values: [Double] = []
        if let stepSeconds, place == 0 || !isTimed(rows, unit) {
            for (index, row) in rows.enumerated() {
                values.append(try row.value(at: place ?? 0, "a value", file))
                times.append(index * stepSeconds)
            }
        } else {
            for row in rows {
                let value = try row.value(at: place ?? 1, "seconds and a value", file)
                guard let seconds = row.seconds(unit) else {
                    throw row.failure("seconds and a value", file)
                }
                guard times.last.map({ $0 < seconds }) ?? true else {
                    throw failure(
                        "time goes back or repeats in the first column; where that is no time, --step says how far rows "
                            + "are apart", file, line: row.line)
                }
                times.append(seconds)
                values.append(value)
            }
        }
        do {
            return try DemandTrace(times: times, values: values)
        } catch {
            throw failure(error.message, file, line: 1)
        }
    }

    /// Where a column is; the first is that of the times, unless there are none.
    private static func place(
        of column: String, in header: [String], _ stepSeconds: Int?, _ file: String
    ) throws(DocumentError) -> Int {
        let found = header.firstIndex(of: column)
        if let found, found > 0 || stepSeconds != nil { return found }
        let known = header.dropFirst().joined(separator: ", ")
        throw failure(
            found == nil
                ? "no column \"\(column)\"; there are \(known)"
                : "the times are in column \"\(column)\"; there are \(known), or, where it has no times, --step says how "
                    + "far rows are apart", file, line: 1)
    }

    private struct Row {
        var line: Int
        var text: Substring
        var fields: [String]

        func seconds(_ unitsPerSecond: Double) -> Int? {
            CSVLine.seconds(fields[0], unitsPerSecond: unitsPerSecond).flatMap { Int(exactly: $0.rounded()) }
        }

        func value(at place: Int, _ what: String, _ file: String) throws(DocumentError) -> Double {
            guard place < fields.count else { throw failure(what, file) }
            if CSVLine.isGap(fields[place]) { return .nan }
            guard let value = Double(fields[place]) else { throw failure(what, file) }
            return value
        }

        func failure(_ what: String, _ file: String) -> DocumentError {
            let others = [";": "semicolons", "\t": "tabs"].first { text.contains($0.key) }
            let hint =
                fields.count > 1
                ? ""
                : others.map { "; fields are separated by commas, not by \($0.value)" }
                    ?? "; where there are no times, --step says how far rows are apart"
            return DemandTrace.failure(
                "expected \(what), found \"\(text.prefix(60))\"\(hint)", file, line: line)
        }
    }

    /// Whether the first column rises, as times do.
    private static func isTimed(_ rows: [Row], _ unitsPerSecond: Double) -> Bool {
        var last = Int.min
        return rows.allSatisfy { row in
            guard row.fields.count > 1, let seconds = row.seconds(unitsPerSecond), seconds > last else {
                return false
            }
            last = seconds
            return true
        }
    }

    /// What keeps samples from being a trace.
    package struct Unusable: Error, Hashable, Sendable {
        package var message: String
    }

    private static let mostSteps = 10_000_000

    /// Samples at ascending seconds, put on the grid of their most frequent distance.
    package init(times: [Int], values: [Double]) throws(Unusable) {
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        guard let first = times.first, let last = times.last, !distances.isEmpty, values.count == times.count,
            case let step = distances[(distances.count - 1) / 2], step > 0
        else {
            throw Unusable(message: "expected at least two rows of \"t_s,value\"")
        }
        guard (last - first) / step < Self.mostSteps else {
            let far = zip(times.dropFirst(), times).map { $0 - $1 }.max() ?? 0
            throw Unusable(
                message:
                    "from the first to the last row there are more than \(Self.mostSteps) steps of \(step) s; "
                    + "the largest gap between two rows is \(far) s")
        }
        var grid = [Double](repeating: .nan, count: (last - first + step / 2) / step + 1)
        for (seconds, value) in zip(times, values) { grid[(seconds - first + step / 2) / step] = value }
        guard let trace = DemandTrace(grid, stepSeconds: step) else {
            throw Unusable(message: "no demand above zero")
        }
        self = trace
    }

    fileprivate static func failure(_ message: String, _ file: String, line: Int) -> DocumentError {
        DocumentError([Problem(file: file, position: Position(line: line, column: 1), message: message)])
    }
}
