import TimeSeries

/// Times and values of one series while its samples are brought in order.
struct SampleColumns: Sendable {
    var times: [Int64] = []
    var values: [Double] = []
    /// Of each sample; empty where none has one.
    var histograms: [FloatHistogram?] = []

    var isEmpty: Bool { times.isEmpty }

    mutating func append(_ time: Int64, _ value: Double) {
        times.append(time)
        values.append(value)
        if !histograms.isEmpty { histograms.append(nil) }
    }

    mutating func append(_ time: Int64, _ value: Double, _ histogram: FloatHistogram?) {
        if histogram != nil || !histograms.isEmpty {
            if histograms.isEmpty { histograms += repeatElement(nil, count: times.count) }
            histograms.append(histogram)
        }
        times.append(time)
        values.append(value)
    }

    mutating func append(_ other: SampleColumns) {
        if !histograms.isEmpty || !other.histograms.isEmpty {
            if histograms.isEmpty { histograms += repeatElement(nil, count: times.count) }
            histograms += other.histograms
            histograms += repeatElement(nil, count: other.times.count - other.histograms.count)
        }
        times += other.times
        values += other.values
    }

    func histogram(_ index: Int) -> FloatHistogram? { histograms.isEmpty ? nil : histograms[index] }

    /// Makes times ascend; of equal ones the first sample stays.
    mutating func sort() {
        var isSorted = true
        for index in times.indices.dropFirst() where times[index - 1] >= times[index] { isSorted = false }
        if isSorted { return }
        var order = Array(times.indices)
        order.sort { (times[$0], $0) < (times[$1], $1) }
        var sorted = SampleColumns()
        for index in order where sorted.times.last != times[index] {
            sorted.append(times[index], values[index], histogram(index))
        }
        self = sorted
    }
}
