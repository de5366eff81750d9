import Codecs
import TimeSeries

/// Native histograms of a part. They stand behind the chunk, so that who does not ask for them does not see them:
///
///     chunk | for each series with histograms, in the order of their slots: length LEB128, block | CRC32C 4 of the blocks |
///     bytes of the chunk 4
extension LoosePart {
    private static let trailer = 8

    func hasHistograms(_ slot: Int) -> Bool { histogramSlots >> UInt16(slot) & 1 == 1 }

    /// Where the chunk is in the bytes; empty where they are damaged.
    var chunkRange: Range<Int> {
        guard histogramSlots != 0 else { return 0..<bytes.count }
        var cursor = ByteCursor(max(0, bytes.count - 4)..<bytes.count)
        guard let length = try? cursor.fixed32(bytes.span), Int(length) <= bytes.count - LoosePart.trailer
        else { return 0..<0 }
        return 0..<Int(length)
    }

    private var blocksRange: Range<Int> {
        chunkRange.upperBound..<max(chunkRange.upperBound, bytes.count - LoosePart.trailer)
    }

    /// Whether all checksums are right.
    var isIntact: Bool {
        let bytes = bytes
        guard Chunk.isIntact(bytes.span, chunkRange) else { return false }
        guard histogramSlots != 0 else { return true }
        let blocks = blocksRange
        var cursor = ByteCursor(blocks.upperBound..<bytes.count)
        return (try? cursor.fixed32(bytes.span)) == CRC32C.checksum(bytes.span, blocks)
    }

    /// The block of a slot; nil where it has none or the part is damaged.
    func blockRange(_ slot: Int) -> Range<Int>? {
        guard hasHistograms(slot) else { return nil }
        var cursor = ByteCursor(blocksRange)
        for other in 0...slot where hasHistograms(other) {
            guard let length = try? cursor.length(bytes.span), let range = try? cursor.take(length) else {
                return nil
            }
            if other == slot { return range }
        }
        return nil
    }

    /// A histogram or nil for each row of a slot; nil where it has none or the part is damaged.
    /// - Parameter counts: the values of the slot.
    func histograms(_ slot: Int, counts: [Double]) -> [FloatHistogram?]? {
        blockRange(slot).flatMap { try? HistogramBlock.histograms(bytes, $0, counts: counts) }
    }

    /// All samples of a slot; nil where the part is damaged, as a histogram is rather missing than a number.
    func columns(_ slot: Int, _ opened: Opened) -> SampleColumns? {
        guard let values = values(slot, opened) else { return nil }
        var columns = SampleColumns(times: opened.times, values: values)
        if hasHistograms(slot) {
            guard let histograms = histograms(slot, counts: values) else { return nil }
            columns.histograms = histograms
        }
        return columns
    }

    /// The indices of parts that can be merged: a bucket that one of many histograms has would take a cell of each, so that
    /// histograms which have few buckets in common stay apart.
    static func narrow(_ parts: ArraySlice<LoosePart>) -> [Int] {
        guard parts.contains(where: { $0.histogramSlots != 0 }) else { return Array(parts.indices) }
        var widths: [Int: HistogramWidth] = [:]
        var chosen: [Int] = []
        var refused = 0
        for index in parts.indices.reversed() where refused < mostRefused {
            var with = widths
            if parts[index].isWithin(&with) {
                widths = with
                chosen.append(index)
            } else {
                refused += 1
            }
        }
        return chosen.reversed()
    }

    /// To look at more parts in vain would take longer than to merge what is behind them saves.
    private static let mostRefused = 64

    private func isWithin(_ widths: inout [Int: HistogramWidth]) -> Bool {
        for slot in 0..<LooseGroup.width where hasHistograms(slot) {
            guard let range = blockRange(slot), let layouts = try? HistogramBlock.layouts(bytes, range)
            else { continue }
            guard widths[slot, default: HistogramWidth()].add(layouts, Int(rowCount)) else { return false }
        }
        return true
    }

    /// What follows a chunk; the bits of slots of which no row has a histogram are taken out of `slots`.
    static func appendBlocks(
        _ slots: inout UInt16, isBrief: Bool, _ encoder: inout HistogramBlockEncoder,
        to bytes: inout [UInt8], histograms: (_ slot: Int) -> [FloatHistogram?]
    ) {
        let chunkLength = bytes.count
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 {
            let rows = histograms(slot)
            guard rows.contains(where: { $0 != nil }) else {
                slots &= ~(1 << UInt16(slot))
                continue
            }
            var block: [UInt8] = []
            encoder.encode(rows, isBrief: isBrief, to: &block)
            bytes.append(prefixed: block)
        }
        guard slots != 0 else { return }
        bytes.append(fixed32: CRC32C.checksum(bytes.span, chunkLength..<bytes.count))
        bytes.append(fixed32: UInt32(chunkLength))
    }
}
