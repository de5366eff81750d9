/// How one column of a chunk is written. The first byte holds the transform and its flags:
///
///     bits 0-3 transform | 4 some rows absent | 5 exceptions | 6 no step is negative | 7 steps share a shift
///
/// then, where the flags say so, presence (count of runs, run lengths, the first run present, all LEB128) and
/// exceptions (count, then per exception the rows since the last one as LEB128 and its 8 bytes), then what the
/// transform needs. Decimal transforms work on integers, the values times a power of ten, where that is exact.
enum ColumnFormat {
    /// No row has a sample.
    static let absent: UInt8 = 0
    /// One value: its 8 bytes.
    static let constant: UInt8 = 1
    /// One value: exponent, integer as signed LEB128.
    static let decimalConstant: UInt8 = 2
    /// The bits of an earlier column of the chunk: its index.
    static let copy: UInt8 = 3
    /// The steps of an earlier column of the chunk: exponent, first integer, index.
    static let sameSteps: UInt8 = 4
    /// Exponent, first integer, shift, order, then each step in Exp-Golomb code.
    static let steps: UInt8 = 5
    /// As `steps`, only of rows that differ from the row before, each after the number of rows that did not:
    /// exponent, first integer, shift, number of changes, order of the gaps, order of the steps.
    static let sparse: UInt8 = 6
    /// Exponent, first integer, first step, shift, order, then the change of each step in Exp-Golomb code.
    static let bends: UInt8 = 7
    /// First value in 8 bytes, then per row the bits that differ from the row before (Gorilla).
    static let xor: UInt8 = 8

    static let hasAbsent: UInt8 = 0x10
    static let hasExceptions: UInt8 = 0x20
    static let isNonnegative: UInt8 = 0x40
    static let hasShift: UInt8 = 0x80

    /// Integers stay below 2^51, where doubles are exact and the rounding trick of `Decimal` works.
    static let largestExponent = 12
    /// Rows of a chunk, so that a damaged count cannot ask for much memory.
    static let largestRowCount = 4096
    static let largestColumnCount = 4096
}

/// Doubles as decimal fractions: an integer over a power of ten.
enum Decimal {
    static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
    private static let magic = 6_755_399_441_055_744.0

    /// The integer that over `power` gives back exactly this value, bit for bit; nil where there is none.
    @inline(__always)
    static func integer(_ value: Double, _ power: Double) -> Int64? {
        let scaled = value * power
        guard abs(scaled) < 0x1p51 else { return nil }
        // Adding 1.5 * 2^52 leaves the rounded integer in the lower bits; `.rounded()` would be a call into libm.
        let integer = Int64(bitPattern: (scaled + magic).bitPattern &- magic.bitPattern)
        return (Double(integer) / power).bitPattern == value.bitPattern ? integer : nil
    }
}
