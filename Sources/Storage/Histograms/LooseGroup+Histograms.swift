import TimeSeries

/// Native histograms of a group: raw in `histograms` while their samples wait in the tail or come late, encoded in the parts.
extension LooseGroup {
    func hasHistograms(_ slot: Int) -> Bool {
        rawHistogramSlots >> UInt16(slot) & 1 == 1 || parts.contains { $0.hasHistograms(slot) }
    }

    /// The slots that have raw histograms.
    var rawHistogramSlots: UInt16 {
        histograms.isEmpty ? 0 : histograms.keys.reduce(0) { $0 | 1 << UInt16($1.slot) }
    }

    var rawHistogramByteCount: Int { histograms.values.reduce(0) { $0 + $1.byteCount } }

    /// A raw histogram.
    func rawHistogram(_ slot: Int, _ time: Int64) -> FloatHistogram? {
        histograms[Moment(slot: UInt8(slot), time: time)]?.histogram
    }

    /// The histogram of a series at exactly this time.
    func histogram(_ slot: Int, at time: Int64) -> RawHistogram? {
        if let raw = histograms[Moment(slot: UInt8(slot), time: time)] { return raw }
        for part in parts where part.first <= time && time <= part.last && part.hasHistograms(slot) {
            guard let opened = part.opened, let row = opened.times.firstIndex(of: time) else { continue }
            return part.columns(slot, opened)?.histograms[row].map(RawHistogram.init)
        }
        return nil
    }

    /// The native histograms of a slot among these times, which ascend, by their index; nil where the series has none.
    func histograms(_ slot: Int, _ times: TimeColumn) -> [Int: FloatHistogram]? {
        guard hasHistograms(slot), let first = times.milliseconds.first, let last = times.milliseconds.last
        else { return nil }
        var found: [Int: FloatHistogram] = [:]
        for part in parts where part.hasHistograms(slot) && part.overlaps(first...last) {
            guard let opened = part.opened, let columns = part.columns(slot, opened) else { continue }
            var row = 0
            for (time, histogram) in zip(columns.times, columns.histograms) {
                while row < times.milliseconds.count, times.milliseconds[row] < time { row += 1 }
                if row < times.milliseconds.count, times.milliseconds[row] == time { found[row] = histogram }
            }
        }
        guard rawHistogramSlots >> UInt16(slot) & 1 == 1 else { return found }
        for (row, time) in times.milliseconds.enumerated() where found[row] == nil {
            found[row] = rawHistogram(slot, time)
        }
        return found
    }

    /// Drops raw histograms of which the sample is gone.
    mutating func dropRawHistograms() {
        guard !histograms.isEmpty else { return }
        histograms = histograms.filter { moment, _ in
            let slot = Int(moment.slot)
            if counts[slot] > 0, times[firstTime(slot)] <= moment.time { return true }
            if late.contains(where: { $0.slot == moment.slot && $0.time == moment.time }) { return true }
            return parts.contains { $0.has(slot) && $0.first <= moment.time && moment.time <= $0.last }
        }
    }

    /// Forgets raw histograms that are in a part now.
    mutating func forgetRawHistograms(_ slots: UInt16, _ times: [Int64]) {
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 {
            for time in times { histograms[Moment(slot: UInt8(slot), time: time)] = nil }
        }
        if histograms.isEmpty { histograms = [:] }
    }

    /// Puts raw histograms of samples in parts, as snapshots of version 2 have them, into these. Parts that are changed, and those
    /// behind them, are in no file then.
    mutating func absorbRawHistograms(_ encoder: inout LooseEncoder) {
        for index in parts.indices {
            let part = parts[index]
            let slots = part.slots & ~part.histogramSlots & rawHistogramSlots
            guard slots != 0, let opened = part.opened,
                histograms.keys.contains(where: {
                    slots >> UInt16($0.slot) & 1 == 1 && part.first <= $0.time && $0.time <= part.last
                })
            else { continue }
            var columns: [SampleColumns?] = []
            for slot in 0..<LooseGroup.width {
                columns.append(part.has(slot) ? part.columns(slot, opened) : nil)
                guard slots >> UInt16(slot) & 1 == 1 else { continue }
                columns[slot]?.histograms = opened.times.map { rawHistogram(slot, $0) }
            }
            guard columns.count(where: { $0 != nil }) == part.columnCount else { continue }
            parts[index] = encoder.encode(
                part.slots, opened.times[...], histogramSlots: part.slots,
                histograms: { columns[$0]?.histograms ?? [] },
                fill: { $1 += columns[$0]?.values ?? [] })
            forgetRawHistograms(slots, opened.times)
            persisted = min(persisted, index)
        }
    }
}
