import Synchronization

/// Answers without a network: a table of answers by URL, or a closure. For tests and the simulator.
///
/// It keeps the promises that callers rely on: the body limit, `.refused` where nothing listens, and a record of
/// what was asked. Time is up to the closure, which may sleep on a clock of its own and throw `.timedOut`.
package final class InMemoryTransport: Transport {
    package typealias Handler =
        @Sendable (TransportRequest) async throws(TransportError) -> TransportResponse

    private struct State {
        var answers: [String: Result<TransportResponse, TransportError>] = [:]
        var requests: [TransportRequest] = []
    }

    private let state = Mutex(State())
    private let handler: Handler?

    /// A transport with an empty table: every URL refuses until `answer` gives it something to say.
    package init() { handler = nil }

    /// A transport that asks `handler` where the table has no answer.
    package init(_ handler: @escaping Handler) { self.handler = handler }

    /// Every request so far, in the order of their arrival.
    package var requests: [TransportRequest] { state.withLock { $0.requests } }

    /// What the URL answers from now on.
    package func answer(_ url: String, with response: TransportResponse) {
        state.withLock { $0.answers[url] = .success(response) }
    }

    /// The URL answers 200 with this text.
    package func answer(_ url: String, text: String, contentType: String = "text/plain; version=0.0.4") {
        answer(
            url,
            with: TransportResponse(
                status: 200, headers: [(name: "content-type", value: contentType)], body: Array(text.utf8)))
    }

    /// Every request of the URL fails from now on.
    package func fail(_ url: String, with error: TransportError) {
        state.withLock { $0.answers[url] = .failure(error) }
    }

    package func perform(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        if Task.isCancelled { throw .cancelled }
        let known = state.withLock { state in
            state.requests.append(request)
            return state.answers[request.url]
        }
        let response: TransportResponse
        if let known {
            response = try known.get()
        } else if let handler {
            response = try await handler(request)
        } else {
            throw .refused("nothing listens at \(request.url)")
        }
        guard response.body.count <= request.maxBodyBytes else {
            throw .bodyTooLarge(limit: request.maxBodyBytes)
        }
        return response
    }
}
