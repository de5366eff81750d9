import TimeSeries

/// Aggregations that choose among the rows of a group.
extension Evaluator {
    func select(
        _ aggregation: Aggregation, _ numbers: [Double], _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        try checkParameter(aggregation, numbers)
        let steps = input.steps
        var rows = [[Int]](repeating: [], count: groups.names.count)
        for row in 0..<input.rows { rows[groups.ofRow[row]].append(row) }
        var result = VectorColumns(steps: steps)
        var places = [Int](repeating: -1, count: input.rows)
        for group in rows {
            for step in 0..<steps {
                try checkpoint()
                for row in chosen(aggregation, numbers[step], group, step, input) {
                    if places[row] < 0 {
                        try charge(steps)
                        places[row] = result.appendRow(input.names[row])
                    }
                    result.copy(places[row] * steps + step, from: input, row * steps + step)
                }
            }
        }
        return result
    }

    private func checkParameter(_ aggregation: Aggregation, _ numbers: [Double]) throws(QueryError) {
        let position = aggregation.parameter?.range ?? aggregation.range
        if aggregation.operation == .limitRatio {
            for ratio in numbers {
                guard !ratio.isNaN else { throw QueryError(.execution, "Ratio value is NaN") }
                guard abs(ratio) > 1 else { continue }
                annotations.warn(
                    "ratio value should be between -1 and 1, got \(NumberSyntax.text(ratio)), capping to "
                        + (ratio > 0 ? "1" : "-1"), position)
            }
            return
        }
        for number in numbers {
            guard !number.isNaN else { throw QueryError(.execution, "Parameter value is NaN") }
            guard number < 9.223372036854775e18, number > -9.223372036854775e18 else {
                let text = NumberSyntax.plainText(number)
                throw QueryError(
                    .execution, "Scalar value \(text) \(number < 0 ? "underflows" : "overflows") int64")
            }
        }
    }

    /// The rows of a group that are chosen at a step, in the order in which an instant query shows them.
    private func chosen(
        _ aggregation: Aggregation, _ number: Double, _ group: [Int], _ step: Int, _ input: VectorColumns
    ) -> [Int] {
        let steps = input.steps
        let present = group.filter { !Cell.isAbsent(input.cells[$0 * steps + step]) }
        if aggregation.operation == .limitRatio {
            return present.filter { Evaluator.isSampled(input.labels($0), ratio: number) }
        }
        let limit = max(0, min(present.count, Int(clamping: number.rounded(.towardZero)) ?? 0))
        guard limit > 0 else { return [] }
        if aggregation.operation == .limitk { return Array(present.prefix(limit)) }
        var ranked: [(row: Int, value: Double)] = []
        for row in present {
            let cell = input.cells[row * steps + step]
            if Cell.isHistogram(cell) {
                annotations.ignoredHistogram(aggregation.operation.rawValue, aggregation.range)
            } else {
                ranked.append((row, cell))
            }
        }
        let isTop = aggregation.operation == .topk
        ranked.sort { a, b in
            if a.value.isNaN || b.value.isNaN {
                return a.value.isNaN == b.value.isNaN ? a.row < b.row : b.value.isNaN
            }
            if a.value == b.value { return a.row < b.row }
            return isTop ? a.value > b.value : a.value < b.value
        }
        return ranked.prefix(limit).map(\.row)
    }

    /// Whether a series is in the sample of `limit_ratio`: a share of all by hash, from the other end where negative,
    /// so that r and r - 1 share nothing and together are all.
    static func isSampled(_ labels: Labels, ratio: Double) -> Bool {
        var hash = labels.stableHash
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        let place = Double(hash >> 11) * 0x1p-53
        return ratio >= 0 ? place < ratio : place >= 1 + ratio
    }
}
