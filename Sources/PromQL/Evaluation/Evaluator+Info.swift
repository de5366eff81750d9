import TimeSeries

/// `info`: adds labels of info metrics to series of the same job and instance.
extension Evaluator {
    private static let identifying = LabelSelection(keeping: ["instance", "job"])

    func evaluateInfo(
        _ call: FunctionCall, _ operand: PlanNode, _ selector: SelectorPlan, _ grid: Grid
    ) throws(QueryError) -> VectorColumns {
        let base = try vector(operand, grid)
        var wanted: [Matcher] = []
        if call.arguments.count > 1, case .selector(let labels) = call.arguments[1] {
            wanted = labels.matchers.filter { $0.name != "__name__" }
        }
        let names = try Planner.infoNames(call)
        let info = try evaluate(selector, grid, yielding: .timestamp)
        let hasHistograms = columns[selector.selection].contains { !($0.histograms?.isEmpty ?? true) }
        var enriched = EnrichedSeries(
            base: base, info: info, values: hasHistograms ? try uncounted(selector, grid, .value) : nil,
            wanted: wanted,
            evaluator: self)
        for row in 0..<base.rows {
            try checkpoint()
            let name = base.labels(row).metricName
            let isInfo = names.allSatisfy { $0.matches(name) }
            try enriched.add(row, isInfo: isInfo)
        }
        var result = enriched.result
        try mergeEqual(&result)
        return result
    }

    /// The rows of a vector with labels of info series.
    struct EnrichedSeries {
        let base: VectorColumns
        /// The info series at each step, with the time of the sample as value so that the newest can be told.
        let info: VectorColumns
        /// The same with their values, where some are histograms.
        let values: VectorColumns?
        let wanted: [Matcher]
        let evaluator: Evaluator
        private var infoRows: [Labels: [Int]] = [:]
        private var rows: [SeriesName: Int] = [:]
        private(set) var result: VectorColumns

        init(
            base: VectorColumns, info: VectorColumns, values: VectorColumns?, wanted: [Matcher],
            evaluator: Evaluator
        ) {
            self.base = base
            self.info = info
            self.values = values
            self.wanted = wanted
            self.evaluator = evaluator
            result = VectorColumns(steps: base.steps)
            for row in 0..<info.rows {
                infoRows[Evaluator.identifying.apply(info.labels(row)), default: []].append(row)
            }
        }

        mutating func add(_ row: Int, isInfo: Bool) throws(QueryError) {
            let identity = Evaluator.identifying.apply(base.labels(row))
            let candidates = identity.isEmpty || isInfo ? [] : infoRows[identity] ?? []
            for step in 0..<base.steps where !Cell.isAbsent(base.cells[row * base.steps + step]) {
                var name = base.names[row]
                if !isInfo {
                    let found = try newest(candidates, step)
                    if found.isEmpty, !wanted.allSatisfy({ $0.matches("") }) { continue }
                    name.labels = try labels(name.labels, found)
                }
                let target = try self.row(for: name)
                let index = target * base.steps + step
                guard Cell.isAbsent(result.cells[index]) else { throw Evaluator.sameLabels }
                result.copy(index, from: base, row * base.steps + step)
            }
        }

        private mutating func row(for name: SeriesName) throws(QueryError) -> Int {
            if let row = rows[name] { return row }
            try evaluator.charge(base.steps)
            let row = result.appendRow(name)
            rows[name] = row
            return row
        }

        /// Of each info metric the series with the newest sample.
        private func newest(_ candidates: [Int], _ step: Int) throws(QueryError) -> [Int] {
            var found: [(name: String, row: Int)] = []
            for row in candidates {
                let time = info.cells[row * info.steps + step]
                guard Cell.isNumber(time) else { continue }
                if let values, Cell.isHistogram(values.cells[row * info.steps + step]) {
                    throw QueryError(
                        .execution, "this should be an info metric, with float samples: \(info.labels(row))")
                }
                let name = info.labels(row).metricName
                guard let known = found.firstIndex(where: { $0.name == name }) else {
                    found.append((name, row))
                    continue
                }
                let other = info.cells[found[known].row * info.steps + step]
                if time == other {
                    let milliseconds = Int64(clamping: time * 1000) ?? 0
                    throw QueryError(
                        .execution,
                        "found duplicate series for info metric: existing \(VectorMatch.text(info.labels(found[known].row))) "
                            + "@ \(milliseconds), new \(VectorMatch.text(info.labels(row))) @ \(milliseconds)"
                    )
                }
                if time > other { found[known].row = row }
            }
            return found.map(\.row)
        }

        private func labels(_ labels: Labels, _ found: [Int]) throws(QueryError) -> Labels {
            var added: [(name: String, value: String)] = []
            for row in found {
                for (name, value) in info.labels(row).pairs where name != "__name__" {
                    guard wanted.isEmpty || wanted.contains(where: { $0.name == name }) else { continue }
                    if let known = added.first(where: { $0.name == name }), known.value != value {
                        throw QueryError(.execution, "conflicting label: \(name)")
                    }
                    if labels[name] == nil { added.append((name, value)) }
                }
            }
            return added.isEmpty ? labels : labels.merging(Labels(added))
        }
    }
}
