/// How one column of a chunk is written. The first byte holds the transform and its flags:
///
///     bits 0-3 transform | 4 some rows absent | 5 exceptions | 6 no step is negative | 7 steps share a shift
///
/// then, where the flags say so, presence (count of runs, run lengths, the first run present, all LEB128) and
/// exceptions (count, then per exception the rows since the last one as LEB128 and its 8 bytes), then what the
/// transform needs. Transforms of integers have a scale, one byte: bits 0-3 the exponent, bits 4-7 how the value came
/// from the integer (`Scale.Kind`, and the width of `near`).
enum ColumnFormat {
    /// No row has a sample.
    static let absent: UInt8 = 0
    /// One value: its 8 bytes.
    static let constant: UInt8 = 1
    /// One value: scale, integer as signed LEB128.
    static let decimalConstant: UInt8 = 2
    /// The bits of an earlier column of the chunk: its index.
    static let copy: UInt8 = 3
    /// The steps of an earlier column of the chunk: scale, first integer, index.
    static let sameSteps: UInt8 = 4
    /// Scale, first integer, shift, order, then each step in Exp-Golomb code.
    static let steps: UInt8 = 5
    /// As `steps`, only of rows that differ from the row before, each after the number of rows that did not:
    /// scale, first integer, shift, number of changes, order of the gaps, order of the steps.
    static let sparse: UInt8 = 6
    /// Scale, first integer, first step, shift, order, then the change of each step in Exp-Golomb code.
    static let bends: UInt8 = 7
    /// First value in 8 bytes, then per row the bits that differ from the row before (Gorilla).
    static let xor: UInt8 = 8
    /// Number of changes, first value in 8 bytes, then per change the rows since the last one as LEB128 and the
    /// new value in 8 bytes.
    static let runs: UInt8 = 9

    /// Scale, first integer, the smallest one as difference to it, shift, order, then in Exp-Golomb code how much
    /// larger each is: for noise around a level, whose steps are larger than itself.
    static let levels: UInt8 = 10

    /// Scale, first integer, the step (signed) that all rows share.
    static let linear: UInt8 = 11

    /// Each value in 8 bytes.
    static let plain: UInt8 = 12

    static let hasAbsent: UInt8 = 0x10
    static let hasExceptions: UInt8 = 0x20
    static let isNonnegative: UInt8 = 0x40
    static let hasShift: UInt8 = 0x80

    /// Rows of a chunk that is read, so that a damaged count cannot ask for much memory. Far more than any that is made.
    static let largestRowCount = 1 << 16
    static let largestColumnCount = 4096
    /// References to columns are one byte.
    static let referableColumns = 256
    /// Of Exp-Golomb codes.
    static let longestOrder = 55
    static let mostZeros = 55
    /// In the place of an order: numbers up to a largest one (LEB128), see `BoundedCode`.
    static let bounded: UInt8 = 64
    static let mostBoundedBits = 48
    /// In the place of an order: this and so many different numbers, see `NumberList`.
    static let listed: UInt8 = 128

    /// `Marker.absent`, as a constant of this module.
    static let absentBits: UInt64 = 0x7ff0_0000_0000_0003
}

/// As `Marker.isAbsent`, in this module so that loops over samples have it inlined.
@inline(__always)
func isAbsent(_ value: Double) -> Bool { value.bitPattern == ColumnFormat.absentBits }
