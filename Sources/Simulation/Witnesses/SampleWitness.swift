import Storage
import Synchronization
import TimeSeries

/// Stands before the store and remembers the samples of the last minutes, so that it can say after a crash which of
/// those that were acknowledged are gone.
final class SampleWitness: SampleSink {
    /// A sample that the store took.
    struct Note: Sendable {
        var position: UInt64
        var labels: Labels
        var timestamp: Timestamp
        var bits: UInt64
    }

    fileprivate struct State {
        var tables: [TableID: [Labels]] = [:]
        var targets: [TableID: Labels] = [:]
        var notes: [Note] = []
        var newest = Timestamp(milliseconds: 0)
        var prunedAt = 0
    }

    fileprivate static let memory = Duration.seconds(300)
    private let store: Store
    private let state = Mutex(State())

    init(_ store: Store) { self.store = store }

    /// The samples that are acknowledged at this moment.
    var acknowledged: [Note] {
        let durable = store.durablePosition
        return state.withLock { $0.notes.filter { $0.position <= durable } }
    }

    /// Those of `notes` that a store does not hold.
    static func missing(_ notes: [Note], in store: Store) async throws -> [Note] {
        guard let first = notes.map(\.timestamp).min(), let last = notes.map(\.timestamp).max() else {
            return []
        }
        let any = try Matcher("__name__", .regex, ".+")
        let found = try await store.select([Selection([any], in: first...last)])
        var held: [Labels: [Int64: UInt64]] = [:]
        for series in found.joined() {
            for (time, value) in zip(series.times.milliseconds, series.values) {
                held[series.labels, default: [:]][time] = value.bitPattern
            }
        }
        return notes.filter { held[$0.labels]?[$0.timestamp.milliseconds] != $0.bits }
    }

    func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID {
        let table = try store.openTable(target: target, columns: columns)
        state.withLock { state in
            state.targets[table] = target
            state.tables[table] = columns.map { Self.merge($0, target) }
        }
        return table
    }

    func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {
        try store.extendTable(table, columns: columns)
        state.withLock { state in
            let target = state.targets[table] ?? .empty
            state.tables[table]?.append(contentsOf: columns.map { Self.merge($0, target) })
        }
    }

    func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport {
        let report = store.append(table, at: timestamp, row: row)
        guard report.rejected == 0, report.repeated == 0 else { return report }
        state.withLock { state in
            for (labels, value) in zip(state.tables[table] ?? [], row) where !Marker.isAbsent(value) {
                state.take(
                    Note(
                        position: report.position, labels: labels, timestamp: timestamp,
                        bits: value.bitPattern))
            }
        }
        return report
    }

    func closeTable(_ table: TableID) { store.closeTable(table) }

    func append(_ batch: [SeriesSamples]) -> AppendReport { note(batch, store.append(batch)) }

    func append(scraped batch: [SeriesSamples]) -> AppendReport { note(batch, store.append(scraped: batch)) }

    private func note(_ batch: [SeriesSamples], _ report: AppendReport) -> AppendReport {
        guard report.rejected == 0, report.repeated == 0 else { return report }
        state.withLock { state in
            for series in batch {
                for sample in series.samples {
                    state.take(
                        Note(
                            position: report.position, labels: series.labels, timestamp: sample.timestamp,
                            bits: sample.value.bitPattern))
                }
            }
        }
        return report
    }

    func describe(_ metadata: [String: MetricMetadata]) -> AppendReport { store.describe(metadata) }

    private static func merge(_ column: Labels, _ target: Labels) -> Labels {
        var labels = column
        target.forEach { labels = labels.setting($0, to: $1) }
        return labels
    }
}

extension SampleWitness.State {
    fileprivate mutating func take(_ note: SampleWitness.Note) {
        notes.append(note)
        newest = max(newest, note.timestamp)
        guard notes.count > 2 * prunedAt + 1000 else { return }
        let oldest = newest - SampleWitness.memory
        notes.removeAll { $0.timestamp < oldest }
        prunedAt = notes.count
    }
}
