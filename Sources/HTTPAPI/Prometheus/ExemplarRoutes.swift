import Documents
package import PromQL
package import TimeSeries
package import Web

/// `/api/v1/query_exemplars`.
package struct ExemplarRoutes: Sendable {
    package typealias Lookup =
        @Sendable (_ matcherSets: [[Matcher]], _ range: ClosedRange<Timestamp>) async -> [SeriesExemplars]

    private let exemplars: Lookup
    private let features: QueryFeatures

    /// - Parameter exemplars: those in a range, of series that meet any of the matcher sets, by labels and time.
    package init(exemplars: @escaping Lookup, features: QueryFeatures) {
        self.exemplars = exemplars
        self.features = features
    }

    package var routes: [Route] {
        [
            Route(
                [.get, .post], "/api/v1/query_exemplars", role: .query,
                "Exemplars of the series that a query selects", handler: query)
        ]
    }

    private func query(_ request: WebRequest) async throws -> WebResponse {
        let start = try request.moment("start") ?? .distantPast
        let end = try request.moment("end") ?? .distantFuture
        guard start <= end else {
            throw WebError.badRequest("end timestamp must not be before start timestamp")
        }
        let expression: Expression
        do throws(QueryError) {
            expression = try Expression.parse(request["query"] ?? "", features: features)
        } catch {
            throw WebError.invalid("query", error.description)
        }
        let sets = expression.selectors.map(\.matchers)
        let found = sets.isEmpty ? [] : await exemplars(sets, start...end)
        return Envelope.success { json in
            json.array { json in
                for series in found {
                    json.object { json in
                        json.labels("seriesLabels", series.labels)
                        json.items("exemplars", series.exemplars) { json, exemplar in
                            json.object { json in
                                json.labels("labels", exemplar.labels)
                                json.field("value", NumberSyntax.plainText(exemplar.value))
                                json.key("timestamp")
                                json.timestamp(exemplar.timestamp)
                            }
                        }
                    }
                }
            }
        }
    }
}
