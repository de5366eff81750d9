import Actuation
import Control
import Documents
import Fleet

extension NodeRuntime {
    /// How long a request for changes is held open.
    package static let longestWait = Duration.seconds(20)
    /// The most bytes of a request's body; a command holds a workload of at most 8 KiB of text.
    package static let maxRequestBytes = 256 << 10

    /// Answers a request that came over the node's socket:
    /// `GET /v1/inventory`, `POST /v1/commands`, `POST /v1/lease`, `POST /v1/stop`, `GET /v1/changes/REVISION`.
    package func respond(to request: NodeAgentRequest) async -> NodeAgentResponse {
        switch (request.method, request.path) {
        case ("GET", "/v1/inventory"):
            return NodeAgentResponse(status: 200, body: CanonicalJSON.encode(inventory()))
        case ("POST", "/v1/commands"): return take(request.body)
        case ("POST", "/v1/lease"):
            renewLease()
            return NodeAgentResponse(status: 200, body: Array("{}".utf8))
        case ("POST", "/v1/stop"):
            stop()
            return NodeAgentResponse(status: 200, body: Array("{}".utf8))
        case ("GET", let path) where path.hasPrefix("/v1/changes/"):
            guard let known = UInt64(path.dropFirst("/v1/changes/".count)) else {
                return refusal(.refused("a revision is a whole number, found \(path)"))
            }
            let revision = await waitForChange(after: known, atMost: Self.longestWait)
            return NodeAgentResponse(status: 200, body: Array("\(revision)".utf8))
        default:
            return NodeAgentResponse(
                status: 404, body: CanonicalJSON.encode("no such request: \(request.method) \(request.path)"))
        }
    }

    private func take(_ body: [UInt8]) -> NodeAgentResponse {
        let command: Command
        do {
            command = try CanonicalJSON.decode(Command.self, from: body)
        } catch {
            return refusal(.refused("not a command: \(error)"))
        }
        do throws(BackendError) {
            try perform(command)
            return NodeAgentResponse(status: 200, body: Array("{}".utf8))
        } catch {
            return refusal(error)
        }
    }

    private func refusal(_ error: BackendError) -> NodeAgentResponse {
        let refusal = NodeRefusal(error, epoch: snapshot.epoch)
        return NodeAgentResponse(status: refusal.status, body: CanonicalJSON.encode(refusal))
    }
}
