import CCurl
import Glibc
import Synchronization

/// The thread that owns the multi handle.
///
/// Safety: the multi handle is created in `init` and freed by the thread at its end, under the lock that every wake-up
/// takes and after which `Waker.multi` is nil. Everything else of libcurl is touched by the thread alone.
@safe final class CurlLoop: Sendable {
    @safe private struct Waker: @unchecked Sendable {
        var multi: UnsafeMutableRawPointer?
    }

    private let inbox = Mutex(CurlInbox())
    /// Apart from the inbox: to wake the thread is a system call, and nobody should wait for one to put something in.
    private let waker: Mutex<Waker>

    init(maxIdleConnections: Int) {
        _ = CurlLoop.initialised
        let multi = unsafe curl_multi_init()
        let connections = max(1, maxIdleConnections)
        unsafe flyball_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, connections)
        unsafe flyball_multi_setopt_long(multi, CURLMOPT_PIPELINING, 0)
        waker = unsafe Mutex(Waker(multi: multi))
    }

    /// libcurl's own once: curl_global_init is not safe to race in 7.88 builds without atomics.
    private static let initialised = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK

    func newID() -> UInt64 { inbox.withLock { $0.newID() } }

    func submit(_ job: CurlJob) {
        switch inbox.withLock({ $0.submit(job) }) {
        // The wake-up that is under way will find this one too.
        case .queued: break
        case .first: wake()
        case .cancelled: job.continuation.resume(returning: .failure(.cancelled))
        }
    }

    func cancel(_ id: UInt64) {
        inbox.withLock { $0.cancel(id) }
        wake()
    }

    func forget(_ id: UInt64) { inbox.withLock { $0.forget(id) } }

    func reclaim(_ body: [UInt8]) { inbox.withLock { $0.reclaim(body) } }

    func stop() {
        inbox.withLock { $0.isClosed = true }
        wake()
    }

    private func wake() {
        waker.withLock { waker in
            if let multi = unsafe waker.multi { unsafe curl_multi_wakeup(multi) }
        }
    }

    /// Starts the thread. It holds this object until it ends, so the object outlives it.
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
            retire([:])
            return
        }
    }

    private func run() {
        guard let multi = unsafe waker.withLock({ unsafe $0.multi }) else { return }
        CurlLoop.blockBrokenPipes()
        var transfers: [UInt64: CurlTransfer] = [:]
        var idle = CurlHandlePool()
        while true {
            var arrived = inbox.withLock { $0.take() }
            if arrived.isClosed {
                for job in arrived.jobs { job.continuation.resume(returning: .failure(.cancelled)) }
                break
            }
            for job in arrived.jobs {
                let spare = arrived.spares.popLast() ?? []
                let handle = idle.take(for: job.request)
                if let transfer = unsafe CurlTransfer.begin(job, handle, body: spare, multi: multi) {
                    transfers[job.id] = transfer
                }
            }
            for id in arrived.cancellations {
                guard let transfer = transfers.removeValue(forKey: id) else { continue }
                unsafe curl_multi_remove_handle(multi, transfer.handle.easy)
                transfer.finish(with: .failure(.cancelled))
            }
            var running: Int32 = 0
            unsafe curl_multi_perform(multi, &running)
            unsafe collect(from: multi, &transfers, &idle)
            unsafe curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
        retire(transfers)
    }

    /// OpenSSL writes without MSG_NOSIGNAL, and a server that goes away must not end the process.
    private static func blockBrokenPipes() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Answers the transfers that are complete.
    @unsafe private func collect(
        from multi: UnsafeMutableRawPointer, _ transfers: inout [UInt64: CurlTransfer],
        _ idle: inout CurlHandlePool
    ) {
        var remaining: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &remaining) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle,
                let id = unsafe CurlTransfer.id(of: easy)
            else { continue }
            let code = unsafe message.pointee.data.result
            unsafe curl_multi_remove_handle(multi, easy)
            guard let transfer = transfers.removeValue(forKey: id) else { continue }
            transfer.finish(with: transfer.result(code))
            idle.put(transfer.handle)
        }
    }

    /// Ends everything: what runs is cancelled, the multi handle freed.
    private func retire(_ transfers: [UInt64: CurlTransfer]) {
        inbox.withLock { $0.isClosed = true }
        let multi = unsafe waker.withLock { waker in
            defer { unsafe waker.multi = nil }
            return unsafe waker.multi
        }
        for transfer in transfers.values {
            unsafe curl_multi_remove_handle(multi, transfer.handle.easy)
            transfer.finish(with: .failure(.cancelled))
        }
        unsafe curl_multi_cleanup(multi)
    }
}
