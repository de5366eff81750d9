import Foundation
import Synchronization

/// Threads of their own for what evaluates and encodes: it computes for seconds without a pause, and on the
/// threads that all tasks share it would hold up scrapes, decisions and every other answer.
package final class QueryThreads: TaskExecutor {
    private let jobs: Jobs

    /// - Parameter count: no more than so many threads, made as they are needed.
    package init(count: Int) { jobs = Jobs(limit: max(1, count)) }

    deinit { jobs.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        jobs.add { unsafe job.runSynchronously(on: executor) }
    }
}

/// Work for threads that begin with it and wait for more.
private final class Jobs: @unchecked Sendable {
    // Guarded by the condition.
    private let condition = NSCondition()
    private var waiting: [@Sendable () -> Void] = []
    private var next = 0
    private var threads = 0
    private var idle = 0
    private var isClosed = false
    private let limit: Int
    /// Deep queries recurse.
    private static let stackBytes = 8 << 20

    init(limit: Int) { self.limit = limit }

    func add(_ job: @escaping @Sendable () -> Void) {
        condition.lock()
        defer { condition.unlock() }
        waiting.append(job)
        if idle > 0 {
            condition.signal()
        } else if threads < limit {
            threads += 1
            let thread = Thread { self.work() }
            thread.stackSize = Self.stackBytes
            thread.name = "query"
            thread.start()
        }
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    private func work() {
        while let job = take() { job() }
    }

    private func take() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        idle += 1
        while next == waiting.count, !isClosed { condition.wait() }
        idle -= 1
        guard next < waiting.count else { return nil }
        let job = waiting[next]
        next += 1
        if next == waiting.count {
            waiting.removeAll(keepingCapacity: next < 1024)
            next = 0
        }
        return job
    }
}
