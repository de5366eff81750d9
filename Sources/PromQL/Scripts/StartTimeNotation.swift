import TimeSeries

/// Start timestamps as scripts write them, each relative to its sample: `-30s-1mx2`, `_x3`, `*`.
enum StartTimeNotation {
    /// Milliseconds relative to the sample, nil where unknown.
    static func parse(_ text: some StringProtocol) throws(QueryError) -> [Int64?] {
        var result: [Int64?] = []
        for item in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let previous = result.last { $0 != nil } ?? 0
            result += try elements(item, previous ?? 0)
        }
        return result
    }

    private static func elements(
        _ item: some StringProtocol, _ previous: Int64
    ) throws(QueryError) -> [Int64?] {
        let item = String(item)
        var rest = Substring(item)
        if rest.first == "_" || rest.first == "*" {
            let isOmitted = rest.removeFirst() == "_"
            let count = try SeriesNotation.times(rest, item)
            if isOmitted { return [Int64?](repeating: nil, count: count ?? 1) }
            return [Int64?](repeating: previous, count: (count ?? 0) + 1)
        }
        guard let start = offset(&rest) else { throw SeriesNotation.bad(item) }
        if let count = try SeriesNotation.times(rest, item) {
            return [Int64?](repeating: start, count: count + 1)
        }
        if rest.isEmpty { return [start] }
        guard let step = offset(&rest), let count = try SeriesNotation.times(rest, item) else {
            throw SeriesNotation.bad(item)
        }
        return (0...count).map { start + Int64($0) * step }
    }

    /// The signed duration at the start of the text, which moves behind it.
    private static func offset(_ text: inout Substring) -> Int64? {
        let isNegative = text.first == "-"
        let unsigned = isNegative || text.first == "+" ? text.dropFirst() : text
        let duration = unsigned.prefix { $0.isASCII && ($0.isNumber || ($0.isLetter && $0 != "x")) }
        guard !duration.isEmpty, let milliseconds = Duration(prometheus: duration)?.milliseconds else {
            return nil
        }
        text = unsigned.dropFirst(duration.count)
        return isNegative ? -milliseconds : milliseconds
    }
}
