package import TimeSeries

extension Signal {
    /// How much a reading is worth.
    package enum Quality: String, Hashable, Sendable {
        case fresh, partial, stale, missing
        case notFinite = "not finite"
        /// A number that the signal cannot have.
        case impossible
        case failed
    }

    /// As far as the reading alone tells.
    package var quality: Quality {
        switch reading {
        case .value: isWhole ? .fresh : .partial
        case .stale: .stale
        case .missing: .missing
        case .notFinite: .notFinite
        case .failed: .failed
        }
    }

    package func quality(as signal: SignalPolicy) -> Quality {
        if case .value(let value, _) = reading, signal.isImpossible(value) { return .impossible }
        return quality
    }

    /// The value with its quality and age, for a person.
    package func qualityText(_ signal: SignalPolicy, at now: Timestamp) -> String {
        switch reading {
        case .value(let value, let at), .stale(let value, let at):
            let sources = coverage.map { ", \(SignalPolicy.Unit.share.text($0)) of its sources" } ?? ""
            let series =
                kept.map { ", \(SignalPolicy.Unit.share.text($0)) of its series tell in full" } ?? ""
            return "\(signal.unit.text(value)), \(quality(as: signal).rawValue), "
                + "\((now - at).prometheusText) old\(sources)\(series)"
        case .missing: return "missing"
        case .notFinite: return "not a finite number"
        case .failed(let message): return "failed: \(message)"
        }
    }
}
