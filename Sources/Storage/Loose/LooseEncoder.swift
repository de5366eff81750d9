import TimeSeries

/// Seals samples of single series; its buffers serve all of them.
struct LooseEncoder: Sendable {
    private var encoder = ChunkEncoder()
    private var columns: [Double] = []
    private var bytes: [UInt8] = []

    /// A part of series with equal times, which ascend; `fill` appends the values of a slot.
    mutating func encode(
        _ slots: UInt16, _ times: ArraySlice<Int64>, fill: (_ slot: Int, _ values: inout [Double]) -> Void
    ) -> LoosePart {
        columns.removeAll(keepingCapacity: true)
        for time in times { columns.append(Double(time)) }
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 { fill(slot, &columns) }
        return finish(slots, times)
    }

    private mutating func finish(_ slots: UInt16, _ times: ArraySlice<Int64>) -> LoosePart {
        bytes.removeAll(keepingCapacity: true)
        let columns = columns
        encoder.encode(
            columns.span, rowCount: times.count, isBrief: times.count < LooseGroup.middleRows, to: &bytes)
        return LoosePart(
            first: times.first ?? 0, last: times.last ?? 0, rowCount: UInt32(times.count), slots: slots,
            bytes: bytes.fitted)
    }

    /// The parts of the samples of all slots, one for all series with equal times.
    mutating func parts(of columns: inout [SampleColumns]) -> [LoosePart] {
        var parts: [LoosePart] = []
        for slot in columns.indices { columns[slot].sort() }
        var rest: UInt16 = 0
        for slot in columns.indices where !columns[slot].isEmpty { rest |= 1 << UInt16(slot) }
        while rest != 0 {
            let first = rest.trailingZeroBitCount
            var slots: UInt16 = 0
            for slot in first..<columns.count where rest >> UInt16(slot) & 1 == 1 {
                if columns[slot].times == columns[first].times { slots |= 1 << UInt16(slot) }
            }
            rest &= ~slots
            let samples = columns
            parts.append(encode(slots, samples[first].times[...]) { $1 += samples[$0].values })
        }
        return parts
    }

    /// The same samples in as few parts as their times allow. Samples of damaged parts are lost.
    mutating func merge(_ parts: ArraySlice<LoosePart>) -> [LoosePart] {
        guard let first = parts.first else { return [] }
        let opened = parts.map { (part: $0, opened: $0.opened) }
        let isPlain =
            parts.allSatisfy { $0.slots == first.slots }
            && zip(parts, parts.dropFirst()).allSatisfy { $0.last < $1.first }
            && opened.allSatisfy { $0.opened != nil }
        if isPlain {
            let times = opened.flatMap { $0.opened?.times ?? [] }
            var isWhole = true
            let part = encode(first.slots, times[...]) { slot, values in
                for (part, opened) in opened {
                    let before = values.count
                    if let opened { _ = try? opened.chunk.decode(part.column(slot), into: &values) }
                    if values.count != before + Int(part.rowCount) { isWhole = false }
                }
            }
            if isWhole { return [part] }
        }
        var columns = [SampleColumns](repeating: SampleColumns(), count: LooseGroup.width)
        for (part, opened) in opened {
            guard let opened else { continue }
            for slot in 0..<LooseGroup.width where part.has(slot) {
                guard let values = part.values(slot, opened) else { continue }
                columns[slot].times += opened.times
                columns[slot].values += values
            }
        }
        return self.parts(of: &columns)
    }
}

extension LoosePart {
    /// The samples that `keeps` says yes to, in as few parts as their times allow. Samples of a damaged part are lost.
    func filtered(
        _ encoder: inout LooseEncoder, keeps: (_ slot: Int, _ time: Int64) -> Bool
    ) -> [LoosePart] {
        guard let opened else { return [] }
        var columns = [SampleColumns](repeating: SampleColumns(), count: LooseGroup.width)
        for slot in 0..<LooseGroup.width where has(slot) {
            guard let values = values(slot, opened) else { continue }
            for (time, value) in zip(opened.times, values) where keeps(slot, time) {
                columns[slot].append(time, value)
            }
        }
        return encoder.parts(of: &columns)
    }
}
