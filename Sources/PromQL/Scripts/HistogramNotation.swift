package import TimeSeries

/// Histograms as scripts write them: `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`, with `+{{..}}xN` to expand.
package enum HistogramNotation {
    static func elements(_ item: String) throws(QueryError) -> [SeriesNotation.Element] {
        var rest = Substring(item)
        let (first, hasHint) = try histogram(&rest, item)
        if rest.isEmpty { return [.histogram(first, hasHint: hasHint)] }
        if let count = try SeriesNotation.times(rest, item) {
            return [SeriesNotation.Element](repeating: .histogram(first, hasHint: hasHint), count: count + 1)
        }
        guard let sign = rest.popFirst(), sign == "+" || sign == "-" else { throw SeriesNotation.bad(item) }
        let (step, _) = try histogram(&rest, item)
        guard let count = try SeriesNotation.times(rest, item) else { throw SeriesNotation.bad(item) }
        var values: [SeriesNotation.Element] = []
        var value = first.reduced(to: min(first.schema, step.schema))
        for index in 0...count {
            values.append(.histogram(value, hasHint: hasHint))
            guard index < count else { break }
            guard let next = value.combined(with: step, sign: sign == "+" ? 1 : -1) else {
                throw QueryError(
                    .badData, "cannot combine histograms of exponential and custom buckets: \(item)")
            }
            value = next.result
        }
        return values
    }

    private static func histogram(
        _ text: inout Substring, _ item: String
    ) throws(QueryError) -> (FloatHistogram, hasHint: Bool) {
        guard text.hasPrefix("{{"), let end = text.firstRange(of: "}}") else {
            throw SeriesNotation.bad(item)
        }
        let body = text[text.index(text.startIndex, offsetBy: 2)..<end.lowerBound]
        text = text[end.upperBound...]
        return try parse(body, item)
    }

    /// The fields between the braces.
    private static func parse(
        _ body: Substring, _ item: String
    ) throws(QueryError) -> (FloatHistogram, hasHint: Bool) {
        var histogram = FloatHistogram()
        var offset: Int32 = 0
        var negativeOffset: Int32 = 0
        var hasHint = false
        for (key, value) in try fields(body, item) {
            switch key {
            case "schema":
                guard let schema = Int32(value), (-4...8).contains(schema) || schema == -53 else {
                    throw bad("schema", item)
                }
                histogram.schema = schema
            case "sum": histogram.sum = try number(value, key, item)
            case "count": histogram.count = try number(value, key, item)
            case "z_bucket": histogram.zeroCount = try number(value, key, item)
            case "z_bucket_w": histogram.zeroThreshold = try number(value, key, item)
            case "buckets": histogram.positiveBuckets = try numbers(value, key, item)
            case "n_buckets": histogram.negativeBuckets = try numbers(value, key, item)
            case "custom_values": histogram.customBounds = try numbers(value, key, item)
            case "offset", "n_offset":
                guard let number = Int32(value) else { throw bad(key, item) }
                if key == "offset" { offset = number } else { negativeOffset = number }
            case "counter_reset_hint":
                guard let hint = hints[value] else { throw bad(key, item) }
                histogram.resetHint = hint
                hasHint = true
            default: throw bad(key, item)
            }
        }
        histogram.positiveRuns = runs(offset, histogram.positiveBuckets)
        histogram.negativeRuns = runs(negativeOffset, histogram.negativeBuckets)
        return (histogram, hasHint)
    }

    private static func runs(_ offset: Int32, _ buckets: [Double]) -> [FloatHistogram.BucketRun] {
        buckets.isEmpty ? [] : [FloatHistogram.BucketRun(offset: offset, length: UInt32(buckets.count))]
    }

    private static let hints: [String: FloatHistogram.ResetHint] = [
        "unknown": .unknown, "reset": .reset, "not_reset": .notReset, "gauge": .gauge,
    ]

    private static func fields(
        _ body: Substring, _ item: String
    ) throws(QueryError) -> [(key: String, value: String)] {
        var fields: [(key: String, value: String)] = []
        var rest = body.drop { $0 == " " }
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: ":") else { throw bad(String(rest), item) }
            let key = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
            let end: Substring.Index
            if rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { throw bad(key, item) }
                end = rest.index(after: close)
            } else {
                end = rest.firstIndex(of: " ") ?? rest.endIndex
            }
            fields.append((key, String(rest[..<end])))
            rest = rest[end...].drop { $0 == " " }
        }
        return fields
    }

    private static func number(_ text: String, _ key: String, _ item: String) throws(QueryError) -> Double {
        var rest = Substring(text)
        guard let number = SeriesNotation.number(&rest), rest.isEmpty else { throw bad(key, item) }
        return number
    }

    private static func numbers(
        _ text: String, _ key: String, _ item: String
    ) throws(QueryError) -> [Double] {
        guard text.hasPrefix("["), text.hasSuffix("]") else { throw bad(key, item) }
        var numbers: [Double] = []
        for part in text.dropFirst().dropLast().split(separator: " ") {
            numbers.append(try number(String(part), key, item))
        }
        return numbers
    }

    private static func bad(_ key: String, _ item: String) -> QueryError {
        QueryError(.badData, "bad histogram field \(Labels.quoted(key)) in \(item)")
    }

    /// A histogram in this notation.
    package static func text(_ histogram: FloatHistogram) -> String {
        var fields: [String] = []
        if histogram.schema != 0 { fields.append("schema:\(histogram.schema)") }
        if histogram.count != 0 { fields.append("count:\(NumberSyntax.text(histogram.count))") }
        if histogram.sum != 0 { fields.append("sum:\(NumberSyntax.text(histogram.sum))") }
        if histogram.zeroCount != 0 { fields.append("z_bucket:\(NumberSyntax.text(histogram.zeroCount))") }
        if histogram.zeroThreshold != 0 {
            fields.append("z_bucket_w:\(NumberSyntax.text(histogram.zeroThreshold))")
        }
        if !histogram.customBounds.isEmpty { fields.append("custom_values:" + list(histogram.customBounds)) }
        if let hint = hints.first(where: { $0.value == histogram.resetHint })?.key,
            histogram.resetHint != .unknown
        {
            fields.append("counter_reset_hint:\(hint)")
        }
        for (prefix, runs, buckets) in [
            ("", histogram.positiveRuns, histogram.positiveBuckets),
            ("n_", histogram.negativeRuns, histogram.negativeBuckets),
        ] {
            let indexed = FloatHistogram.indexed(runs, buckets)
            guard let first = indexed.first, let last = indexed.last else { continue }
            var dense = [Double](repeating: 0, count: Int(last.index - first.index) + 1)
            for (index, count) in indexed { dense[Int(index - first.index)] = count }
            if first.index != 0 { fields.append("\(prefix)offset:\(first.index)") }
            fields.append("\(prefix)buckets:" + list(dense))
        }
        return "{{" + fields.joined(separator: " ") + "}}"
    }

    private static func list(_ numbers: [Double]) -> String {
        "[" + numbers.map(NumberSyntax.text).joined(separator: " ") + "]"
    }
}
