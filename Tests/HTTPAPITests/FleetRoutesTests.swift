import Control
import Fleet
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct FleetRoutesTests {
    private let fleet = SmallFleet()

    private func routes(_ log: RequestLog = RequestLog()) -> [Route] {
        let view = fleet.view
        return FleetRoutes(view: { view }, requests: log.requests).routes
    }

    @Test func `the fleet is shown with nodes, workloads and replicas`() async throws {
        let (status, body) = try await answer(routes(), .get, "/api/v1/fleet")

        #expect(status == 200)
        #expect(
            body.contains(
                #""nodes":[{"name":"n1","health":"ready","since":null,"cordoned":false,"draining":false,"#))
        #expect(
            body.contains(#""requested":{"cpu":0.75,"memory":201326592},"replicas":2,"labels":{"zone":"a"}"#))
        #expect(body.contains(#""workloads":[{"name":"web","desired":"#))
        #expect(
            body.contains(
                #"{"id":"web-1","workload":"web","node":"n1","phase":"ready","since":"2023-11-14T22:13:20Z","#
                    + #""address":"127.0.0.1:9001","restarts":0,"message":null,"#))
    }

    @Test func `the addresses of a workload are those of its ready replicas`() async throws {
        let (_, body) = try await answer(routes(), .get, "/api/v1/fleet/endpoints?workload=web")

        #expect(
            body == #"{"status":"success","data":{"workload":"web","endpoints":["#
                + #"{"address":"127.0.0.1:9001","replica":"web-1","node":"n1"},"#
                + #"{"address":"127.0.0.1:9002","replica":"web-2","node":"n1"}]}}"#)
    }

    @Test func `an unknown workload has no addresses`() async throws {
        let (status, body) = try await answer(routes(), .get, "/api/v1/fleet/endpoints?workload=db")

        #expect(status == 404)
        #expect(body.contains(#"no workload is named \"db\"; known are web"#))
        let unnamed = try await answer(routes(), .get, "/api/v1/fleet/endpoints")
        #expect(unnamed.status == 400)
        #expect(unnamed.body.contains("known are web"), "\(unnamed.body)")
    }

    @Test func `draining needs the token and a reason`() async throws {
        let log = RequestLog()
        let uri = "/api/v1/fleet/nodes/n1/drain"
        let json = #"{"reason":"kernel update","principal":"anna"}"#

        #expect(try await answer(routes(log), .post, uri, json: json).status == 401)
        #expect(try await answer(routes(log), .post, uri, json: "{}", token: "secret").status == 400)
        #expect(log.count == 0)
        let done = try await answer(routes(log), .post, uri, json: json, token: "secret")
        #expect(done.status == 200 && done.body.contains(#""entry":"d1-9""#))
        #expect(log.last?.action == .drain(NodeID("n1")!))
        #expect(log.last?.reason == "kernel update" && log.last?.principal == "anna")
    }

    @Test(arguments: [
        ("cordon", OperatorRequest.Action.cordon(NodeID("n1")!)), ("resume", .resumeNode(NodeID("n1")!)),
    ])
    func `a node is cordoned and resumed`(_ verb: String, _ action: OperatorRequest.Action) async throws {
        let log = RequestLog()

        _ = try await answer(
            routes(log), .post, "/api/v1/fleet/nodes/n1/\(verb)", json: #"{"reason":"r"}"#, token: "secret")

        #expect(log.last?.action == action)
    }

    @Test(arguments: [
        (#"{"reason":" "}"#, 400, "body:1:11: reason must not be empty"),
        (#"{"reason":"r","force":true}"#, 400, #"unknown key \"force\""#),
        (#"{"reason":"#, 400, "body:2:1: did not find expected node content"),
        ("[]", 400, "the body must be a mapping"),
    ])
    func `a bad body is refused with its place`(_ json: String, _ status: Int, _ message: String) async throws
    {
        let result = try await answer(
            routes(), .post, "/api/v1/fleet/nodes/n1/drain", json: json, token: "secret")

        #expect(result.status == status)
        #expect(result.body.contains(message), "\(result.body)")
    }

    @Test func `a form is no body for a change`() async throws {
        let result = try await answer(
            routes(), .post, "/api/v1/fleet/nodes/n1/drain", form: "reason=r", token: "secret")

        #expect(result.status == 415)
    }

    @Test func `what is no name is refused`() async throws {
        let result = try await answer(
            routes(), .post, "/api/v1/fleet/nodes/..%2Fetc/drain", json: #"{"reason":"r"}"#, token: "secret")

        #expect(result.status == 400)
    }

    @Test(arguments: [
        (
            RequestOutcome.refused(entry: "d1-4", reason: "no node is named n1"), 422,
            "no node is named n1 (recorded as d1-4)"
        ),
        (.unavailable("another service leads"), 503, "another service leads"),
    ])
    func `what was not done is told`(_ outcome: RequestOutcome, _ status: Int, _ message: String) async throws
    {
        let result = try await answer(
            routes(RequestLog(outcome)), .post, "/api/v1/fleet/nodes/n1/drain", json: #"{"reason":"r"}"#,
            token: "secret")

        #expect(result.status == status)
        #expect(result.body.contains(message))
    }
}
