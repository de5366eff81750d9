package import Documents

extension DemandTrace {
    /// Reads `t_s,value` with a header line: seconds, ascending on a regular grid, and a number; an empty
    /// value or `NaN` is a gap. Missing rows are gaps as well.
    /// - Throws: the first line that is not of this form, or what keeps the whole from being a trace.
    package static func parse(csv text: String, file: String) throws(DocumentError) -> DemandTrace {
        var times: [Int] = []
        var values: [Double] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.hasSuffix("\r") ? line.dropLast() : line
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            if line.isEmpty || index == 0 && Double(fields[0]) == nil { continue }
            guard fields.count >= 2, let seconds = Double(fields[0]).flatMap({ Int(exactly: $0.rounded()) }),
                fields[1].isEmpty || Double(fields[1]) != nil
            else {
                throw failure(
                    "expected seconds and a value, found \"\(line.prefix(60))\"", file, line: index + 1)
            }
            guard times.last.map({ $0 < seconds }) ?? true else {
                throw failure("time goes back or repeats", file, line: index + 1)
            }
            times.append(seconds)
            values.append(Double(fields[1]) ?? .nan)
        }
        let step = zip(times.dropFirst(), times).map { $0 - $1 }.min() ?? 0
        guard step > 0, let first = times.first, let last = times.last, (last - first) / step < 10_000_000
        else {
            throw failure("expected at least two rows of \"t_s,value\"", file, line: 1)
        }
        var grid = [Double](repeating: .nan, count: (last - first) / step + 1)
        for (index, seconds) in times.enumerated() {
            guard (seconds - first) % step == 0 else {
                throw failure("\(seconds) is not on the grid of \(step) s", file, line: index + 2)
            }
            grid[(seconds - first) / step] = values[index]
        }
        guard let trace = DemandTrace(grid, stepSeconds: step) else {
            throw failure("no demand above zero", file, line: 1)
        }
        return trace
    }

    private static func failure(_ message: String, _ file: String, line: Int) -> DocumentError {
        DocumentError([Problem(file: file, position: Position(line: line, column: 1), message: message)])
    }
}
