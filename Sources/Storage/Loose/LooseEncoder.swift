import TimeSeries

/// Seals samples of single series; its buffers serve all of them.
struct LooseEncoder: Sendable {
    private var encoder = ChunkEncoder()
    private var columns: [Double] = []
    private var bytes: [UInt8] = []

    /// A part of the samples of an earlier part and further ones, ascending.
    mutating func seal(after part: LooseSeries.Part?, _ samples: [Sample]) -> LooseSeries.Part {
        var times: [Int64] = []
        var values: [Double] = []
        if let decoded = part?.decoded { (times, values) = decoded }
        for sample in samples {
            times.append(sample.timestamp.milliseconds)
            values.append(sample.value)
        }
        (times, values) = LooseSeries.sorted(times, values)
        columns.removeAll(keepingCapacity: true)
        for time in times { columns.append(Double(time)) }
        columns += values
        bytes.removeAll(keepingCapacity: true)
        let columns = columns
        encoder.encode(columns.span, rowCount: times.count, to: &bytes)
        return LooseSeries.Part(
            first: times[0], last: times[times.count - 1], rowCount: times.count, bytes: bytes.fitted)
    }
}
