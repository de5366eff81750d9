import Storage
import TimeSeries

/// Chunks of recorded scrapes: size, and time to encode and decode.
enum ChunkBenchmark {
    static func run(folder: String) throws {
        let rows = 240
        let recordings = try ["node", "prom"].map { try Recording($0, folder: folder, rows: rows) }
        print("recording       series  rows  columns  bytes/sample  encode ns  decode ns  one column us")
        for recording in recordings {
            report(recording.name + " dense", [recording.dense], columns: 16, rows: rows)
            report(recording.name + " all", [recording], columns: 16, rows: rows)
        }
        let dense = recordings.map(\.dense)
        for (columns, rows) in [
            (16, 16), (16, 64), (16, 120), (16, 240), (32, 240), (64, 240), (1000, 240), (1, 240),
        ] {
            report("both dense", dense, columns: columns, rows: rows)
        }
    }

    private static func report(_ name: String, _ recordings: [Recording], columns: Int, rows: Int) {
        var parts: [(columns: [[Double]], rows: Int)] = []
        for recording in recordings {
            let total = recording.times.count
            for start in stride(from: 0, to: total, by: rows) where start + rows <= total {
                for first in stride(from: 0, to: recording.columns.count, by: columns) {
                    let part = recording.columns[first..<min(first + columns, recording.columns.count)]
                    parts.append((part.map { Array($0[start..<start + rows]) }, rows))
                }
            }
        }
        let samples = parts.reduce(0) { sum, part in
            sum + part.columns.reduce(0) { $0 + $1.count { !Marker.isAbsent($0) } }
        }
        var chunks: [[UInt8]] = []
        let encoding = best {
            chunks = parts.map { Chunk.encode($0.columns, rowCount: $0.rows) }
        }
        var values: [Double] = []
        let decoding = best {
            for chunk in chunks {
                guard let opened = try? Chunk.open(chunk, 0..<chunk.count) else { continue }
                for column in 0..<opened.columnCount {
                    values.removeAll(keepingCapacity: true)
                    _ = try? opened.decode(column, into: &values)
                }
            }
        }
        let single = best {
            for chunk in chunks {
                guard let opened = try? Chunk.open(chunk, 0..<chunk.count) else { continue }
                values.removeAll(keepingCapacity: true)
                _ = try? opened.decode(opened.columnCount / 2, into: &values)
            }
        }
        let bytes = chunks.reduce(0) { $0 + $1.count }
        let series = recordings.reduce(0) { $0 + $1.columns.count }
        print(
            pad(name, 14), pad(series, 7), pad(rows, 5), pad(columns, 8),
            pad(text(Double(bytes) / Double(samples), 4), 13),
            pad(text(encoding / Double(samples), 1), 10), pad(text(decoding / Double(samples), 2), 10),
            pad(text(single / Double(chunks.count) / 1000, 2), 14))
    }
}

func pad(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = "\(value)"
    let space = String(repeating: " ", count: max(0, width - text.count))
    return value is String && width == 14 ? text + space : space + text
}
