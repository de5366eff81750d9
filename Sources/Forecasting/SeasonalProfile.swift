import Glibc

/// The last cycles' mean at each phase, moved part of the way to the present level.
struct SeasonalProfile: Sendable {
    static let cycles = 4
    static let decay = 0.8
    /// What a level that differs from the profile's keeps of the difference: part of it passes.
    static let damping = 0.6

    let period: Int
    /// The newest values that say what the present level is.
    let span: Int
    let isMultiplicative: Bool

    /// Nil where there is less than a cycle before `span` values.
    func forecast(after values: ArraySlice<Double>, horizon: Int) -> [Double]? {
        let values = values.suffix((Self.cycles + 1) * period + span)
        guard period >= 2, span >= 1, values.count >= period + span else { return nil }
        var recent = 0.0
        var usual = 0.0
        for position in (values.endIndex - span)..<values.endIndex {
            recent += values[position]
            usual += mean(values, at: position)
        }
        let ratio = usual > 0 && recent > 0 ? pow(recent / usual, Self.damping) : 1
        let shift = Self.damping * (recent - usual) / Double(span)
        return (0..<horizon).map { step in
            let mean = mean(values, at: values.endIndex + step % period)
            return isMultiplicative ? mean * ratio : mean + shift
        }
    }

    /// Of the phase in the cycles before a position, which may lie up to a cycle past the end.
    private func mean(_ values: ArraySlice<Double>, at position: Int) -> Double {
        var sum = 0.0
        var total = 0.0
        var weight = 1.0
        var past = position - period
        for _ in 0..<Self.cycles where past >= values.startIndex {
            sum += weight * values[past]
            total += weight
            weight *= Self.decay
            past -= period
        }
        return total > 0 ? sum / total : values[values.endIndex - 1]
    }
}
