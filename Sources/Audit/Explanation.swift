import Control
import Fleet
import Scaling
import TimeSeries

/// An audit entry in words: what was measured and foreseen, which policy decided, what held it back in which order, what was
/// commanded, and how to prove that it says so.
package enum Explanation {
    package static func text(
        _ found: IndexedRecord, proof: [MerkleHash] = [], checkpoint: Checkpoint? = nil
    ) -> String {
        let entry = found.record.entry
        var lines = [heading(entry)]
        if let decision = entry.decision { lines += words(of: decision) }
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
        }
        return lines.joined(separator: "\n") + "\n"
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
            var line = "  \(reason.kind.title) \(reason.subject): \(reason.text)  -> \(reason.count)"
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
        case .forecastIdle: "foreseen, not used"
        case .headroom: "headroom"
        case .untrusted: "not trusted"
        case .held: "held"
        case .tolerance: "within tolerance"
        case .stabilised: "stabilised"
        case .rateLimited: "rate limited"
        case .minimum: "minimum"
        case .maximum: "maximum"
        case .flapBudget: "flap budget"
        case .paused: "paused"
        case .operatorRequest: "request"
        case .schedule: "schedule"
        case .shadow: "shadow"
        }
    }
}
