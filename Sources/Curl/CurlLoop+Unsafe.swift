import CCurl
import Dispatch
import Glibc
import Synchronization

/// The thread that owns the multi handle.
///
/// Safety: everything of libcurl is touched by the thread alone; the thread holds this object until it ends.
@safe final class CurlLoop: Sendable {
    private let inbox = Mutex(CurlInbox())
    /// An eventfd that wakes the thread.
    private let bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let maxIdleConnections: Int

    init(maxIdleConnections: Int) {
        _ = CurlLoop.initialised
        self.maxIdleConnections = max(1, maxIdleConnections)
    }

    deinit { close(bell) }

    /// libcurl's own once: curl_global_init is not safe to race in 7.88 builds without atomics.
    private static let initialised = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK

    func newID() -> UInt64 { inbox.withLock { $0.newID() } }

    func submit(_ job: CurlJob) {
        let admission = inbox.withLock { $0.submit(job) }
        wake(admission)
        if admission == .refused { job.continuation.resume(returning: .failure(.cancelled)) }
    }

    func cancel(_ id: UInt64) { wake(inbox.withLock { $0.cancel(id) }) }

    func forget(_ id: UInt64) { inbox.withLock { $0.forget(id) } }

    func reclaim(_ body: [UInt8]) { inbox.withLock { $0.reclaim(body) } }

    func stop() { wake(inbox.withLock { $0.close() }) }

    private func wake(_ admission: CurlInbox.Admission) {
        guard admission == .asleep else { return }
        var ring: UInt64 = 1
        unsafe write(bell, &ring, 8)
    }

    /// Starts the thread.
    func start() {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                let loop = unsafe Unmanaged<CurlLoop>.fromOpaque(argument!).takeRetainedValue()
                loop.run()
                return nil
            }, argument)
        unsafe pthread_attr_destroy(&attributes)
        guard status == 0 else {
            unsafe Unmanaged<CurlLoop>.fromOpaque(argument).release()
            _ = inbox.withLock { $0.close() }
            return
        }
    }

    private func run() {
        CurlLoop.blockBrokenPipes()
        let multi = unsafe curl_multi_init()!
        unsafe flyball_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, maxIdleConnections)
        unsafe flyball_multi_setopt_long(multi, CURLMOPT_PIPELINING, 0)
        let events = unsafe CurlEvents(multi, bell: bell)
        let steady = SteadyConnections(limit: maxIdleConnections, events)
        let transfers = unsafe CurlTransfers(multi, steady)
        var backlog: [UnownedJob] = []
        while serve(transfers, &backlog) {
            events.wait(steady, isBusy: !backlog.isEmpty)
            transfers.collect()
        }
        transfers.retire()
        // Closing connections is told to whoever watches them.
        withExtendedLifetime(events) { _ = unsafe curl_multi_cleanup(multi) }
    }

    /// Works off what has arrived, and what arrives meanwhile, until sockets have to be looked at; false once the loop is
    /// to end.
    private func serve(_ transfers: CurlTransfers, _ backlog: inout [UnownedJob]) -> Bool {
        while true {
            while var arrived = inbox.withLock({ $0.take(isAsleep: backlog.isEmpty) }) {
                backlog += arrived.work
                if arrived.isClosed {
                    for job in arrived.jobs { job.continuation.resume(returning: .failure(.cancelled)) }
                    for piece in backlog { pass(piece) }
                    return false
                }
                for job in arrived.jobs { transfers.begin(job, body: arrived.spares.popLast() ?? []) }
                for id in arrived.cancellations { transfers.cancel(id) }
            }
            guard !backlog.isEmpty else { return true }
            work(off: &backlog)
            // Else they may have put in something.
            guard backlog.isEmpty else { return true }
        }
    }

    /// Runs pieces of tasks, at least one, for as long as sockets may wait, and passes on those that are too many for one thread.
    private func work(off backlog: inout [UnownedJob]) {
        while backlog.count > CurlLoop.backlogLimit { pass(backlog.removeLast()) }
        var done = 0
        let end = ContinuousClock.now + CurlLoop.slice
        repeat {
            unsafe backlog[done].runSynchronously(on: asUnownedTaskExecutor())
            done += 1
        } while done < backlog.count && ContinuousClock.now < end
        backlog.removeFirst(done)
    }

    /// OpenSSL writes without MSG_NOSIGNAL, and a server that goes away must not end the process.
    private static func blockBrokenPipes() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

extension CurlLoop: TaskExecutor {
    /// How long the thread works for tasks before it looks at its sockets again: about as long as one answer takes.
    private static let slice = Duration.microseconds(50)
    /// Pieces of tasks that wait here for one another, some milliseconds at most; other threads run what is beyond that. The
    /// thread alone receives and reads five million samples a second: with no other woken, a sample costs a tenth less.
    private static let backlogLimit = 64

    func enqueue(_ job: consuming ExecutorJob) {
        let piece = UnownedJob(job)
        let admission = inbox.withLock { $0.submit(piece) }
        wake(admission)
        if admission == .refused { pass(piece) }
    }

    /// Has another thread run a piece of a task.
    private func pass(_ piece: UnownedJob) {
        DispatchQueue.global().async { unsafe piece.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
