/// One number at one moment.
@usableFromInline package struct Sample: Hashable, Sendable, Codable {
    @usableFromInline package var timestamp: Timestamp
    @usableFromInline package var value: Double

    @inlinable
    package init(_ timestamp: Timestamp, _ value: Double) {
        self.timestamp = timestamp
        self.value = value
    }
}

/// The two NaNs that carry a meaning, told apart from other NaNs by their bits.
@usableFromInline package enum Marker {
    /// Prometheus' staleness marker (`value.StaleNaN`): the series ended here.
    package static let stale = Double(bitPattern: 0x7ff0_0000_0000_0002)
    /// In a row of a scrape: this column has no sample in this row. Never stored, never returned.
    package static let absent = Double(bitPattern: 0x7ff0_0000_0000_0003)
    /// The NaN that arithmetic and the text "NaN" yield (`value.NormalNaN`).
    package static let notANumber = Double(bitPattern: 0x7ff8_0000_0000_0001)

    @inlinable package static func isStale(_ value: Double) -> Bool {
        value.bitPattern == 0x7ff0_0000_0000_0002
    }
    @inlinable package static func isAbsent(_ value: Double) -> Bool {
        value.bitPattern == 0x7ff0_0000_0000_0003
    }
}
