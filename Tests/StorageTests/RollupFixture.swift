import Journal
import PromQL
import Storage
import Testing
import TimeSeries

/// Stores with the same samples: gauges, counters with resets, constants, gaps.
struct RollupFixture {
    static let target = Labels(["job": "node", "instance": "a:9100"])
    static let names = ["gauge", "counter_total", "constant", "gap", "negative", "ended"]
    static let interval: Int64 = 15_000
    /// A whole hour, so that windows and hours are easy to count from it.
    static let origin: Int64 = 1_700_006_400_000

    /// How the samples come: in rows of a table, or one series at a time.
    enum Way: CaseIterable { case table, single }

    let disk = SimulatedDisk()
    private(set) var store: Store
    private(set) var configuration: StoreConfiguration

    init(_ configuration: StoreConfiguration) throws {
        self.configuration = configuration
        store = try Store(disk: disk, configuration: configuration, now: RollupFixture.time(hours: 0))
    }

    static func time(hours: Double) -> Timestamp {
        Timestamp(milliseconds: origin + Int64(hours * 3_600_000))
    }

    /// Appends the samples of these hours, and maintains the store at each quarter of an hour where it is `maintaining`.
    func fill(_ hours: Range<Int>, _ way: Way = .table, maintaining: Bool = true) throws {
        let columns = RollupFixture.names.map(RollupFixture.column)
        let table = way == .table ? try store.openTable(target: RollupFixture.target, columns: columns) : nil
        for row in hours.lowerBound * 240..<hours.upperBound * 240 {
            let time = Timestamp(milliseconds: RollupFixture.origin + Int64(row + 1) * RollupFixture.interval)
            let values = RollupFixture.row(row)
            if let table {
                _ = store.append(table, at: time, row: values)
            } else {
                let batch = zip(columns, values).compactMap { labels, value in
                    Marker.isAbsent(value)
                        ? nil
                        : SeriesSamples(
                            labels: labels.merging(RollupFixture.target), samples: [Sample(time, value)])
                }
                _ = store.append(batch)
            }
            if maintaining, row % 60 == 59 { try store.maintain(now: time) }
        }
    }

    /// The name stands in a label as well, as functions drop names.
    static func column(_ name: String) -> Labels { Labels(["__name__": name, "n": name]) }

    /// The values of all series in a row; the same for the same row.
    static func row(_ row: Int) -> [Double] {
        var random = SplitMix(seed: UInt64(row))
        let noise = Double(Int.random(in: 0..<1000, using: &random)) / 10
        let restarts = row / 500
        let counter = Double((row - restarts * 500) * 3) + Double(row % 7) / 8
        let isGap = row % 400 > 300
        return [
            noise, counter, 7.25, isGap ? Marker.absent : Double(row % 13) + 0.5,
            Double(Int.random(in: -500...500, using: &random)) / 4,
            row == 1000 ? Marker.stale : row > 1000 ? Marker.absent : Double(row),
        ]
    }

    /// Opens the store anew, after a crash or a snapshot.
    mutating func reopen(
        crashing: Bool = true, now hours: Double, configuration: StoreConfiguration? = nil
    ) throws {
        self.configuration = configuration ?? self.configuration
        if crashing { disk.crash() } else { disk.kill() }
        store = try Store(
            disk: disk, configuration: self.configuration, now: RollupFixture.time(hours: hours))
    }

    func query(
        _ text: String, from: Double, to: Double, step: Double
    ) async throws -> QueryResult {
        try await LocalEngine(source: store, features: .experimentalFunctions).evaluate(
            try Expression.parse(text, features: .experimentalFunctions),
            over: EvaluationRange(
                start: RollupFixture.time(hours: from), end: RollupFixture.time(hours: to),
                step: .milliseconds(Int64(step * 3_600_000))),
            limits: QueryLimits())
    }

    /// The values of a query at its steps, by series.
    func values(
        _ text: String, from: Double, to: Double, step: Double
    ) async throws -> [String: [Int64: Double]] {
        guard case .matrix(let rows) = try await query(text, from: from, to: to, step: step).value else {
            return [:]
        }
        var result: [String: [Int64: Double]] = [:]
        for row in rows {
            var values: [Int64: Double] = [:]
            for sample in row.samples { values[sample.timestamp.milliseconds] = sample.value }
            result[row.labels.description] = values
        }
        return result
    }
}
