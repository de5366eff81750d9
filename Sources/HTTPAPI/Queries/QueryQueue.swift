import PromQL
import Synchronization
package import TimeSeries
import Web

/// Lets so many queries run at a time and has the others wait in a fair order: the next to run belongs to the
/// address with the fewest running queries, there to the user with the fewest, then to whom was served longest
/// ago. When the queue is full, the newest query of whoever has most waiting makes way for one with fewer.
package final class QueryQueue: Sendable {
    /// What became of waiting.
    private enum Verdict { case runs, refused, canceled }

    private struct Waiter {
        var id: UInt64
        var client: QueryClient
        /// Nil until its task waits; a verdict that comes before is kept.
        var continuation: CheckedContinuation<Verdict, Never>?
    }

    private struct State {
        var nextID: UInt64 = 0
        var running: [UInt64: QueryClient] = [:]
        /// In order of arrival.
        var waiting: [Waiter] = []
        /// Of queries that no longer wait and whose task does not know yet.
        var verdicts: [UInt64: Verdict] = [:]
        /// When somebody was last let in, counted in queries; only of those who wait or run.
        var served: [QueryClient: UInt64] = [:]
    }

    package let maxConcurrency: Int
    package let maxWaiting: Int
    private let clock: any Clock
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maxConcurrency: how many run at a time (`--query.max-concurrency`).
    ///   - maxWaiting: how many may wait; one more is answered 503.
    package init(maxConcurrency: Int = 20, maxWaiting: Int = 500, clock: any Clock) {
        self.maxConcurrency = max(1, maxConcurrency)
        self.maxWaiting = max(0, maxWaiting)
        self.clock = clock
    }

    /// How many run and wait now.
    package var counts: (running: Int, waiting: Int) {
        state.withLock { ($0.running.count, $0.waiting.count) }
    }

    /// Runs `body` when it is the client's turn.
    /// - Parameters:
    ///   - timeout: of waiting and running together.
    ///   - body: is told how long it waited.
    /// - Throws: `WebError` 503 with `Retry-After` where the queue is full; `QueryError` where the time was over or
    ///   the client gone before the turn came; what `body` throws.
    package func run<Value: Sendable>(
        _ client: QueryClient, timeout: Duration, _ body: (_ waited: Duration) async throws -> Value
    ) async throws -> Value {
        let id = try enter(client)
        defer { leave(id) }
        guard let id = id.isWaiting ? id.id : nil else { return try await body(.zero) }
        let start = clock.uptime
        switch try await verdict(on: id, within: timeout) {
        case .runs: return try await body(clock.uptime - start)
        case .refused: throw Self.full(maxWaiting)
        case .canceled: throw QueryError(.canceled, "query was canceled in query queue")
        }
    }

    private static func full(_ length: Int) -> WebError {
        var error = WebError(
            503, "unavailable",
            "too many queries: \(length) wait already; ask again later or raise --query.max-concurrency")
        error.headers = [(name: "Retry-After", value: "5")]
        return error
    }

    // MARK: - Coming and going

    private func enter(_ client: QueryClient) throws(WebError) -> (id: UInt64, isWaiting: Bool) {
        let result: (id: UInt64, isWaiting: Bool)?
        let displaced: CheckedContinuation<Verdict, Never>?
        (result, displaced) = state.withLock { state in
            state.nextID += 1
            let id = state.nextID
            if state.running.count < maxConcurrency, state.waiting.isEmpty {
                Self.admit(id, client, &state)
                return ((id, false), nil)
            }
            var displaced: CheckedContinuation<Verdict, Never>?
            if state.waiting.count >= maxWaiting {
                guard let index = Self.indexToDisplace(for: client, state) else { return (nil, nil) }
                displaced = Self.settle(index, .refused, &state)
            }
            state.waiting.append(Waiter(id: id, client: client))
            return ((id, true), displaced)
        }
        displaced?.resume(returning: .refused)
        guard let result else { throw Self.full(maxWaiting) }
        return result
    }

    private func leave(_ ticket: (id: UInt64, isWaiting: Bool)) {
        let next = state.withLock { state in
            state.verdicts[ticket.id] = nil
            if let index = state.waiting.firstIndex(where: { $0.id == ticket.id }) {
                state.waiting.remove(at: index)
            }
            state.running[ticket.id] = nil
            var next: [CheckedContinuation<Verdict, Never>] = []
            while state.running.count < maxConcurrency, let index = Self.indexOfNext(state) {
                let (id, client) = (state.waiting[index].id, state.waiting[index].client)
                if let continuation = Self.settle(index, .runs, &state) { next.append(continuation) }
                Self.admit(id, client, &state)
            }
            let present = Set(state.running.values).union(state.waiting.map(\.client))
            state.served = state.served.filter { present.contains($0.key) }
            return next
        }
        for continuation in next { continuation.resume(returning: .runs) }
    }

    private static func admit(_ id: UInt64, _ client: QueryClient, _ state: inout State) {
        state.running[id] = client
        state.nextID += 1
        state.served[client] = state.nextID
    }

    /// Ends the waiting of a query; its continuation, where its task waits already, is to be resumed.
    private static func settle(
        _ index: Int, _ verdict: Verdict, _ state: inout State
    ) -> CheckedContinuation<Verdict, Never>? {
        let waiter = state.waiting.remove(at: index)
        if waiter.continuation == nil { state.verdicts[waiter.id] = verdict }
        return waiter.continuation
    }

    // MARK: - Order

    private static func indexOfNext(_ state: State) -> Int? {
        var addresses: [String: (running: Int, served: UInt64)] = [:]
        var users: [QueryClient: Int] = [:]
        for client in state.running.values {
            addresses[client.address, default: (0, 0)].running += 1
            users[client, default: 0] += 1
        }
        for (client, served) in state.served {
            let known = addresses[client.address, default: (0, 0)].served
            addresses[client.address, default: (0, 0)].served = max(known, served)
        }
        func rank(_ client: QueryClient) -> [UInt64] {
            let address = addresses[client.address] ?? (0, 0)
            return [
                UInt64(address.running), address.served, UInt64(users[client] ?? 0),
                state.served[client] ?? 0,
            ]
        }
        // Ties go to who came first.
        return state.waiting.indices.min { a, b in
            let (x, y) = (rank(state.waiting[a].client), rank(state.waiting[b].client))
            return x == y ? a < b : x.lexicographicallyPrecedes(y)
        }
    }

    /// The newest query of the address that has most waiting; nil where that is no more than the newcomer's own.
    private static func indexToDisplace(for client: QueryClient, _ state: State) -> Int? {
        var counts: [String: Int] = [:]
        for waiter in state.waiting { counts[waiter.client.address, default: 0] += 1 }
        guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
            most.value > (counts[client.address] ?? 0) + 1
        else { return nil }
        return state.waiting.lastIndex { $0.client.address == most.key }
    }

    // MARK: - Waiting

    private func verdict(on id: UInt64, within timeout: Duration) async throws -> Verdict {
        let late = QueryError(.timeout, "query timed out in query queue")
        return try await withThrowingTaskGroup(of: Verdict.self) { group in
            group.addTask { await self.verdict(on: id) }
            group.addTask { [clock] in
                try await clock.sleep(for: timeout)
                throw late
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .canceled
        }
    }

    private func verdict(on id: UInt64) async -> Verdict {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Verdict? = state.withLock { state in
                    if let verdict = state.verdicts.removeValue(forKey: id) { return verdict }
                    guard let index = state.waiting.firstIndex(where: { $0.id == id }), !Task.isCancelled
                    else {
                        return .canceled
                    }
                    state.waiting[index].continuation = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<Verdict, Never>? in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiting.remove(at: index).continuation
            }
            continuation?.resume(returning: .canceled)
        }
    }
}
