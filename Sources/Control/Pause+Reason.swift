import Fleet
import Scaling

/// What a pause of the fleet says where it holds a decision.
extension Pause {
    /// - Parameters:
    ///   - count: where the count stays.
    ///   - direction: in which it would have moved, where the pause is known to hold that; nil for one of both.
    func reason(at count: Int, holding direction: PauseDirection? = nil) -> ScaleDecision.Reason {
        ScaleDecision.Reason(
            kind: .paused, subject: workload?.name ?? "fleet", count: count,
            text: (direction.map(Pause.words) ?? "") + "by \(owner): \(reason)", until: until)
    }

    fileprivate static func words(_ direction: PauseDirection) -> String { "\(direction.rawValue)wards " }
}

extension ScaleDecision.Reason {
    /// Of a pause of the fleet: whether it says no direction.
    var isOfBothDirections: Bool { !PauseDirection.allCases.contains { text.hasPrefix(Pause.words($0)) } }
}
