import PromQL
import Storage
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct APIContextTests {
    private func context(ready: Bool = true) -> APIContext {
        let fleet = SmallFleet()
        let view = fleet.view
        let runtime = RuntimeInformation(
            startTime: fleet.now, workingDirectory: "/", hostname: "h", reloadSucceeded: true,
            configurationLoadedAt: fleet.now, processors: 1, retention: "15d")
        return APIContext(
            engine: StubEngine { (_, _, _) throws(QueryError) in QueryResult(value: .vector([])) },
            source: StubSource(known: []),
            targets: { TargetListing(active: [], dropped: [], droppedCounts: [:]) }, ruleGroups: { [] },
            storage: { _ in StoreStatistics() }, control: { view }, requests: RequestLog().requests,
            audit: fleet.audit, metrics: MetricRegistry(), clock: ManualClock(now: fleet.now),
            configuration: { "" }, flags: [], runtime: { runtime },
            build: BuildInformation(version: "1", revision: "", swiftVersion: "6.3"), isReady: { ready },
            reload: {})
    }

    /// The routes that change something. A new one is added here on purpose or not at all.
    private let changing = [
        "POST, PUT /-/reload", "POST, PUT /api/v1/admin/tsdb/delete_series",
        "POST, PUT /api/v1/admin/tsdb/clean_tombstones", "POST, PUT /api/v1/admin/tsdb/snapshot",
        "POST /api/v1/fleet/nodes/:node/cordon",
        "POST /api/v1/fleet/nodes/:node/drain",
        "POST /api/v1/fleet/nodes/:node/resume", "POST /api/v1/scaling/pause", "POST /api/v1/scaling/resume",
        "POST /api/v1/scaling/workloads/:workload/scale", "POST /api/v1/write",
    ]

    private func name(_ route: Route) -> String {
        route.methods.map(\.rawValue).joined(separator: ", ") + " " + route.pattern
    }

    /// The pattern with something in place of its named segments.
    private func path(_ route: Route) -> String {
        route.pattern.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? "x" : String($0) }.joined(separator: "/")
    }

    @Test func `exactly these routes change something`() {
        #expect(context().routes.filter { $0.role.changesState }.map(name).sorted() == changing.sorted())
    }

    @Test func `only metrics and health are open`() {
        #expect(
            context().routes.filter { $0.role == .open }.map(\.pattern)
                == ["/metrics", "/-/healthy", "/-/ready"])
    }

    @Test func `each route answers by its role: reading without token, changing only with it`() async throws {
        let routes = context().routes

        for route in routes {
            for method in route.methods {
                let (status, body) = try await answer(routes, method, path(route))
                if route.role.changesState {
                    #expect(status == 401, "\(method) \(route.pattern): \(body)")
                } else {
                    #expect(
                        status != 401 && status != 403 && status != 405 && status != 500,
                        "\(method) \(route.pattern): \(body)")
                }
            }
        }
    }

    @Test func `no route that only takes GET and POST for reading takes anything else`() async throws {
        let routes = context().routes

        for route in routes where !route.methods.contains(.delete) {
            #expect(try await answer(routes, .delete, path(route), token: "secret").status == 405)
        }
    }

    @Test func `what needs the store waits for it`() async throws {
        let routes = context(ready: false).routes

        for uri in ["/api/v1/query?query=up", "/api/v1/labels", "/api/v1/fleet", "/-/ready"] {
            #expect(try await answer(routes, .get, uri).status == 503, "\(uri)")
        }
        for uri in ["/metrics", "/-/healthy", "/api/v1/status/buildinfo"] {
            #expect(try await answer(routes, .get, uri).status == 200, "\(uri)")
        }
    }
}
