import Journal
import PromQL
import Storage
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

/// `/api/v1/admin/tsdb/...` over a store.
struct AdminRoutesTests {
    private let disk = SimulatedDisk()
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func open() throws -> Store { try Store(disk: disk, now: now) }

    private func routes(_ store: Store?) -> [Route] {
        let administration = store.map { store in
            StoreAdministration(
                deleteSeries: { try store.delete($0, in: $1) },
                cleanTombstones: { try store.removeDeleted() },
                snapshot: { $0 ? "without-head" : "whole" })
        }
        return AdminRoutes(administration: administration).routes
            + (store.map { SeriesRoutes(source: $0).routes } ?? [])
    }

    private func fill(_ store: Store) {
        for name in ["a", "b"] {
            let samples = (0..<100).map { Sample(now + .seconds(15 * $0), Double($0)) }
            _ = store.append([
                SeriesSamples(labels: Labels(["__name__": name, "job": "j"]), samples: samples)
            ])
        }
    }

    private func series(_ store: Store) async throws -> Int {
        let range = now...(now + .seconds(86_400))
        return try await store.select([Selection([], in: range)])[0].reduce(0) { $0 + $1.values.count }
    }

    @Test(arguments: [
        DiskError(call: "write", path: "x", code: 28, message: "No space left on device"),
        DiskError(call: "fdatasync", path: "x", code: 5, message: "Input/output error"),
    ])
    func `a disk that is full or fails is answered as everywhere, and not as a mistake of the service`(
        full: DiskError
    ) async throws {
        let routes = AdminRoutes(
            administration: StoreAdministration(
                deleteSeries: { _, _ in throw LogError.disk(full) }, cleanTombstones: { throw full },
                snapshot: { _ in throw full })
        ).routes
        for path in ["delete_series?match[]=a", "clean_tombstones", "snapshot"] {
            let (status, body) = try await answer(
                routes, .post, "/api/v1/admin/tsdb/" + path, token: "secret")
            #expect(status == 503)
            #expect(body.contains(full.message))
        }
    }

    @Test func `switched off, they say so as Prometheus does`() async throws {
        for path in ["delete_series?match[]=a", "clean_tombstones", "snapshot"] {
            for method in [Web.Method.post, .put] {
                let (status, body) = try await answer(
                    routes(nil), method, "/api/v1/admin/tsdb/" + path, token: "secret")
                #expect(status == 503)
                #expect(
                    body == #"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#)
            }
        }
    }

    @Test func `they want the token and a method that changes something`() async throws {
        let store = try open()
        fill(store)
        let path = "/api/v1/admin/tsdb/delete_series?match[]=a"
        #expect(try await answer(routes(store), .post, path).status == 401)
        #expect(try await answer(routes(store), .get, path, token: "secret").status == 405)
        #expect(try await series(store) == 200)
    }

    @Test func `a deletion takes a range, survives a restart, and cleaning takes it out`() async throws {
        let store = try open()
        fill(store)
        let start = (now + .seconds(150)).seconds
        let end = (now + .seconds(300)).seconds

        let (status, body) = try await answer(
            routes(store), .post, "/api/v1/admin/tsdb/delete_series?match[]=a&start=\(start)&end=\(end)",
            token: "secret")

        #expect(status == 204 && body.isEmpty)
        #expect(try await series(store) == 200 - 11)
        disk.crash()
        let reopened = try open()
        // Only the deletion was made durable on purpose; what came before it stands in front of it in the log.
        #expect(try await series(reopened) == 200 - 11)
        #expect(reopened.statistics().tombstones == 1)

        let cleaned = try await answer(
            routes(reopened), .put, "/api/v1/admin/tsdb/clean_tombstones", token: "secret")

        #expect(cleaned.status == 204)
        #expect(reopened.statistics().tombstones == 0)
        #expect(reopened.statistics().samples == 200 - 11)
        disk.crash()
        #expect(try await series(try open()) == 200 - 11)
    }

    @Test func `several selectors delete what any of them meets`() async throws {
        let store = try open()
        fill(store)
        _ = try await answer(
            routes(store), .post, "/api/v1/admin/tsdb/delete_series",
            form: "match[]=a&match[]=%7Bjob%3D%22j%22%7D",
            token: "secret")
        #expect(try await series(store) == 0)
    }

    @Test func `bad parameters are refused and nothing is deleted`() async throws {
        let store = try open()
        fill(store)
        for (query, message) in [
            ("", "no match[] parameter provided"), ("?match[]=a&start=x", "start"), ("?match[]={", "match[]"),
        ] {
            let (status, body) = try await answer(
                routes(store), .post, "/api/v1/admin/tsdb/delete_series" + query, token: "secret")
            #expect(status == 400 && body.contains(message), "\(query): \(body)")
        }
        #expect(try await series(store) == 200)
        let flag = try await answer(
            routes(store), .post, "/api/v1/admin/tsdb/snapshot?skip_head=maybe", token: "secret")
        #expect(flag.status == 400 && flag.body.contains("skip_head"))
    }

    @Test func `a snapshot names its folder`() async throws {
        let store = try open()
        for (query, name) in [("", "whole"), ("?skip_head=true", "without-head"), ("?skip_head=0", "whole")] {
            let (status, body) = try await answer(
                routes(store), .post, "/api/v1/admin/tsdb/snapshot" + query, token: "secret")
            #expect(status == 200)
            #expect(body == #"{"status":"success","data":{"name":"\#(name)"}}"#)
        }
    }
}
