import Documents

/// What a policy unit test expects a signal to have been at a decision.
struct SignalExpectation {
    enum Reading: Hashable {
        case value(Double)
        case stale, missing, notFinite, failed
    }

    var signal: String
    var expected: Reading
    /// As the file has it.
    var text: String

    static let notation = "a number such as 200, 60% or 250ms, or one of stale, missing, not_a_number, failed"

    init?(signal: String, _ text: String) {
        self.signal = signal
        self.text = text
        switch text {
        case "stale": expected = .stale
        case "missing": expected = .missing
        case "not_a_number": expected = .notFinite
        case "failed": expected = .failed
        default:
            guard let quantity = Quantity(text) else { return nil }
            expected = .value(quantity.value)
        }
    }

    /// What the signal was instead; nil where it was as expected, up to a millionth.
    func objection(to measurement: Measurement, unit: SignalPolicy.Unit) -> String? {
        guard let signal = measurement.signals.first(where: { $0.name == self.signal }) else {
            return "no signal \"\(self.signal)\""
        }
        let found: String
        switch (signal.reading, expected) {
        case (.value(let value, _), .value(let wanted)):
            if abs(value - wanted) <= 1e-6 * max(abs(value), abs(wanted)) { return nil }
            found = unit.text(value)
        case (.value(let value, _), _): found = unit.text(value)
        case (.stale, .stale), (.missing, .missing), (.notFinite, .notFinite), (.failed, .failed): return nil
        case (.stale, _): found = "stale"
        case (.missing, _): found = "missing"
        case (.notFinite, _): found = "not_a_number"
        case (.failed(let why), _): found = "failed: \(why)"
        }
        return "expected \(self.signal) \(text), found \(found)"
    }
}
