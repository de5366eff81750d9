package import Control
import Fleet
import Scaling
import TimeSeries

/// An audit entry in words: what was measured and foreseen, which policy decided, what held it back in which order, what was
/// commanded, and how to prove that it says so.
package enum Explanation {
    /// - Parameter given: what a scaling decision was made from, where the journal holds it.
    package static func text(
        _ found: IndexedRecord, given: DecisionCase? = nil, proof: [MerkleHash] = [],
        checkpoint: Checkpoint? = nil
    ) -> String {
        let entry = found.record.entry
        var lines = [heading(entry)]
        if let given { lines += inputs(given, entry.decision) }
        if let decision = entry.decision {
            lines += words(of: decision)
            lines += constraint(decision)
        }
        if let given { lines += counterfactuals(given, entry.decision) }
        if !entry.reasons.isEmpty {
            lines.append(entry.decision == nil ? "Why:" : "Also:")
            lines += entry.reasons.map { "  " + $0 }
        }
        lines.append(entry.commands.isEmpty ? "Commands: none." : "Commands:")
        lines += entry.commands.map { "  \($0.id)  \($0.text)  (\($0.reason))" }
        lines.append("Record:")
        lines.append("  epoch \(entry.epoch), configuration generation \(entry.generation)")
        lines.append(
            "  evidence: SHA-256 \(found.record.evidence) of journal record \(found.record.sequence)")
        if let checkpoint {
            lines.append("  entry \(found.index) of \(checkpoint.size) in the log \(checkpoint.origin)")
            lines.append("  root \(Text.base64(checkpoint.root.bytes))")
            lines += proof.enumerated().map { "  proof \($0 + 1): \(Text.base64($1.bytes))" }
            if proof.isEmpty {
                lines.append("  its proof: /api/v1/audit/proof/inclusion?index=\(found.index)")
            }
        }
        lines.append("Replay it to the same bytes: \(replayCommand(entry.id))")
        return lines.joined(separator: "\n") + "\n"
    }

    package static func replayCommand(_ id: String) -> String { "flyball audit replay \(id)" }

    /// Every signal with its quality and age, and what is foreseen.
    private static func inputs(_ given: DecisionCase, _ decision: ScaleDecision?) -> [String] {
        var lines = ["Policy \(given.policy.name) knew at \(given.now.rfc3339):"]
        for signal in given.policy.signals {
            let measured = given.measurement.signals.first { $0.name == signal.name }
            lines.append(
                "  signal \(signal.name): "
                    + (measured.map { $0.qualityText(signal, at: given.now) } ?? "missing"))
            if let outlook = measured?.outlook {
                let share = SignalPolicy.Unit.share.text(outlook.quantile)
                lines.append(
                    "  forecast of \(signal.name): \(signal.unit.text(outlook.expectedPeak)) expected, "
                        + "\(share) of peaks within \(outlook.horizon.prometheusText) below "
                        + "\(signal.unit.text(outlook.peak)), by \(outlook.model), "
                        + (outlook.isTrusted ? "trusted" : "not trusted: no better than the last value")
                        + (outlook.keep.map {
                            "; up to \(signal.unit.text($0)) may be needed within the hold"
                        }
                            ?? ""))
            }
            if let history = measured?.history {
                lines.append("  history of \(signal.name): \(history.known) of \(history.count) values known")
            }
        }
        for schedule in given.measurement.schedules ?? [] {
            lines.append("  schedule \(schedule.name), until \(schedule.until.rfc3339)")
        }
        lines.append(
            "  replicas: \(given.counts.desired) desired, \(given.counts.ready) ready, "
                + "\(given.counts.starting) starting"
                + (decision.map { $0.from == given.counts.desired ? "" : "; \($0.from) by its own decisions" }
                    ?? ""))
        return lines
    }

    /// What binds, and when it lifts.
    private static func constraint(_ decision: ScaleDecision) -> [String] {
        guard let binding = decision.binding else {
            return ["Binding: nothing; the count is what was asked for."]
        }
        let until = binding.until.map { ", lifts at \($0.rfc3339)" } ?? ""
        return ["Binding: \(binding.kind.title) \(binding.subject)\(until)."]
    }

    private static func counterfactuals(_ given: DecisionCase, _ decision: ScaleDecision?) -> [String] {
        var lines = ["Had it been otherwise:"]
        for other in Counterfactual.all(given, of: decision) {
            let same = other.desired == decision?.desired ? ", the same" : ""
            lines.append("  \(other.name): \(other.desired)\(same)")
        }
        return lines
    }

    private static func heading(_ entry: AuditEntry) -> String {
        var subject = entry.kind.rawValue
        if let workload = entry.workload { subject += " of \(workload)" }
        if let node = entry.node { subject += ", node \(node)" }
        if let decision = entry.decision {
            subject +=
                decision.from == decision.desired
                ? ": stays at \(decision.desired)" : ": \(decision.from) -> \(decision.desired)"
        }
        if let principal = entry.principal { subject += ", by \(principal)" }
        return "\(entry.id)  \(entry.at.rfc3339)  \(subject)"
    }

    private static func words(of decision: ScaleDecision) -> [String] {
        var lines = ["Policy \(decision.policy) decided, step by step:"]
        for reason in decision.reasons {
            // What is recorded only says itself which mode that is.
            let head = reason.kind == .shadow ? "" : "\(reason.kind.title) \(reason.subject): "
            var line = "  \(head)\(reason.text)  -> \(reason.count)"
            if let until = reason.until { line += ", until \(until.rfc3339)" }
            lines.append(line)
        }
        return lines
    }
}

extension ScaleDecision.Reason.Kind {
    fileprivate var title: String {
        switch self {
        case .signal: "measured"
        case .forecast: "foreseen"
        case .forecastIdle: "foreseen, adds nothing"
        case .headroom: "headroom"
        case .surge: "surge"
        case .reference: "beside a reactive autoscaler"
        case .untrusted: "not trusted"
        case .held: "held"
        case .combined: "combined"
        case .partial: "measured in part"
        case .idle: "activity"
        case .fallback: "fallback"
        case .sizing: "size"
        case .tolerance: "within tolerance"
        case .stabilised: "stabilised"
        case .rateLimited: "rate limited"
        case .minimum: "minimum"
        case .maximum: "maximum"
        case .flapBudget: "flap budget"
        case .changeCost: "cost of a change"
        case .paused: "paused"
        case .operatorRequest: "request"
        case .schedule: "schedule"
        case .shadow: "shadow"
        }
    }
}
