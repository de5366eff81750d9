/// CPU and memory amounts as people write them: Kubernetes' notation (`500m`, `0.5`, `64Mi`) and the usual one (`64MiB`).
package enum Quantity {
    package static let cpuExpected = "a CPU amount such as 500m or 0.5"
    package static let memoryExpected = "a memory amount such as 64MiB, 2Gi or 1500M"

    private static let memoryUnits: [(suffix: String, bytes: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("PiB", 1 << 50),
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50),
        ("kB", 1000), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000), ("B", 1), ("", 1),
    ]

    /// Thousandths of a core, rounded up; nil for what is not a CPU amount or is negative.
    package static func milliCPU(_ text: String) -> Int64? {
        if text.hasSuffix("m") { return scaled(text.dropLast(), by: 1) }
        return scaled(Substring(text), by: 1000)
    }

    /// Bytes, rounded up; nil for what is not a memory amount or is negative.
    package static func bytes(_ text: String) -> Int64? {
        for (suffix, bytes) in memoryUnits where text.hasSuffix(suffix) {
            return scaled(text.dropLast(suffix.count), by: bytes)
        }
        return nil
    }

    /// `500m` or `2`.
    package static func cpuText(_ milliCPU: Int64) -> String {
        milliCPU % 1000 == 0 ? "\(milliCPU / 1000)" : "\(milliCPU)m"
    }

    /// In the largest binary unit that is exact, else with one decimal of the largest that is below: `64MiB`, `1.5GiB`.
    package static func memoryText(_ bytes: Int64) -> String {
        guard bytes != .min, abs(bytes) >= 1024 else { return "\(bytes)B" }
        let units: [(String, Int64)] = [
            ("PiB", 1 << 50), ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ]
        let (suffix, unit) = units.first { abs(bytes) >= $0.1 } ?? ("KiB", 1 << 10)
        if bytes % unit == 0 { return "\(bytes / unit)\(suffix)" }
        let tenths = (bytes / (unit / 10)).magnitude
        return "\(bytes < 0 ? "-" : "")\(tenths / 10).\(tenths % 10)\(suffix)"
    }

    /// A plain decimal number times `unit`, rounded up; exact, without floating point.
    private static func scaled(_ text: Substring, by unit: Int64) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        func isDigits(_ part: Substring) -> Bool { part.utf8.allSatisfy { (48...57).contains($0) } }
        guard let whole = parts.first, isDigits(whole), parts.count == 1 || isDigits(parts[1]),
            !whole.isEmpty || parts.count == 2 && !parts[1].isEmpty
        else { return nil }
        guard let units = whole.isEmpty ? 0 : Int64(whole) else { return nil }
        let (product, overflow) = units.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2, !parts[1].isEmpty else { return product }
        let digits = parts[1].prefix(12)
        var numerator: Int64 = 0
        var denominator: Int64 = 1
        for digit in digits.utf8 {
            numerator = numerator * 10 + Int64(digit - 48)
            denominator *= 10
        }
        let (high, low) = numerator.multipliedFullWidth(by: unit)
        let (quotient, remainder) = denominator.dividingFullWidth((high, low))
        let (sum, carry) = product.addingReportingOverflow(quotient + (remainder > 0 ? 1 : 0))
        return carry ? nil : sum
    }
}

extension Resources: CustomStringConvertible {
    /// `cpu 500m, memory 64MiB`.
    package var description: String {
        "cpu \(Quantity.cpuText(milliCPU)), memory \(Quantity.memoryText(memoryBytes))"
    }
}
