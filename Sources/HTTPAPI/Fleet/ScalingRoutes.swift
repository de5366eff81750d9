import Audit
package import Control
import Documents
import Fleet
package import TimeSeries
package import Web

/// `/api/v1/scaling`: policies and how they decide, and what a person may ask of a workload.
package struct ScalingRoutes: Sendable {
    private let view: @Sendable () async -> ControlView
    private let requests: OperatorRequests
    private let audit: AuditReading
    private let clock: any Clock

    package init(
        view: @escaping @Sendable () async -> ControlView, requests: OperatorRequests, audit: AuditReading,
        clock: any Clock
    ) {
        self.view = view
        self.requests = requests
        self.audit = audit
        self.clock = clock
    }

    package var routes: [Route] {
        [
            Route([.get], "/api/v1/scaling", role: .query, "Policies, signals, decisions, pauses, freeze") {
                _ in
                let view = await view()
                return Envelope.success(reserving: 8 << 10) { $0.scaling(view) }
            },
            Route(
                [.get], "/api/v1/scaling/decisions", role: .query,
                "What was decided and why, newest first (workload=, node=, kind=, limit=)", handler: decisions
            ),
            Route(
                [.get], "/api/v1/scaling/decisions/:id", role: .query,
                "One decision with everything about it",
                handler: decision),
            Route(
                [.post], "/api/v1/scaling/workloads/:workload/scale", role: .operate, "Sets a replica count",
                handler: scale),
            Route(
                [.post], "/api/v1/scaling/pause", role: .operate, "Holds counts for a time", handler: pause),
            Route([.post], "/api/v1/scaling/resume", role: .operate, "Ends a pause", handler: resume),
        ]
    }

    private func decisions(_ request: WebRequest) async throws -> WebResponse {
        let limit = min(try request.count("limit") ?? 100, 1000)
        let workload = request["workload"], node = request["node"]
        let kind = try request["kind"].map { text throws(WebError) in
            guard let kind = AuditEntry.Kind(rawValue: text) else {
                let known = AuditEntry.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw WebError.invalid("kind", "known are \(known), got \"\(text)\"")
            }
            return kind
        }
        let found = try await audit.newest(limit) { entry in
            (workload == nil || entry.workload?.name == workload) && (node == nil || entry.node?.name == node)
                && (kind == nil || entry.kind == kind)
        }
        return Envelope.success(reserving: 16 << 10) { json in
            json.object { json in
                json.key("decisions")
                json.array { json in for leaf in found { json.leaf(leaf) } }
            }
        }
    }

    private func decision(_ request: WebRequest) async throws -> WebResponse {
        let id = request.pathParameters["id"] ?? ""
        guard let leaf = try await audit.leaf(id) else {
            throw WebError.notFound("no decision is named \"\(id)\"; `flyball audit list` shows them")
        }
        let given = try await audit.inputs(leaf)
        let head = try await audit.inclusion(leaf.index)?.head
        let text = Explanation.text(leaf, given: given, checkpoint: head)
        return Envelope.success { $0.leaf(leaf, explanation: text, given: given) }
    }

    private func scale(_ request: WebRequest) async throws -> WebResponse {
        let workload: WorkloadID = try request.identifier("workload")
        let (body, count) = try request.json { fields -> (RequestBody, Int)? in
            let count = fields.require("count") == nil ? nil : fields.integer("count")
            guard let body = RequestBody(fields), let count else { return nil }
            return (body, count)
        }
        return try await requests.submit(.scale(workload, to: count), body, request)
    }

    private func pause(_ request: WebRequest) async throws -> WebResponse {
        typealias Wish = (RequestBody, WorkloadID?, Duration, PauseDirection?)
        let (body, workload, time, direction) = try request.json { fields -> Wish? in
            let time = fields.scalar("for", expected: "a duration such as 30m") { Duration(prometheus: $0) }
            if !fields.has("for") {
                fields.report("\"for\" is needed: how long the pause lasts, such as 30m")
            }
            let workload = Self.workload(fields)
            let direction = fields.scalar("direction", expected: "\"up\" or \"down\"") {
                PauseDirection(rawValue: $0)
            }
            guard let body = RequestBody(fields), let time else { return nil }
            return (body, workload, time, direction)
        }
        return try await requests.submit(
            .pause(workload, until: clock.now + time, direction: direction), body, request)
    }

    private func resume(_ request: WebRequest) async throws -> WebResponse {
        let (body, workload) = try request.json { fields -> (RequestBody, WorkloadID?)? in
            let workload = Self.workload(fields)
            guard let body = RequestBody(fields) else { return nil }
            return (body, workload)
        }
        return try await requests.submit(.resume(workload), body, request)
    }

    private static func workload(_ fields: FieldReader) -> WorkloadID? {
        fields.scalar("workload", expected: "the name of a workload") { WorkloadID($0) }
    }
}
