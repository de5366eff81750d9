import TimeSeries

extension LooseGroup {
    /// The samples of one series of the group in some range.
    struct Slice: Sendable {
        var slot: Int
        var times: TimeColumn
        var values: [Double]
    }

    /// The value of a series at exactly this time.
    func value(_ slot: Int, at time: Int64) -> Double? {
        let start = firstTime(slot)
        for row in (0..<Int(counts[slot])).reversed() where times[start + row] == time {
            return cells[LooseGroup.width * row + slot]
        }
        if let sample = late.last(where: { $0.slot == UInt8(slot) && $0.time == time }) {
            return sample.value
        }
        for part in parts where part.first <= time && time <= part.last && part.has(slot) {
            // Most late samples stand between two others: then no value is needed.
            guard let opened = part.opened, let row = opened.times.firstIndex(of: time) else { continue }
            if let values = part.values(slot, opened) { return values[row] }
        }
        return nil
    }

    /// The slots of series that may have samples in the range.
    func slots(in range: ClosedRange<Int64>) -> UInt16 {
        var slots: UInt16 = 0
        for part in parts where part.overlaps(range) { slots |= part.slots }
        for slot in 0..<LooseGroup.width where counts[slot] > 0 {
            if newest[slot] < range.lowerBound
                || times[firstTime(slot)] > range.upperBound
            {
                continue
            }
            slots |= 1 << UInt16(slot)
        }
        for sample in late where range.contains(sample.time) { slots |= 1 << UInt16(sample.slot) }
        return slots & members
    }

    /// The samples of some slots in a range, ascending; slots without any are left out. Neighbours with equal times share
    /// one object of them.
    func read(_ slots: UInt16, in range: ClosedRange<Int64>) -> [Slice] {
        var opened: [(part: LoosePart, opened: LoosePart.Opened, rows: Range<Int>)] = []
        for part in parts where part.overlaps(range) && part.slots & slots != 0 {
            guard let open = part.opened else { continue }
            opened.append((part, open, open.times.rows(in: range)))
        }
        var result: [Slice] = []
        result.reserveCapacity(slots.nonzeroBitCount)
        for slot in 0..<LooseGroup.width where slots >> UInt16(slot) & 1 == 1 {
            var columns = SampleColumns()
            columns.values.reserveCapacity(opened.reduce(16) { $0 + $1.rows.count })
            columns.times.reserveCapacity(columns.values.capacity)
            for (part, open, rows) in opened where part.has(slot) && !rows.isEmpty {
                let before = columns.values.count
                if rows.count == open.times.count {
                    _ = try? open.chunk.decode(part.column(slot), into: &columns.values)
                } else if let values = part.values(slot, open) {
                    columns.values += values[rows]
                }
                if columns.values.count == before + rows.count {
                    columns.times += open.times[rows]
                } else {
                    columns.values.removeSubrange(before...)
                }
            }
            for sample in late where sample.slot == UInt8(slot) && range.contains(sample.time) {
                columns.append(sample.time, sample.value)
            }
            let start = firstTime(slot)
            for row in 0..<Int(counts[slot]) where range.contains(times[start + row]) {
                columns.append(times[start + row], cells[LooseGroup.width * row + slot])
            }
            guard !columns.isEmpty else { continue }
            columns.sort()
            let isShared = result.last.map { $0.times.milliseconds == columns.times } ?? false
            let times = isShared ? result[result.count - 1].times : TimeColumn(columns.times)
            result.append(Slice(slot: slot, times: times, values: columns.values))
        }
        return result
    }

    func labels(_ slot: Int, _ table: PairTable) -> Labels {
        let pairs = pairs
        return table.labels(pairs.span.extracting(pairRange(slot)))
    }

    /// The samples in the tail of a series, ascending.
    func tail(_ slot: Int) -> [Sample] {
        let start = firstTime(slot)
        return (0..<Int(counts[slot])).map { row in
            Sample(Timestamp(milliseconds: times[start + row]), cells[LooseGroup.width * row + slot])
        }
    }

    var oldest: Int64? {
        var oldest = parts.lazy.map(\.first).min() ?? .max
        for slot in 0..<LooseGroup.width where counts[slot] > 0 {
            oldest = min(oldest, times[firstTime(slot)])
        }
        for sample in late { oldest = min(oldest, sample.time) }
        return oldest == .max ? nil : oldest
    }

    var sampleCount: Int {
        var count = late.count
        for slot in 0..<LooseGroup.width { count += Int(counts[slot]) }
        return parts.reduce(count) { $0 + $1.sampleCount }
    }

    var sealedByteCount: Int { parts.reduce(0) { $0 + $1.bytes.count } }
    var tailByteCount: Int { 8 * (times.count + cells.count) + 24 * late.count + rawHistogramByteCount }
    /// An estimate of the group itself, and of a number in it and a step in the pair's list for each label of a series.
    var indexByteCount: Int { 450 + 6 * pairs.count }

    /// The time of the newest sample of all its series; nil where there is none.
    var latest: Int64? {
        var latest = Int64.min
        for slot in 0..<LooseGroup.width where members >> UInt16(slot) & 1 == 1 {
            latest = max(latest, newest[slot])
        }
        return latest == .min ? nil : latest
    }
}
