import Codecs
import TimeSeries

/// Sealed samples of those series of a group that had samples at the same times: a chunk with a column of times and one
/// of values for each of these series, in the order of their slots.
struct LoosePart: Sendable {
    var first: Int64
    var last: Int64
    var rowCount: UInt32
    /// The series in it, a bit for each slot of the group.
    var slots: UInt16
    /// Those of them with native histograms.
    var histogramSlots: UInt16 = 0
    var bytes: [UInt8]

    var columnCount: Int { slots.nonzeroBitCount }
    var sampleCount: Int { Int(rowCount) * columnCount }

    func overlaps(_ range: ClosedRange<Int64>) -> Bool {
        first <= range.upperBound && range.lowerBound <= last
    }

    func has(_ slot: Int) -> Bool { slots >> UInt16(slot) & 1 == 1 }

    /// The column of a slot, behind that of the times.
    func column(_ slot: Int) -> Int { 1 + (slots & (1 << UInt16(slot) &- 1)).nonzeroBitCount }

    /// A part that is open for decoding.
    struct Opened {
        let times: [Int64]
        let chunk: Chunk.Opened
    }

    /// Nil where the chunk is damaged.
    var opened: Opened? {
        let bytes = bytes
        guard let chunk = try? Chunk.open(bytes, chunkRange), chunk.rowCount == Int(rowCount),
            chunk.columnCount == 1 + columnCount
        else { return nil }
        var times: [Double] = []
        guard (try? chunk.decode(0, into: &times)) != nil, times.count == chunk.rowCount else { return nil }
        // Times are below 2^51, where doubles are exact; a damaged chunk may say otherwise.
        return Opened(times: times.map { Int64(exactly: $0) ?? 0 }, chunk: chunk)
    }

    /// The values of a slot; nil where the chunk is damaged.
    func values(_ slot: Int, _ opened: Opened) -> [Double]? {
        var values: [Double] = []
        guard (try? opened.chunk.decode(column(slot), into: &values)) != nil,
            values.count == opened.times.count
        else { return nil }
        return values
    }

    /// What tells a part from the others of its group.
    struct Identity: Hashable {
        var first: Int64
        var last: Int64
        var rowCount: UInt32
        var slots: UInt16
    }

    var identity: Identity { Identity(first: first, last: last, rowCount: rowCount, slots: slots) }
}
