package import Actuation
package import Control
import Documents
import TimeSeries
import Web

/// What became of a request of a person.
package enum RequestOutcome: Hashable, Sendable {
    /// Recorded in the audit log as this entry, and in effect.
    case accepted(entry: String)
    /// Recorded as this entry, and not done.
    case refused(entry: String, reason: String)
    /// Not recorded: this service does not lead, or is stopping.
    case unavailable(String)
}

/// Hands requests to the control loop and tells what it said.
package struct OperatorRequests: Sendable {
    private let submit: @Sendable (OperatorRequest) async -> RequestOutcome

    package init(submit: @escaping @Sendable (OperatorRequest) async -> RequestOutcome) {
        self.submit = submit
    }

    /// Hands them to a control loop of this process.
    package init(_ runner: ControlRunner) {
        self.init { request in
            do {
                let record = try await runner.perform(request)
                guard let refusal = record.refusal else { return .accepted(entry: record.entry) }
                return .refused(entry: record.entry, reason: refusal)
            } catch {
                return .unavailable("the request was not recorded: \(error)")
            }
        }
    }

    func submit(
        _ action: OperatorRequest.Action, _ body: RequestBody, _ request: WebRequest
    ) async throws(WebError) -> WebResponse {
        let given = request.headers["idempotency-key"] ?? ""
        guard given.utf8.count <= 200 else {
            throw .badRequest("the Idempotency-Key is longer than 200 bytes")
        }
        let id = given.isEmpty ? String(UInt64.random(in: 0...UInt64.max), radix: 16) : given
        let principal = body.principal ?? "operator@\(request.remoteAddress)"
        let outcome = await submit(
            OperatorRequest(id: id, action: action, principal: principal, reason: body.reason))
        switch outcome {
        case .accepted(let entry):
            return Envelope.success { json in
                json.object { json in
                    json.field("request", id)
                    json.field("entry", entry)
                }
            }
        case .refused(let entry, let reason):
            throw WebError(422, "execution", "\(reason) (recorded as \(entry))")
        case .unavailable(let reason): throw .unavailable(reason)
        }
    }
}

/// What every request of a person says besides what it is about.
struct RequestBody {
    var reason: String
    /// Who asks, where the caller knows better than the address.
    var principal: String?

    /// Nil, and reported, where the reason is missing.
    init?(_ fields: FieldReader) {
        guard let reason = fields.requiredString("reason") else { return nil }
        principal = fields.string("principal").flatMap { $0.isEmpty ? nil : $0 }
        self.reason = reason
        if reason.allSatisfy(\.isWhitespace) { fields.report("reason must not be empty", at: "reason") }
        if reason.utf8.count > 500 { fields.report("reason must be at most 500 bytes", at: "reason") }
        if let principal, principal.utf8.count > 100 {
            fields.report("principal must be at most 100 bytes", at: "principal")
        }
    }
}
