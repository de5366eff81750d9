import Actuation
import Control
package import Curl
import Documents

/// Speaks to one node over its socket and says what a failure means for the command.
package struct NodeClient: Sendable {
    let socket: String
    let transport: any Transport
    let timeout: Duration

    package init(socket: String, transport: any Transport, timeout: Duration) {
        self.socket = socket
        self.transport = transport
        self.timeout = timeout
    }

    func inventory() async throws(BackendError) -> NodeInventory {
        let response: TransportResponse
        do throws(TransportError) {
            response = try await send("GET", "/v1/inventory")
        } catch {
            throw .unavailable(explain(error))
        }
        guard response.status == 200 else { throw .unavailable("the node answered \(response.status)") }
        do {
            return try CanonicalJSON.decode(NodeInventory.self, from: response.body)
        } catch {
            throw .unavailable("the node's inventory cannot be read: \(error)")
        }
    }

    func perform(_ command: Command) async throws(BackendError) {
        let response: TransportResponse
        do throws(TransportError) {
            response = try await send("POST", "/v1/commands", CanonicalJSON.encode(command))
        } catch {
            throw failure(error)
        }
        if response.status == 200 { return }
        if let refusal = try? CanonicalJSON.decode(NodeRefusal.self, from: response.body) {
            throw refusal.error
        }
        throw .ambiguous("the node answered \(response.status)")
    }

    func stop() async throws(BackendError) {
        do throws(TransportError) {
            _ = try await send("POST", "/v1/stop")
        } catch {
            throw failure(error)
        }
    }

    /// The revision after a change, or after the node has waited long enough for one; nil where it is not there.
    func revision(after known: UInt64) async -> UInt64? {
        guard
            let response = try? await send(
                "GET", "/v1/changes/\(known)", timeout: NodeRuntime.longestWait + timeout),
            response.status == 200
        else { return nil }
        return UInt64(String(decoding: response.body, as: UTF8.self))
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8] = [], timeout: Duration? = nil
    ) async throws(TransportError) -> TransportResponse {
        try await transport.perform(
            TransportRequest(
                method: method, url: "http://node" + path,
                headers: body.isEmpty ? [] : [(name: "content-type", value: "application/json")],
                body: body, timeout: timeout ?? self.timeout, maxBodyBytes: 16 << 20, unixSocket: socket))
    }

    /// Only a connection that was never made leaves no doubt.
    private func failure(_ error: TransportError) -> BackendError {
        switch error {
        case .refused, .invalidURL: .unavailable(explain(error))
        case .timedOut, .bodyTooLarge, .cancelled, .failed: .ambiguous(explain(error))
        }
    }

    private func explain(_ error: TransportError) -> String {
        switch error {
        case .refused: "nobody listens on \(socket)"
        case .timedOut: "no answer within \(timeout)"
        case .cancelled: "the call was cancelled"
        case .invalidURL(let why), .failed(let why): why
        case .bodyTooLarge(let limit): "the answer is larger than \(limit) bytes"
        }
    }
}
