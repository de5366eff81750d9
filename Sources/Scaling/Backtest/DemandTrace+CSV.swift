package import Documents
import Forecasting

extension DemandTrace {
    /// Reads rows of a time and a value below a header line, ascending: `t_s,value` with seconds (or
    /// milliseconds since 1970), or with times as `2014-04-10 00:04:00` or `1998-04-30T21:30`. An empty value, `NA` or
    /// `NaN` is a gap, and so are missing rows; a row between two steps belongs to the nearer one.
    /// - Parameter column: the header of the values; without it the second column.
    /// - Throws: the first line that is not of this form, or what keeps the whole from being a trace.
    package static func parse(csv text: String, file: String, column: String? = nil) throws(DocumentError)
        -> DemandTrace
    {
        var times: [Int] = []
        var values: [Double] = []
        var place = 1
        var units: Double?
        // A carriage return and the line feed behind it are one character.
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let fields = CSVLine.fields(line)
            if index == 0, let column {
                guard let found = fields.firstIndex(of: column), found > 0 else {
                    let why = fields[0] == column ? "the times are in" : "no"
                    throw failure(
                        "\(why) column \"\(column)\"; there are \(fields.dropFirst().joined(separator: ", "))",
                        file, line: 1)
                }
                place = found
                continue
            }
            if line.isEmpty || index == 0 && CSVLine.seconds(fields[0]) == nil { continue }
            let known = units ?? CSVLine.unitsPerSecond(fields[0])
            units = known
            guard fields.count > place, let time = CSVLine.seconds(fields[0], unitsPerSecond: known),
                let seconds = Int(exactly: time.rounded()),
                CSVLine.isGap(fields[place]) || Double(fields[place]) != nil
            else {
                throw failure(
                    "expected seconds and a value, found \"\(line.prefix(60))\"", file, line: index + 1)
            }
            guard times.last.map({ $0 < seconds }) ?? true else {
                throw failure("time goes back or repeats in the first column", file, line: index + 1)
            }
            times.append(seconds)
            values.append(Double(fields[place]) ?? .nan)
        }
        do {
            return try DemandTrace(times: times, values: values)
        } catch {
            throw failure(error.message, file, line: 1)
        }
    }

    /// What keeps samples from being a trace.
    package struct Unusable: Error, Hashable, Sendable {
        package var message: String
    }

    /// Samples at ascending seconds, put on the grid of their most frequent distance.
    package init(times: [Int], values: [Double]) throws(Unusable) {
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }.sorted()
        guard let first = times.first, let last = times.last, !distances.isEmpty, values.count == times.count,
            case let step = distances[(distances.count - 1) / 2], step > 0, (last - first) / step < 10_000_000
        else {
            throw Unusable(message: "expected at least two rows of \"t_s,value\"")
        }
        var grid = [Double](repeating: .nan, count: (last - first + step / 2) / step + 1)
        for (seconds, value) in zip(times, values) { grid[(seconds - first + step / 2) / step] = value }
        guard let trace = DemandTrace(grid, stepSeconds: step) else {
            throw Unusable(message: "no demand above zero")
        }
        self = trace
    }

    private static func failure(_ message: String, _ file: String, line: Int) -> DocumentError {
        DocumentError([Problem(file: file, position: Position(line: line, column: 1), message: message)])
    }
}
