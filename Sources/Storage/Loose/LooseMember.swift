import TimeSeries

/// One single series, shared with the head: reading it needs no lock.
struct LooseMember: Sendable {
    let number: UInt32
    let labels: Labels
    let group: LooseGroup

    private var slot: Int { Int(number & 15) }

    var newest: Int64 { group.newest[slot] }

    /// The time of the first sample; nil where there is none.
    var oldest: Int64? {
        var oldest = group.parts.lazy.filter { $0.has(slot) }.map(\.first).min() ?? .max
        if let first = group.tail(slot).first { oldest = min(oldest, first.timestamp.milliseconds) }
        for sample in group.late where sample.slot == UInt8(slot) { oldest = min(oldest, sample.time) }
        return oldest == .max ? nil : oldest
    }

    var hasHistograms: Bool { group.hasHistograms(slot) }

    /// Whether a sample may lie in the range.
    func overlaps(_ range: ClosedRange<Int64>) -> Bool { group.slots(in: range) >> UInt16(slot) & 1 == 1 }

    /// The samples in a range, ascending.
    func samples(in range: ClosedRange<Int64>) -> (times: [Int64], values: [Double]) {
        let slices = group.read(1 << UInt16(slot), in: range)
        return slices.first.map { ($0.times.milliseconds, $0.values) } ?? ([], [])
    }

    /// The samples in a range with their histograms; nil where there are none.
    func columns(in range: ClosedRange<Int64>) -> SeriesColumns? {
        guard let slice = group.read(1 << UInt16(slot), in: range).first else { return nil }
        return SeriesColumns(
            labels: labels, times: slice.times, values: slice.values,
            histograms: group.histograms(slot, slice.times))
    }
}

extension LooseSeries {
    /// The series with this number; nil where there is none.
    func member(_ number: UInt32) -> LooseMember? {
        guard has(number) else { return nil }
        return LooseMember(number: number, labels: labels(number), group: groups[Int(number >> 4)])
    }
}
