import Synchronization

/// Requests over libcurl: one thread owns the multi handle with its pool of kept-alive connections; requests are
/// handed to it through a queue, and each is answered exactly once.
///
/// No proxy, no netrc, no protocol but HTTP and HTTPS, no redirect unless the request asks for it. `close` (or the
/// last reference going away) ends the transfers that run with `.cancelled`.
package final class CurlTransport: Transport {
    private let loop: CurlLoop

    /// - Parameter maxIdleConnections: kept open for the next request; the oldest is closed first.
    package init(maxIdleConnections: Int = 1024) {
        loop = CurlLoop(maxIdleConnections: maxIdleConnections)
        loop.start()
    }

    deinit { loop.stop() }

    /// Ends what runs and releases connections and the thread. Requests after it are `.cancelled`.
    package func close() { loop.stop() }

    package func perform(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let id = loop.newID()
        let loop = loop
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(CurlJob(id: id, request: request, continuation: continuation))
            }
        } onCancel: {
            loop.cancel(id)
        }
        loop.forget(id)
        return try result.get()
    }

    package func reclaim(_ body: [UInt8]) { loop.reclaim(body) }
}

/// A request on its way to the thread, with the one who waits for it.
struct CurlJob: Sendable {
    var id: UInt64
    var request: TransportRequest
    var continuation: CheckedContinuation<Result<TransportResponse, TransportError>, Never>
}

/// What has been handed to the thread and not yet fetched by it.
struct CurlInbox: Sendable {
    enum Admission {
        case cancelled
        /// The thread sleeps and does not know of the queue yet.
        case first
        case queued
    }

    /// Bodies that nobody reads any more, for the answers to come.
    private static let spareLimit = 8
    private static let spareBytes = 1 << 20

    var jobs: [CurlJob] = []
    var cancellations: [UInt64] = []
    var isClosed = false
    /// Cancelled before their job arrived.
    private var early: Set<UInt64> = []
    /// Queued or running.
    private var open: Set<UInt64> = []
    private var lastID: UInt64 = 0
    private var spares: [[UInt8]] = []

    mutating func newID() -> UInt64 {
        lastID += 1
        return lastID
    }

    mutating func submit(_ job: CurlJob) -> Admission {
        guard !isClosed, !early.contains(job.id) else { return .cancelled }
        open.insert(job.id)
        jobs.append(job)
        return jobs.count == 1 && cancellations.isEmpty ? .first : .queued
    }

    mutating func reclaim(_ body: [UInt8]) {
        if spares.count < CurlInbox.spareLimit, body.capacity <= CurlInbox.spareBytes { spares.append(body) }
    }

    mutating func cancel(_ id: UInt64) {
        if open.contains(id) { cancellations.append(id) } else { early.insert(id) }
    }

    /// The caller has its answer: nothing of this request needs to be remembered.
    mutating func forget(_ id: UInt64) {
        open.remove(id)
        early.remove(id)
    }

    /// What the thread fetches at once.
    struct Arrival {
        var jobs: [CurlJob]
        var cancellations: [UInt64]
        /// Memory for the answers to the jobs, for at most each of them.
        var spares: [[UInt8]]
        var isClosed: Bool
    }

    /// Hands over what has arrived.
    mutating func take() -> Arrival {
        let count = min(jobs.count, spares.count)
        defer {
            jobs = []
            cancellations = []
            spares.removeLast(count)
        }
        return Arrival(
            jobs: jobs, cancellations: cancellations, spares: Array(spares.suffix(count)), isClosed: isClosed)
    }
}
