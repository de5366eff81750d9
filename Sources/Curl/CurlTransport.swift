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
        let (now, limit) = (CurlEvents.now, request.timeoutMilliseconds)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(
                    CurlJob(id: id, request: request, continuation: continuation, deadline: now + limit))
            }
        } onCancel: {
            loop.cancel(id)
        }
        loop.forget(id)
        return try result.get()
    }

    package var executor: (any TaskExecutor)? { loop }

    package func reclaim(_ body: [UInt8]) { loop.reclaim(body) }
}
