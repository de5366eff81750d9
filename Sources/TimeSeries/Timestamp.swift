/// A moment in milliseconds since 1970-01-01T00:00:00Z, the resolution of the Prometheus data model.
@usableFromInline package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    @usableFromInline package var milliseconds: Int64

    @inlinable package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static let distantPast = Timestamp(milliseconds: .min)
    package static let distantFuture = Timestamp(milliseconds: .max)

    @inlinable package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// The difference of two moments; saturates instead of overflowing.
    package static func - (a: Timestamp, b: Timestamp) -> Duration {
        let (difference, overflow) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        return .milliseconds(overflow ? (a > b ? Int64.max : Int64.min) : difference)
    }

    package static func + (a: Timestamp, b: Duration) -> Timestamp {
        let (sum, overflow) = a.milliseconds.addingReportingOverflow(b.milliseconds)
        return Timestamp(milliseconds: overflow ? (b > .zero ? .max : .min) : sum)
    }

    package static func - (a: Timestamp, b: Duration) -> Timestamp { a + (.zero - b) }

    package static func += (a: inout Timestamp, b: Duration) { a = a + b }

    /// Seconds since 1970 as Prometheus' JSON shows them.
    package var seconds: Double { Double(milliseconds) / 1000 }

    /// A moment from seconds since 1970; nil where the number is not finite or does not fit.
    package init?(seconds: Double) {
        guard let milliseconds = Int64(clamping: seconds * 1000) else { return nil }
        self.init(milliseconds: milliseconds)
    }

    @usableFromInline package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    @usableFromInline package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; saturates.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds > 0 ? .max : .min) : sum
    }

    /// The duration in seconds as a floating-point number.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension Int64 {
    /// The number rounded half away from zero; nil for NaN and infinities, clamped to the range of `Int64`.
    /// The only way from an outside `Double` to an integer.
    package init?(clamping value: Double) {
        guard value.isFinite else { return nil }
        if value >= 0x1p63 {
            self = .max
        } else if value <= -0x1p63 {
            self = .min
        } else {
            self = Int64(value.rounded())
        }
    }
}

extension Int {
    /// As `Int64.init(clamping:)`.
    package init?(clamping value: Double) {
        guard let wide = Int64(clamping: value) else { return nil }
        self = Int(wide)
    }
}
