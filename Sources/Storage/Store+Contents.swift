import Synchronization
import TimeSeries

/// What a metric occupies.
package struct MetricContents: Hashable, Sendable, Codable {
    package var series = 0
    package var samples = 0
    /// Of sealed chunks: a chunk's bytes are shared out by the length of its columns before LZ4.
    package var bytes = 0
    /// Columns of sealed chunks by transform, in the names of `docs/storage.md`.
    package var transforms: [String: Int] = [:]

    package init() {}
}

extension Store {
    /// Series, samples and bytes by the name of the metric; decodes the directory of every chunk.
    package func contents() -> [String: MetricContents] {
        let (tables, loose) = head.withLock { ($0.tables, $0.loose) }
        var result: [String: MetricContents] = [:]
        for case let table? in tables { table.count(into: &result) }
        for case let series? in loose {
            var metric = result[series.labels.metricName] ?? MetricContents()
            metric.series += 1
            metric.samples += series.sampleCount
            metric.bytes += series.sealedByteCount
            for part in series.parts {
                let bytes = part.bytes
                guard let chunk = try? Chunk.open(bytes.span, 0..<bytes.count) else { continue }
                metric.transforms[chunk.transform(1), default: 0] += 1
            }
            result[series.labels.metricName] = metric
        }
        return result
    }

    /// Verifies the checksum of every chunk in memory; returns how many are damaged. Their samples are left out of
    /// results wherever they cannot be decoded.
    package func damagedChunkCount() -> Int {
        let (tables, loose) = head.withLock { ($0.tables, $0.loose) }
        var damaged = 0
        for case let table? in tables { damaged += table.sealed.reduce(0) { $0 + $1.damagedChunks.count } }
        for case let series? in loose {
            damaged += series.parts.count { part in
                let bytes = part.bytes
                return !Chunk.isIntact(bytes.span, 0..<bytes.count)
            }
        }
        return damaged
    }
}

extension Table {
    fileprivate func count(into result: inout [String: MetricContents]) {
        let names = layout.columns.map(\.metricName)
        for name in names { result[name, default: MetricContents()].series += 1 }
        for (column, name) in names.enumerated() {
            for row in tailTimes.indices where !isAbsent(tail[row * width + column]) {
                result[name]?.samples += 1
            }
        }
        for part in sealed {
            for number in part.ends.indices {
                guard let chunk = try? part.open(number) else { continue }
                let size = part.range(ofChunk: number).count
                let total = max(1, chunk.decoder.ranges.reduce(0) { $0 + $1.count })
                for column in 0..<chunk.columnCount {
                    let name = names[number * SealedRows.columnsPerChunk + column]
                    var values: [Double] = []
                    guard (try? chunk.decode(column, into: &values)) != nil else { continue }
                    result[name]?.samples += values.count { !isAbsent($0) }
                    result[name]?.bytes += size * chunk.decoder.ranges[column].count / total
                    result[name]?.transforms[chunk.transform(column), default: 0] += 1
                }
            }
        }
    }
}

extension Chunk.Opened {
    private static let names = [
        "absent", "constant", "decimal constant", "copy", "same steps", "steps", "sparse", "bends", "xor",
        "runs",
        "levels", "linear",
    ]

    /// The name of the transform of a column.
    func transform(_ column: Int) -> String {
        guard decoder.ranges.indices.contains(column), let tag = bytes[decoder.ranges[column]].first,
            Self.names.indices.contains(Int(tag & 0x0f))
        else { return "unknown" }
        return Self.names[Int(tag & 0x0f)]
    }
}
