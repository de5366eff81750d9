/// Which replica gets the next request: the one that would answer soonest, judged by its latency so far and what it
/// has to do already. A replica that fails is left alone for a while. Pure; times are passed in.
struct BalancerPool: Sendable {
    /// A replica as the service describes it.
    struct Endpoint: Hashable, Sendable, Codable {
        var replica: String
        var node: String
        var address: String
        /// Nil where only ready replicas are listed.
        var ready: Bool?

        /// Of its fair share; 1 where nothing else is said.
        var weight: Double?

        var isReady: Bool { ready ?? true }
    }

    private struct Member: Sendable {
        var endpoint: Endpoint
        var inFlight = 0
        /// Moving average of the time to an answer, in seconds.
        var latency: Double?
        var failures = 0
        var ejectedUntil = Duration.zero
    }

    /// The weight of the newest latency in its average.
    private static let newest = 0.1
    private static let firstEjection = Duration.milliseconds(500)
    private static let longestEjection = Duration.seconds(8)

    private var members: [String: Member] = [:]
    var retries = RetryBudget()

    /// Takes the newest list; what is known of replicas that stay is kept.
    mutating func update(_ endpoints: [Endpoint]) {
        var next: [String: Member] = [:]
        for endpoint in endpoints {
            var member = members[endpoint.replica] ?? Member(endpoint: endpoint)
            // At another address it is another process.
            if member.endpoint.address != endpoint.address { member = Member(endpoint: endpoint) }
            member.endpoint = endpoint
            next[endpoint.replica] = member
        }
        members = next
    }

    var count: Int { members.count }
    var readyCount: Int { members.values.count { $0.endpoint.isReady } }

    /// In the order of their names.
    var inFlight: [(replica: String, count: Int)] {
        members.sorted { $0.key < $1.key }.map { (replica: $0.key, count: $0.value.inFlight) }
    }

    /// The best replica that is not among `tried`, now with one more request; nil where there is none. Those that
    /// are not ready or were ejected come only when nobody else is left.
    mutating func pick(excluding tried: Set<String>, at now: Duration) -> Endpoint? {
        let known = members.values.compactMap(\.latency)
        let typical = known.isEmpty ? 0.05 : known.reduce(0, +) / Double(known.count)
        func rank(_ member: Member) -> Int {
            (member.endpoint.isReady ? 0 : 2) + (member.ejectedUntil > now ? 1 : 0)
        }
        func cost(_ member: Member) -> Double {
            let weight = max(0.01, member.endpoint.weight ?? 1)
            return Double(member.inFlight + 1) * (member.latency ?? typical) / weight
        }
        let best = members.filter { !tried.contains($0.key) }.min {
            (rank($0.value), cost($0.value), $0.key) < (rank($1.value), cost($1.value), $1.key)
        }
        guard let best else { return nil }
        members[best.key]?.inFlight += 1
        return best.value.endpoint
    }

    /// Notes how a request ended. A replica that says it is full or draining answered, but is avoided for a moment.
    mutating func finished(_ endpoint: Endpoint, latency: Double, succeeded: Bool, at now: Duration) {
        guard var member = members[endpoint.replica], member.endpoint.address == endpoint.address else {
            return
        }
        member.inFlight = max(0, member.inFlight - 1)
        if succeeded {
            member.latency = member.latency.map { $0 + Self.newest * (latency - $0) } ?? latency
            member.failures = 0
            member.ejectedUntil = .zero
        } else {
            let pause = Self.firstEjection * (1 << min(member.failures, 8))
            member.failures += 1
            member.ejectedUntil = now + min(pause, Self.longestEjection)
        }
        members[endpoint.replica] = member
    }
}
