/// What all values of a recording are whole multiples of, from one of them on: a tenth of a degree, one request, 4 KiB.
/// The middle one of what may come lies on that grid, as everything does that will be recorded.
struct Resolution: Sendable {
    /// Relative to the size of values: differences below this come from their binary form.
    static let precision = 1e-9
    /// Relative to the distance from the 10 to the 90 % quantile: a finer grid makes no difference, and on a coarser one
    /// what comes now and then would be taken for nothing.
    static let visible = 0.0005...0.05

    let step: Double
    private let origin: Double

    /// Nil where values lie on no grid, or on one that is too fine or too coarse to matter.
    /// - Parameter values: as they were recorded; what is not finite is a gap.
    init?(_ values: [Double]) {
        var known = values.filter(\.isFinite)
        guard let first = known.first else { return nil }
        let size = known.reduce(0) { Swift.max($0, abs($1)) }
        let spread = Quantile.of(&known, 0.9) - Quantile.of(&known, 0.1)
        let tolerance = Self.precision * size
        let least = Swift.max(Self.visible.lowerBound * spread, 2 * tolerance)
        guard spread > 0, size < 1e250 else { return nil }
        var step = 0.0
        for value in known {
            var rest = abs(value - first)
            guard rest > tolerance, step == 0 || Self.remainder(rest, step) > tolerance else { continue }
            // Euclid's algorithm.
            var divisor = step
            while divisor > tolerance { (rest, divisor) = (divisor, Self.remainder(rest, divisor)) }
            step = rest
            guard step >= least else { return nil }
        }
        guard step > 0, step <= Self.visible.upperBound * spread else { return nil }
        self.step = step
        origin = first
    }

    /// How far a number is from the nearest multiple of another.
    private static func remainder(_ number: Double, _ divisor: Double) -> Double {
        abs(number - divisor * (number / divisor).rounded())
    }

    func rounded(_ value: Double) -> Double { origin + ((value - origin) / step).rounded() * step }
}
