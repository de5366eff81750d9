import TimeSeries

/// Seals samples of single series; its buffers serve all of them.
struct LooseEncoder: Sendable {
    private var encoder = ChunkEncoder()
    private var columns: [Double] = []
    private var bytes: [UInt8] = []
    private var blocks = HistogramBlockEncoder()

    /// A part of series with equal times, which ascend; `fill` appends the values of a slot, `histograms` gives its histograms
    /// by row, asked for `histogramSlots`.
    mutating func encode(
        _ slots: UInt16, _ times: ArraySlice<Int64>, histogramSlots: UInt16 = 0,
        histograms: (_ slot: Int) -> [FloatHistogram?] = { _ in [] },
        fill: (_ slot: Int, _ values: inout [Double]) -> Void
    ) -> LoosePart {
        columns.removeAll(keepingCapacity: true)
        columns.append(addingCapacity: times.count) { output in
            for time in times { output.append(Double(time)) }
        }
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 { fill(slot, &columns) }
        bytes.removeAll(keepingCapacity: true)
        let columns = columns
        let isBrief = times.count < LooseGroup.middleRows
        encoder.encode(columns.span, rowCount: times.count, isBrief: isBrief, to: &bytes)
        var histogramSlots = histogramSlots
        if histogramSlots != 0 {
            LoosePart.appendBlocks(
                &histogramSlots, isBrief: isBrief, &blocks, to: &bytes, histograms: histograms)
        }
        return LoosePart(
            first: times.first ?? 0, last: times.last ?? 0, rowCount: UInt32(times.count), slots: slots,
            histogramSlots: histogramSlots, bytes: bytes.fitted)
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
            let histogramSlots = samples.indices.reduce(0 as UInt16) {
                samples[$1].histograms.isEmpty ? $0 : $0 | 1 << UInt16($1)
            }
            parts.append(
                encode(
                    slots, samples[first].times[...], histogramSlots: slots & histogramSlots,
                    histograms: { samples[$0].histograms }, fill: { $1 += samples[$0].values }))
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
        let histogramSlots = parts.reduce(0) { $0 | $1.histogramSlots }
        if isPlain, histogramSlots == 0 {
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
                guard let samples = part.columns(slot, opened) else { continue }
                columns[slot].append(samples)
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
            guard let samples = self.columns(slot, opened) else { continue }
            for row in samples.times.indices where keeps(slot, samples.times[row]) {
                columns[slot].append(samples.times[row], samples.values[row], samples.histogram(row))
            }
        }
        return encoder.parts(of: &columns)
    }
}
