import TimeSeries

/// Aggregations that choose among the rows of a group.
extension Evaluator {
    func select(
        _ aggregation: Aggregation, _ numbers: [Double], _ input: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        try checkParameter(aggregation, numbers)
        let steps = input.steps
        let (rows, interruption) = (groups.rows, self.interruption)
        let pieces = workers.pieces(
            of: steps, atLeast: input.histograms.isEmpty ? max(8, 65_536 / max(1, input.rows)) : steps)
        let parts = try workers.map(pieces.count) { piece throws(QueryError) in
            var choice = Choice(aggregation: aggregation, input: input)
            do throws(QueryError) {
                for step in pieces[piece] {
                    try interruption.check()
                    for group in rows { choice.choose(numbers[step], of: group, step) }
                }
            } catch {
                interruption.fail(error)
                throw error
            }
            return choice
        }
        var result = VectorColumns(steps: steps)
        var places = [Int](repeating: -1, count: input.rows)
        for part in parts { annotations.add(part.annotations) }
        for group in rows.indices {
            for (piece, part) in zip(pieces, parts) {
                for step in piece {
                    for row in part.chosen[(step - piece.lowerBound) * rows.count + group] {
                        if places[row] < 0 {
                            try charge(steps)
                            places[row] = result.appendRow(input.names[row])
                        }
                        result.copy(places[row] * steps + step, from: input, row * steps + step)
                    }
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

/// The rows that `topk` and its kin choose, step by step.
private struct Choice: Sendable {
    let aggregation: Aggregation
    let input: VectorColumns
    /// The rows chosen of each group at each step, in the order in which an instant query shows them.
    private(set) var chosen: [[Int]] = []
    private(set) var annotations = Annotations()

    init(aggregation: Aggregation, input: VectorColumns) {
        self.aggregation = aggregation
        self.input = input
    }

    mutating func choose(_ number: Double, of group: [Int], _ step: Int) {
        let input = input
        let steps = input.steps
        switch aggregation.operation {
        case .limitRatio:
            chosen.append(
                group.filter {
                    !Cell.isAbsent(input.cells[$0 * steps + step])
                        && Evaluator.isSampled(input.labels($0), ratio: number)
                })
        case .limitk:
            let present = group.lazy.filter { !Cell.isAbsent(input.cells[$0 * steps + step]) }
            chosen.append(Array(present.prefix(limit(number, group.count))))
        default: chosen.append(ranked(limit(number, group.count), group, step))
        }
    }

    private func limit(_ number: Double, _ count: Int) -> Int {
        max(0, min(count, Int(clamping: number.rounded(.towardZero)) ?? 0))
    }

    /// The first rows by value, equal ones by their place: a list of so many is kept in order as rows pass by.
    private mutating func ranked(_ limit: Int, _ group: [Int], _ step: Int) -> [Int] {
        guard limit > 0 else { return [] }
        if limit > 64 { return sorted(limit, group, step) }
        let all = input.cells
        let cells = all.span
        var best: [(row: Int, value: Double)] = []
        best.reserveCapacity(limit + 1)
        for row in group {
            let cell = cells[row * input.steps + step]
            guard isRanked(cell) else { continue }
            if best.count == limit, !precedes(cell, best[limit - 1].value) { continue }
            var place = best.count
            while place > 0, precedes(cell, best[place - 1].value) { place -= 1 }
            best.insert((row, cell), at: place)
            if best.count > limit { best.removeLast() }
        }
        return best.map(\.row)
    }

    private mutating func sorted(_ limit: Int, _ group: [Int], _ step: Int) -> [Int] {
        var ranked: [(row: Int, value: Double)] = []
        for row in group {
            let cell = input.cells[row * input.steps + step]
            if isRanked(cell) { ranked.append((row, cell)) }
        }
        ranked.sort { a, b in
            if precedes(a.value, b.value) { return true }
            return precedes(b.value, a.value) ? false : a.row < b.row
        }
        return ranked.prefix(limit).map(\.row)
    }

    /// Whether a cell is a number; histograms are left out, with a note.
    private mutating func isRanked(_ cell: Double) -> Bool {
        if Cell.isHistogram(cell) {
            annotations.ignoredHistogram(aggregation.operation.rawValue, aggregation.range)
            return false
        }
        return !Cell.isAbsent(cell)
    }

    /// NaNs come last.
    @inline(__always)
    private func precedes(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return !a.isNaN && b.isNaN }
        return aggregation.operation == .topk ? a > b : a < b
    }
}
