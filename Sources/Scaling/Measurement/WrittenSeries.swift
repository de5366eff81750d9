import TimeSeries

/// The series that measuring left in the store, by policy: of those that it leaves no longer, such as a forecast for
/// another horizon, the end is marked, so that no query answers with what is over.
struct WrittenSeries {
    private var series: [String: Set<Labels>] = [:]

    /// The ends of the series that some policies left before and do not leave now.
    mutating func ended(
        besides samples: [SeriesSamples], of policies: Set<String>, at now: Timestamp
    ) -> [SeriesSamples] {
        var present: [String: Set<Labels>] = [:]
        for one in samples { present[one.labels["policy"] ?? "", default: []].insert(one.labels) }
        var ended: Set<Labels> = []
        for policy in policies {
            let left = present[policy] ?? []
            ended.formUnion((series[policy] ?? []).subtracting(left))
            series[policy] = left
        }
        return Self.markers(ended, at: now)
    }

    /// The ends of all series of the policies that are gone.
    mutating func ended(keeping policies: Set<String>, at now: Timestamp) -> [SeriesSamples] {
        let gone = series.filter { !policies.contains($0.key) }
        for policy in gone.keys { series[policy] = nil }
        return Self.markers(gone.values.reduce(into: []) { $0.formUnion($1) }, at: now)
    }

    private static func markers(_ ended: Set<Labels>, at now: Timestamp) -> [SeriesSamples] {
        ended.sorted().map { SeriesSamples(labels: $0, samples: [Sample(now, Marker.stale)]) }
    }
}
