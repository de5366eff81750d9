import TimeSeries

/// Times and values of one series while its samples are brought in order.
struct SampleColumns: Sendable {
    var times: [Int64] = []
    var values: [Double] = []

    var isEmpty: Bool { times.isEmpty }

    mutating func append(_ time: Int64, _ value: Double) {
        times.append(time)
        values.append(value)
    }

    /// Makes times ascend; of equal ones the first sample stays.
    mutating func sort() {
        var isSorted = true
        for index in times.indices.dropFirst() where times[index - 1] >= times[index] { isSorted = false }
        if isSorted { return }
        var order = Array(times.indices)
        order.sort { (times[$0], $0) < (times[$1], $1) }
        var sorted = SampleColumns()
        for index in order where sorted.times.last != times[index] {
            sorted.append(times[index], values[index])
        }
        self = sorted
    }
}
