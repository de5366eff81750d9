import Control
import Fleet
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct ScalingRoutesTests {
    private let fleet = SmallFleet()

    private func routes(_ log: RequestLog = RequestLog()) -> [Route] {
        let view = fleet.view
        return ScalingRoutes(
            view: { view }, requests: log.requests, audit: fleet.audit, clock: ManualClock(now: fleet.now)
        ).routes + AuditRoutes(audit: fleet.audit).routes
    }

    @Test func `policies are shown with what they measured and decided`() async throws {
        let (status, body) = try await answer(routes(), .get, "/api/v1/scaling")

        #expect(status == 200)
        #expect(
            body.contains(
                #""policies":[{"name":"reactive","workload":"web","mode":"active","inCharge":true,"#))
        #expect(
            body.contains(
                #""signals":[{"name":"load","query":"sum(load)","unit":"plain","target":{"kind":"perReplica","value":50},"#
                    + #""reading":{"state":"value","value":120,"measuredAt":"2023-11-14T22:13:20Z"},"outlook":null}]"#
            ))
        #expect(
            body.contains(#""from":2,"desired":3,"reasons":[{"kind":"signal","subject":"load","count":3,"#))
        #expect(body.hasSuffix(#""pauses":[],"freeze":null}}"#))
    }

    @Test func `decisions come newest first and are chosen by kind`() async throws {
        let all = try await answer(routes(), .get, "/api/v1/scaling/decisions")
        let scaling = try await answer(
            routes(), .get, "/api/v1/scaling/decisions?kind=scaling&workload=web&limit=1")
        let none = try await answer(routes(), .get, "/api/v1/scaling/decisions?workload=db")

        #expect(all.body.contains(#""kind":"scaling""#) && all.body.contains(#""kind":"leadership""#))
        #expect(scaling.body.contains(#""policy":"reactive","from":2,"desired":3"#))
        #expect(none.body == #"{"status":"success","data":{"decisions":[]}}"#)
    }

    @Test func `a kind that there is not is refused`() async throws {
        let (status, body) = try await answer(routes(), .get, "/api/v1/scaling/decisions?kind=scalings")

        #expect(status == 400)
        #expect(body.contains("known are configuration, scaling,"), "\(body)")
    }

    @Test func `one decision is explained`() async throws {
        let id = try #require(fleet.entries.first { $0.kind == .scaling }?.id)

        let found = try await answer(routes(), .get, "/api/v1/scaling/decisions/\(id)")
        let missing = try await answer(routes(), .get, "/api/v1/scaling/decisions/d9-9")

        #expect(found.body.contains(#""id":"\#(id)""#) && found.body.contains(#""text":"start "#))
        #expect(found.body.contains("in the log flyball.example"))
        #expect(found.body.contains("its proof: /api/v1/audit/proof/inclusion?index="))
        #expect(missing.status == 404)
    }

    @Test func `a count is set`() async throws {
        let log = RequestLog()

        let result = try await answer(
            routes(log), .post, "/api/v1/scaling/workloads/web/scale",
            json: #"{"count":5,"reason":"launch"}"#,
            token: "secret")

        #expect(result.status == 200)
        #expect(log.last?.action == .scale(WorkloadID("web")!, to: 5))
    }

    @Test(arguments: [
        (#"{"reason":"r"}"#, #"needs \"count\""#),
        (#"{"count":-1,"reason":"r"}"#, "count must be a whole number"),
        (#"{"count":1.5,"reason":"r"}"#, "count must be a whole number"),
        (#"{"count":1}"#, #"needs \"reason\""#),
    ])
    func `a bad count is refused`(_ json: String, _ message: String) async throws {
        let result = try await answer(
            routes(), .post, "/api/v1/scaling/workloads/web/scale", json: json, token: "secret")

        #expect(result.status == 400)
        #expect(result.body.contains(message), "\(result.body)")
    }

    @Test func `a workload is paused for a time, the fleet where none is named`() async throws {
        let log = RequestLog()
        let until = fleet.now + .seconds(1800)

        _ = try await answer(
            routes(log), .post, "/api/v1/scaling/pause",
            json: #"{"workload":"web","for":"30m","reason":"r"}"#,
            token: "secret")
        #expect(log.last?.action == .pause(WorkloadID("web")!, until: until))
        _ = try await answer(
            routes(log), .post, "/api/v1/scaling/pause", json: #"{"for":"30m","reason":"r"}"#, token: "secret"
        )
        #expect(log.last?.action == .pause(nil, until: until))
        _ = try await answer(
            routes(log), .post, "/api/v1/scaling/resume", json: #"{"workload":"web","reason":"r"}"#,
            token: "secret")
        #expect(log.last?.action == .resume(WorkloadID("web")!))
    }

    @Test(arguments: [
        #"{"reason":"r"}"#, #"{"for":"long","reason":"r"}"#, #"{"for":"1h","workload":"A!","reason":"r"}"#,
    ])
    func `a pause needs a time and a real name`(_ json: String) async throws {
        let log = RequestLog()

        let result = try await answer(
            routes(log), .post, "/api/v1/scaling/pause", json: json, token: "secret")

        #expect(result.status == 400)
        #expect(log.count == 0)
    }

    @Test func `the audit log is read from an index, its end by default`() async throws {
        let size = fleet.entries.count
        let last = try await answer(routes(), .get, "/api/v1/audit?limit=1")
        let first = try await answer(routes(), .get, "/api/v1/audit?from=0&limit=1")

        #expect(last.body.contains(#""size":\#(size),"entries":[{"index":\#(size - 1),"#))
        #expect(first.body.contains(#""entries":[{"index":0,"#))
    }

    @Test func `checkpoint and proof are served`() async throws {
        let checkpoint = try await answer(routes(), .get, "/api/v1/audit/checkpoint")
        let proof = try await answer(routes(), .get, "/api/v1/audit/proof/inclusion?index=0")
        let missing = try await answer(routes(), .get, "/api/v1/audit/proof/inclusion?index=99")
        let unnamed = try await answer(routes(), .get, "/api/v1/audit/proof/inclusion")

        #expect(checkpoint.body.hasPrefix("flyball.example\n"))
        #expect(proof.body.contains(#"{"index":0,"treeSize":\#(fleet.entries.count),"root":"6e340b9c"#))
        #expect(missing.status == 404)
        #expect(unnamed.status == 400)
    }
}
