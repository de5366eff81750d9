package import Control
import Documents
import Fleet
import TimeSeries
package import Web

/// `/api/v1/fleet`: what runs where, the addresses of a workload, and what may be done to a node.
package struct FleetRoutes: Sendable {
    private let view: @Sendable () async -> ControlView
    private let requests: OperatorRequests

    package init(view: @escaping @Sendable () async -> ControlView, requests: OperatorRequests) {
        self.view = view
        self.requests = requests
    }

    package var routes: [Route] {
        [
            Route([.get], "/api/v1/fleet", role: .query, "Nodes, workloads, replicas and commands") { _ in
                let view = await view()
                return Envelope.success(reserving: 16 << 10) { $0.fleet(view) }
            },
            Route(
                [.get], "/api/v1/fleet/endpoints", role: .query,
                "The addresses of a workload's ready replicas (workload=)", handler: endpoints),
            node("drain", "Moves the replicas of a node elsewhere") { .drain($0) },
            node("cordon", "Lets a node take no new replicas") { .cordon($0) },
            node("resume", "Ends a drain or cordon") { .resumeNode($0) },
        ]
    }

    private func endpoints(_ request: WebRequest) async throws -> WebResponse {
        let view = await view()
        guard let name = request["workload"] else {
            let known = view.workloads.map { $0.workload.id.name }.joined(separator: ", ")
            throw WebError.badRequest("\"workload\" is needed: whose addresses; known are \(known)")
        }
        guard let workload = view.workloads.first(where: { $0.workload.id.name == name }) else {
            let known = view.workloads.map { $0.workload.id.name }.joined(separator: ", ")
            throw WebError.notFound("no workload is named \"\(name)\"; known are \(known)")
        }
        let ready = view.replicas.filter { $0.workload == workload.workload.id && $0.phase == .ready }
        return Envelope.success { json in
            json.object { json in
                json.field("workload", name)
                json.key("endpoints")
                json.array { json in
                    for replica in ready {
                        guard let address = replica.address else { continue }
                        json.object { json in
                            json.field("address", address)
                            json.field("replica", replica.id.name)
                            json.field("node", replica.node.name)
                        }
                    }
                }
            }
        }
    }

    private func node(
        _ verb: String, _ summary: String, _ action: @escaping @Sendable (NodeID) -> OperatorRequest.Action
    ) -> Route {
        Route([.post], "/api/v1/fleet/nodes/:node/\(verb)", role: .operate, summary) { [requests] request in
            let node: NodeID = try request.identifier("node")
            let body = try request.json { RequestBody($0) }
            return try await requests.submit(action(node), body, request)
        }
    }
}

extension WebRequest {
    /// A named segment of the path that must be a name of ours.
    func identifier<Subject>(_ name: String) throws(WebError) -> Identifier<Subject> {
        let text = pathParameters[name] ?? ""
        guard let identifier = Identifier<Subject>(text) else {
            throw .badRequest(
                "\"\(text)\" is not the name of a \(name): lower case letters, digits, - and . only")
        }
        return identifier
    }
}
