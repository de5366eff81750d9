import Documents
import Journal
package import Storage
import TimeSeries
package import Web

/// `/api/v1/status/tsdb` in Prometheus' terms and `/api/v1/status/storage` in ours.
package struct StorageRoutes: Sendable {
    private let statistics: @Sendable (_ limit: Int) async -> StoreStatistics

    /// - Parameter statistics: with lists of at most `limit` entries.
    package init(statistics: @escaping @Sendable (_ limit: Int) async -> StoreStatistics) {
        self.statistics = statistics
    }

    package var routes: [Route] {
        [
            Route([.get], "/api/v1/status/tsdb", role: .query, "What the store holds most of (limit=)") {
                request in
                let limit = try request.count("limit") ?? 10
                guard limit > 0 else {
                    throw WebError.invalid("limit", "must be a whole number of at least 1, got 0")
                }
                let found = await statistics(min(limit, 10_000))
                return Envelope.success { $0.tsdb(found) }
            },
            Route([.get], "/api/v1/status/storage", role: .query, "How the store fares") { _ in
                let found = await statistics(1)
                return Envelope.success { $0.storage(found) }
            },
        ]
    }
}

extension JSONWriter {
    fileprivate mutating func tsdb(_ statistics: StoreStatistics) {
        object { json in
            json.key("headStats")
            json.object { json in
                json.field("numSeries", statistics.series)
                json.field("numLabelPairs", statistics.labelPairs)
                json.field("chunkCount", statistics.chunks)
                json.key("minTime")
                json.integer(statistics.oldest?.milliseconds ?? Int64.max)
                json.key("maxTime")
                json.integer(statistics.newest?.milliseconds ?? Int64.min)
            }
            json.entries("seriesCountByMetricName", statistics.seriesByMetric)
            json.entries("labelValueCountByLabelName", statistics.valuesByLabel)
            json.entries("memoryInBytesByLabelName", statistics.bytesByLabel)
            json.entries("seriesCountByLabelValuePair", statistics.seriesByPair)
        }
    }

    fileprivate mutating func storage(_ statistics: StoreStatistics) {
        object { json in
            json.field("series", statistics.series)
            json.field("tables", statistics.tables)
            json.field("layouts", statistics.layouts)
            json.field("samples", statistics.samples)
            json.field("chunks", statistics.chunks)
            json.field("chunkBytes", statistics.chunkBytes)
            json.field("tailBytes", statistics.tailBytes)
            json.field("rollupBuckets", statistics.rollupBuckets)
            json.field("rollupBytes", statistics.rollupBytes)
            json.field("memoryBytes", statistics.memoryBytes)
            json.field("memoryLimit", statistics.memoryLimit)
            json.field("refusesNewSeries", statistics.refusesNewSeries)
            json.field("diskBytes", statistics.diskBytes)
            json.moment("oldest", statistics.oldest)
            json.moment("newest", statistics.newest)
            json.moment("durable", statistics.durableTimestamp)
            json.key("appendPosition")
            json.integer(statistics.appendPosition)
            json.key("durablePosition")
            json.integer(statistics.durablePosition)
            json.key("appendedSamples")
            json.integer(statistics.appendedSamples)
            json.key("rejectedSamples")
            json.integer(statistics.rejectedSamples)
            json.key("failedCommits")
            json.integer(statistics.failedCommits)
            json.optional("unavailable", statistics.unavailable)
            json.field("gapSeconds", statistics.gapSeconds)
            json.items("gaps", statistics.losses) { json, loss in
                json.object { json in
                    json.field("path", loss.path)
                    if let sequences = loss.sequences {
                        json.key("first")
                        json.integer(sequences.lowerBound)
                        json.key("last")
                        json.integer(sequences.upperBound)
                    }
                    json.moment("from", loss.from)
                    json.moment("to", loss.to)
                }
            }
            json.items("damage", statistics.damage) { json, range in
                json.object { json in
                    json.field("path", range.path)
                    json.field("offset", range.offset)
                    json.field("length", range.length)
                }
            }
            json.field("unreadableRecords", statistics.unreadableRecords)
            json.items("quarantine", statistics.quarantine) { json, path in json.string(path) }
        }
    }

    private mutating func entries(_ name: String, _ entries: [StoreStatistics.Entry]) {
        items(name, entries) { json, entry in
            json.object { json in
                json.field("name", entry.name)
                json.field("value", entry.value)
            }
        }
    }
}
