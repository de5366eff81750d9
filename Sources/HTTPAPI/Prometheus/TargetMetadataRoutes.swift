import Discovery
import Documents
import PromQL
import Scraping
package import TimeSeries
package import Web

/// `/api/v1/targets/metadata`: type, help and unit of the metrics that each target exposes.
package struct TargetMetadataRoutes: Sendable {
    private let targets: @Sendable () async -> TargetListing
    private let source: any SeriesSource

    package init(targets: @escaping @Sendable () async -> TargetListing, source: any SeriesSource) {
        self.targets = targets
        self.source = source
    }

    package var routes: [Route] {
        [
            Route(
                [.get], "/api/v1/targets/metadata", role: .query,
                "Type, help and unit of metrics by target (match_target=, metric=, limit=)", handler: list)
        ]
    }

    private struct Entry {
        var target: Labels
        var metric: String
        var metadata: MetricMetadata
    }

    private func list(_ request: WebRequest) async throws -> WebResponse {
        let matchers = try matchers(request)
        let limit = try request.count("limit") ?? .max
        let metric = request["metric"].flatMap { $0.isEmpty ? nil : $0 }
        let known = await source.metadata(of: metric)
        var entries: [Entry] = []
        for status in await targets().active where entries.count < limit {
            let labels = status.target.labels
            guard matchers.allSatisfy({ $0.matches(labels) }) else { continue }
            let own = labels.pairs.map { Matcher(equal: $0.name, $0.value) }
            let names = Set(
                try await source.labelValues("__name__", [own], in: .distantPast ... .distantFuture))
            for (name, metadata) in known.sorted(by: { $0.key < $1.key }) where Self.exposes(name, names) {
                guard let first = metadata.first else { continue }
                entries.append(Entry(target: labels, metric: name, metadata: first))
            }
        }
        guard !entries.isEmpty else { throw WebError.notFound("specified metadata not found") }
        return Envelope.success { json in
            json.array { json in
                for entry in entries.prefix(limit) {
                    json.object { json in
                        json.labels("target", entry.target)
                        if metric == nil { json.field("metric", entry.metric) }
                        json.field("type", entry.metadata.kind.rawValue)
                        json.field("help", entry.metadata.help)
                        json.field("unit", entry.metadata.unit)
                    }
                }
            }
        }
    }

    /// Whether any series of a family is among those with these names.
    private static func exposes(_ family: String, _ names: Set<String>) -> Bool {
        ["", "_total", "_bucket", "_count", "_sum", "_info", "_created"].contains {
            names.contains(family + $0)
        }
    }

    private func matchers(_ request: WebRequest) throws(WebError) -> [Matcher] {
        guard let text = request["match_target"], !text.isEmpty else { return [] }
        do throws(QueryError) {
            return try Expression.parseSelector(text)
        } catch {
            throw .invalid("match_target", error.description)
        }
    }
}
