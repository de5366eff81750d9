import Foundation
import Synchronization

/// Threads of their own for what evaluates and encodes: it computes for seconds without a pause, and on the
/// threads that all tasks share it would hold up scrapes, decisions and every other answer.
package final class QueryThreads: TaskExecutor {
    private let jobs: Jobs

    /// What these threads are told from others by: names that Foundation is given reach no thread on Linux.
    fileprivate static let mark = "query"
    static var isCurrent: Bool { Thread.current.threadDictionary[mark] != nil }

    /// - Parameter count: no more than so many threads, made as they are needed.
    package init(count: Int) { jobs = Jobs(limit: max(1, count)) }

    deinit { jobs.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        jobs.add { unsafe job.runSynchronously(on: executor) }
    }
}

/// Work for threads that begin with it and wait for more. Who waited last works first: its memory is still in the
/// caches, and threads that nobody needs never touch theirs.
private final class Jobs: Sendable {
    typealias Job = @Sendable () -> Void

    /// A thread that may wait.
    private final class Worker: Sendable {
        let wakes = DispatchSemaphore(value: 0)
        /// What it is woken for; nil where it is to end.
        let job = Mutex<Job?>(nil)
    }

    private struct State {
        var waiting: [Job] = []
        var next = 0
        var threads = 0
        var idle: [Worker] = []
        var isClosed = false

        mutating func takeWaiting() -> Job? {
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

    private let state = Mutex(State())
    private let limit: Int
    /// Deep queries recurse.
    private static let stackBytes = 8 << 20

    init(limit: Int) { self.limit = limit }

    func add(_ job: @escaping Job) {
        let (worker, begins) = state.withLock { state -> (Worker?, Bool) in
            if let worker = state.idle.popLast() { return (worker, false) }
            guard state.threads < limit else {
                state.waiting.append(job)
                return (nil, false)
            }
            state.threads += 1
            return (nil, true)
        }
        if let worker { wake(worker, for: job) }
        if begins { begin(with: job) }
    }

    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for worker in idle { wake(worker, for: nil) }
    }

    private func begin(with job: @escaping Job) {
        let thread = Thread {
            Thread.current.threadDictionary[QueryThreads.mark] = true
            self.work(job)
        }
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    private func work(_ first: Job) {
        first()
        let worker = Worker()
        while let job = take(worker) { job() }
    }

    private func wake(_ worker: Worker, for job: Job?) {
        worker.job.withLock { $0 = job }
        worker.wakes.signal()
    }

    private func take(_ worker: Worker) -> Job? {
        let (job, waits) = state.withLock { state -> (Job?, Bool) in
            if let job = state.takeWaiting() { return (job, false) }
            guard !state.isClosed else { return (nil, false) }
            state.idle.append(worker)
            return (nil, true)
        }
        guard waits else { return job }
        worker.wakes.wait()
        return worker.job.withLock { job in
            defer { job = nil }
            return job
        }
    }
}
