import Testing

@testable import Demo

@Suite struct BalancerPoolTests {
    private func endpoint(_ name: String, ready: Bool? = nil, weight: Double? = nil) -> BalancerPool.Endpoint
    {
        BalancerPool.Endpoint(
            replica: name, node: "n1", address: "127.0.0.1:\(name)", ready: ready, weight: weight)
    }

    private func pool(_ names: String...) -> BalancerPool {
        var pool = BalancerPool()
        pool.update(names.map { endpoint($0) })
        return pool
    }

    @Test func `requests go where fewest are under way, ties by name`() {
        var pool = pool("b", "a", "c")

        let picks = (0..<4).map { _ in pool.pick(excluding: [], at: .zero)?.replica }

        #expect(picks == ["a", "b", "c", "a"])
    }

    @Test func `a slow replica gets less`() {
        var pool = pool("a", "b")
        pool.finished(endpoint("a"), latency: 0.4, succeeded: true, at: .zero)
        pool.finished(endpoint("b"), latency: 0.1, succeeded: true, at: .zero)

        let picks = (0..<5).compactMap { _ in pool.pick(excluding: [], at: .zero)?.replica }

        #expect(picks.count { $0 == "b" } == 4)
    }

    @Test func `a replica with half the weight gets half as much`() {
        var pool = BalancerPool()
        pool.update([endpoint("a", weight: 0.5), endpoint("b")])

        let picks = (0..<6).compactMap { _ in pool.pick(excluding: [], at: .zero)?.replica }

        #expect(picks.count { $0 == "a" } == 2)
    }

    @Test func `a replica that fails is left alone, longer each time`() {
        var pool = pool("a", "b")
        pool.finished(endpoint("a"), latency: 0, succeeded: false, at: .zero)
        func picks(_ pool: BalancerPool, at now: Duration) -> Set<String> {
            var pool = pool
            return Set((0..<6).compactMap { _ in pool.pick(excluding: [], at: now)?.replica })
        }
        #expect(picks(pool, at: .milliseconds(400)) == ["b"])
        #expect(picks(pool, at: .milliseconds(600)) == ["a", "b"])

        pool.finished(endpoint("a"), latency: 0, succeeded: false, at: .milliseconds(600))

        #expect(picks(pool, at: .milliseconds(1500)) == ["b"])
        #expect(picks(pool, at: .milliseconds(1700)) == ["a", "b"])
    }

    @Test func `an ejected replica is better than none, and an unready one too`() {
        var pool = BalancerPool()
        pool.update([endpoint("a"), endpoint("b", ready: false)])
        pool.finished(endpoint("a"), latency: 0, succeeded: false, at: .zero)

        #expect(pool.pick(excluding: [], at: .zero)?.replica == "a")
        #expect(pool.pick(excluding: ["a"], at: .zero)?.replica == "b")
        #expect(pool.pick(excluding: ["a", "b"], at: .zero) == nil)
    }

    @Test func `a replica at a new address begins afresh`() {
        var pool = pool("a")
        let old = endpoint("a")
        pool.finished(old, latency: 0, succeeded: false, at: .zero)
        var moved = old
        moved.address = "127.0.0.1:1"
        pool.update([moved, endpoint("b")])

        #expect(pool.pick(excluding: [], at: .zero) == moved)
        pool.finished(old, latency: 0, succeeded: true, at: .zero)
        #expect(pool.inFlight.map(\.count) == [1, 0])
    }
}
