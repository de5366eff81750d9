import Synchronization
package import TimeSeries

/// What is in a store: by metric, and by target.
package struct StoreContents: Hashable, Sendable {
    /// What one of them occupies.
    package struct Part: Hashable, Sendable {
        package var series = 0
        package var samples = 0
        /// Of sealed chunks: a chunk's bytes are shared out by the length of its columns before LZ4.
        package var bytes = 0
        /// Columns of sealed chunks by transform, in the names of `docs/storage.md`.
        package var transforms: [String: Int] = [:]

        package init() {}

        fileprivate mutating func add(_ other: Part) {
            series += other.series
            samples += other.samples
            bytes += other.bytes
            transforms.merge(other.transforms, uniquingKeysWith: +)
        }
    }

    package var total = Part()
    package var metrics: [String: Part] = [:]
    /// By the labels `job` and `instance`; empty labels for series that have neither.
    package var targets: [Labels: Part] = [:]

    package init() {}

    /// A series may be in several places: in tables of different times, and among single series where it came late.
    fileprivate mutating func add(
        _ part: Part, _ labels: Labels, metric: String, target: Labels, _ seen: inout Set<Labels>
    ) {
        var part = part
        part.series = seen.insert(labels).inserted ? 1 : 0
        total.add(part)
        metrics[metric, default: Part()].add(part)
        targets[target, default: Part()].add(part)
    }

    /// The same with the bytes of `fileByteCount`: what is not in chunks (logs, raw tails, labels, times, checksums)
    /// is shared out by samples, so that the parts add up to the whole.
    package func sharing(fileByteCount: Int) -> StoreContents {
        var result = self
        let rest = Double(fileByteCount - total.bytes)
        let perSample = total.samples > 0 ? rest / Double(total.samples) : 0
        result.metrics = Self.sharing(perSample, metrics)
        result.targets = Self.sharing(perSample, targets)
        result.total.bytes = fileByteCount
        return result
    }

    /// Each gets what all up to it do, less what those before it got: rounding each by itself would not add up.
    private static func sharing<Name: Comparable>(_ perSample: Double, _ parts: [Name: Part]) -> [Name: Part]
    {
        var result = parts
        var samples = 0
        var shared = 0
        for (name, part) in parts.sorted(by: { $0.key < $1.key }) {
            samples += part.samples
            let through = Int(clamping: (perSample * Double(samples)).rounded()) ?? 0
            result[name]?.bytes = max(0, part.bytes + through - shared)
            shared = through
        }
        return result
    }
}

extension Store {
    /// Series, samples and bytes by metric and by target; decodes every chunk.
    package func contents() -> StoreContents {
        let (tables, loose) = head.withLock { ($0.tables, $0.loose) }
        var contents = StoreContents()
        var seen: Set<Labels> = []
        for case let table? in tables { table.count(into: &contents, &seen) }
        for index in loose.groups.indices where !loose.groups[index].isEmpty {
            loose.groups[index].count(into: &contents, &seen, loose.pairs)
        }
        return contents
    }

    /// Verifies the checksum of every chunk in memory; returns how many are damaged. Their samples are left out of
    /// results wherever they cannot be decoded.
    package func damagedChunkCount() -> Int {
        let (tables, loose) = head.withLock { ($0.tables, $0.loose) }
        var damaged = 0
        for case let table? in tables { damaged += table.sealed.reduce(0) { $0 + $1.damagedChunks.count } }
        for index in loose.groups.indices {
            damaged += loose.groups[index].parts.count { !$0.isIntact }
        }
        return damaged
    }
}

extension Labels {
    fileprivate var target: Labels {
        Labels(pairs.filter { $0.name == "job" || $0.name == "instance" })
    }
}

extension LooseGroup {
    fileprivate func count(into contents: inout StoreContents, _ seen: inout Set<Labels>, _ table: PairTable)
    {
        for slot in 0..<LooseGroup.width where members >> UInt16(slot) & 1 == 1 {
            var part = StoreContents.Part()
            part.samples = Int(counts[slot]) + late.count { $0.slot == UInt8(slot) }
            for sealed in parts where sealed.has(slot) {
                part.samples += Int(sealed.rowCount)
                guard let chunk = sealed.opened?.chunk else { continue }
                let total = max(1, chunk.decoder.ends.last ?? 0)
                let size = sealed.chunkRange.count
                part.bytes += size * chunk.decoder.range(of: sealed.column(slot)).count / total
                part.transforms[chunk.transform(sealed.column(slot)), default: 0] += 1
                guard let block = sealed.blockRange(slot) else { continue }
                part.bytes += block.count
                for chunk in (try? HistogramBlock.chunks(sealed.bytes, block)) ?? [] {
                    for column in 0..<chunk.columnCount {
                        part.transforms[chunk.transform(column), default: 0] += 1
                    }
                }
            }
            let labels = labels(slot, table)
            contents.add(part, labels, metric: labels.metricName, target: labels.target, &seen)
        }
    }
}

extension Table {
    fileprivate func count(into contents: inout StoreContents, _ seen: inout Set<Labels>) {
        var parts = [StoreContents.Part](repeating: StoreContents.Part(), count: width)
        for row in tailTimes.indices {
            for column in parts.indices where !isAbsent(tail[row, column]) {
                parts[column].samples += 1
            }
        }
        var values: [Double] = []
        for part in sealed {
            for number in part.ends.indices {
                guard let chunk = try? part.open(number) else { continue }
                let size = part.range(ofChunk: number).count
                let total = max(1, chunk.decoder.ends.last ?? 0)
                for column in 0..<chunk.columnCount {
                    let index = number * SealedRows.columnsPerChunk + column
                    values.removeAll(keepingCapacity: true)
                    guard parts.indices.contains(index), (try? chunk.decode(column, into: &values)) != nil
                    else {
                        continue
                    }
                    parts[index].samples += values.count { !isAbsent($0) }
                    parts[index].bytes += size * chunk.decoder.range(of: column).count / total
                    parts[index].transforms[chunk.transform(column), default: 0] += 1
                }
            }
        }
        // Of a series that was deleted the column stays.
        for (part, column) in zip(parts, layout.columns) where part.samples > 0 {
            let labels = column.merging(target)
            let own = target.target.isEmpty ? labels.target : target.target
            contents.add(part, labels, metric: column.metricName, target: own, &seen)
        }
    }
}

extension Chunk.Opened {
    private static let names = [
        "absent", "constant", "decimal constant", "copy", "same steps", "steps", "sparse", "bends", "xor",
        "runs", "levels", "linear", "plain",
    ]

    /// The name of the transform of a column.
    func transform(_ column: Int) -> String {
        guard decoder.ends.indices.contains(column), let tag = bytes[decoder.range(of: column)].first,
            Self.names.indices.contains(Int(tag & 0x0f))
        else { return "unknown" }
        return Self.names[Int(tag & 0x0f)]
    }
}
