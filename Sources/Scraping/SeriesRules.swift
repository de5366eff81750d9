import Discovery
import Relabelling
import TimeSeries

/// What becomes of the labels of a line: the target's labels, conflicts between both, metric relabelling and limits.
struct SeriesRules: Sendable {
    /// Where the samples of a line go.
    enum Place {
        /// Relabelling dropped the line.
        case dropped
        /// Into the target's table: the labels without the target's.
        case column(Labels)
        /// A series that does not bear the target's labels as they are: it goes to the sink by itself.
        case own(Labels)
    }

    let target: Labels
    let honorsLabels: Bool
    let honorsTimestamps: Bool
    let tracksTimestampStaleness: Bool
    let relabelRules: [RelabelRule]
    let limits: ScrapeLimits
    private let namesAreLegacy: Bool
    private let targetPairs: [(name: String, value: String)]

    init(_ job: ScrapeConfiguration, target: Labels) {
        self.target = target
        honorsLabels = job.honorsLabels
        honorsTimestamps = job.honorsTimestamps
        tracksTimestampStaleness = job.tracksTimestampStaleness
        relabelRules = job.metricRelabelRules
        limits = job.limits
        namesAreLegacy = job.names.areLegacy
        targetPairs = target.pairs
    }

    func place(_ line: Labels) throws(ScrapeFailure) -> Place {
        let hasConflicts = line.sharesName(with: target)
        if !hasConflicts, keepsLines { return .column(line) }
        let conflicts = hasConflicts ? targetPairs.filter { line[$0.name] != nil } : []
        var whole: Labels
        if conflicts.isEmpty {
            whole = line.merging(target)
        } else if honorsLabels {
            whole = target.merging(line)
        } else {
            whole = renaming(conflicts.map(\.name), in: line).merging(target)
        }
        if !relabelRules.isEmpty {
            guard let relabelled = RelabelRule.apply(relabelRules, to: whole) else { return .dropped }
            whole = relabelled
            guard whole["__name__"] != nil else { throw .missingName(line: "\(line)") }
        }
        try check(whole)
        guard targetPairs.allSatisfy({ whole[$0.name] == $0.value }) else { return .own(whole) }
        return .column(whole.removing(targetPairs.map(\.name)))
    }

    /// The line's labels that clash with the target's, under `exported_` names; shortest first, as Prometheus has it.
    private func renaming(_ names: [String], in line: Labels) -> Labels {
        var pairs = line.pairs
        let kept = Set(pairs.map(\.name)).union(targetPairs.map(\.name))
        var taken = kept
        for name in names.sorted(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) {
            guard let index = pairs.firstIndex(where: { $0.name == name }) else { continue }
            var renamed = name
            repeat { renamed = "exported_" + renamed } while taken.contains(renamed)
            taken.insert(renamed)
            pairs[index].name = renamed
        }
        return Labels(pairs)
    }

    /// A line that has no label of the target's name is kept as it is: so every target with the same names keeps it.
    private var keepsLines: Bool { relabelRules.isEmpty && !hasLabelLimits && !namesAreLegacy }

    /// Equal for rules that make the same columns of the same lines; nil where that hangs on the target's values.
    var kind: String? {
        guard keepsLines, !honorsLabels else { return nil }
        return targetPairs.map(\.name).joined(separator: ",") + (honorsTimestamps ? "|times" : "|")
    }

    private var hasLabelLimits: Bool {
        limits.labels != nil || limits.labelNameLength != nil || limits.labelValueLength != nil
    }

    private func check(_ labels: Labels) throws(ScrapeFailure) {
        if namesAreLegacy {
            let isLegacy = labels.pairs.allSatisfy { pair in
                pair.name == "__name__"
                    ? Labels.isLegacyMetricName(pair.value) : Labels.isLegacyName(pair.name)
            }
            guard isLegacy else { throw .invalidName(line: "\(labels)") }
        }
        guard hasLabelLimits else { return }
        let pairs = labels.pairs
        let metric = labels.metricName
        if let limit = limits.labels, pairs.count > limit {
            throw .labelLimit(
                "label_limit exceeded (metric: \(metric), number of labels: \(pairs.count), limit: \(limit))")
        }
        for (name, value) in pairs {
            if let limit = limits.labelNameLength, name.utf8.count > limit {
                throw .labelLimit(
                    "label_name_length_limit exceeded (metric: \(metric), label name: \(name), limit: \(limit))"
                )
            }
            if let limit = limits.labelValueLength, value.utf8.count > limit {
                throw .labelLimit(
                    "label_value_length_limit exceeded (metric: \(metric), label name: \(name), limit: \(limit))"
                )
            }
        }
    }
}
