package import TimeSeries

extension Signal {
    /// How much a reading is worth.
    package enum Quality: String, Hashable, Sendable {
        case fresh, partial, stale, missing
        case notFinite = "not finite"
        case failed
    }

    package var quality: Quality {
        switch reading {
        case .value: coverage.map { $0 < 1 } == true ? .partial : .fresh
        case .stale: .stale
        case .missing: .missing
        case .notFinite: .notFinite
        case .failed: .failed
        }
    }

    /// The value with its quality and age, for a person.
    package func qualityText(_ unit: SignalPolicy.Unit, at now: Timestamp) -> String {
        switch reading {
        case .value(let value, let at), .stale(let value, let at):
            let share = coverage.map { ", \(SignalPolicy.Unit.share.text($0)) of its sources" } ?? ""
            return "\(unit.text(value)), \(quality.rawValue), \((now - at).prometheusText) old\(share)"
        case .missing: return "missing"
        case .notFinite: return "not a finite number"
        case .failed(let message): return "failed: \(message)"
        }
    }
}
