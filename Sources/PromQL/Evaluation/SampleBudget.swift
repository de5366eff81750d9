import Synchronization

/// The samples that a query holds at a time, limited; all workers of a query charge the same one.
///
/// Workers only charge what they keep, so that whether the limit is passed does not depend on who comes first.
final class SampleBudget: Sendable {
    let limit: Int
    private let count = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    init(limit: Int) { self.limit = min(limit, .max / 4) }

    var held: Int { count.load(ordering: .relaxed) }

    /// The most samples held so far.
    var peak: Int { max(held, highest.load(ordering: .relaxed)) }

    /// Counts samples that are held from now on.
    func charge(_ samples: Int) throws(QueryError) {
        // A count that is too much alone is not added: the sum would overflow.
        guard samples <= limit, count.wrappingAdd(samples, ordering: .relaxed).newValue <= limit else {
            throw SampleBudget.exceeded
        }
    }

    /// Counts samples that are held no longer. Not to be called while workers charge.
    func release(_ samples: Int) {
        highest.store(peak, ordering: .relaxed)
        count.store(max(0, held - samples), ordering: .relaxed)
    }

    static let exceeded = QueryError(
        .execution, "query processing would load too many samples into memory in query execution")
}

/// Tells all that work on a query when it is to end.
final class Interruption: Sendable {
    private let isExpired: @Sendable () -> Bool
    private let hasFailed = Atomic<Bool>(false)
    private let failure = Mutex<QueryError?>(nil)

    init(isExpired: @escaping @Sendable () -> Bool) { self.isExpired = isExpired }

    /// Ends the query once its time is over, nobody waits for it any more, or another piece of it has failed. A
    /// worker's thread belongs to no task; that the task was cancelled is seen by the one that asked for the work,
    /// which takes part in it.
    func check() throws(QueryError) {
        if hasFailed.load(ordering: .relaxed), let failure = failure.withLock({ $0 }) { throw failure }
        if isExpired() { throw QueryError(.timeout, "query timed out in expression evaluation") }
        if Task.isCancelled { throw QueryError(.canceled, "query was canceled in expression evaluation") }
    }

    /// Makes the others stop as well, with the same error.
    func fail(_ error: QueryError) {
        failure.withLock { if $0 == nil { $0 = error } }
        hasFailed.store(true, ordering: .relaxed)
    }
}
