import Codecs

/// Codes for numbers of which none is above a largest one and all are about as frequent: as many bits as that one has, and of
/// the least numbers, as many as there is room for, one bit less (truncated binary).
struct BoundedCode {
    /// Of the longer codes.
    let bits: Int
    /// Numbers below this have the shorter ones.
    let shortCount: UInt64

    /// - Parameter largest: at least 1, of at most `ColumnFormat.mostBoundedBits`.
    @inline(__always)
    init(largest: UInt64) {
        bits = 64 &- largest.leadingZeroBitCount
        shortCount = 1 &<< UInt64(truncatingIfNeeded: bits) &- largest &- 1
    }

    @inline(__always)
    func write(_ value: UInt64, _ writer: inout BitWriter) {
        if value < shortCount {
            writer.write(value, bits &- 1)
        } else {
            writer.write(value &+ shortCount, bits)
        }
    }
}
