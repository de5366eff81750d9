import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct LifecycleRoutesTests {
    private struct Broken: Error, CustomStringConvertible { let description = "flyball.yml:3:1: unknown key" }

    private func routes(
        ready: Bool = true, reload: @escaping @Sendable () async throws -> Void = {}
    ) -> [Route] {
        let metrics = MetricRegistry()
        metrics.observe("flyball_a", "An a.") { 1 }
        return LifecycleRoutes(metrics: metrics, isReady: { ready }, reload: reload).routes
    }

    @Test func `metrics are open`() async throws {
        #expect(
            try await answer(routes(), .get, "/metrics").body
                == "# HELP flyball_a An a.\n# TYPE flyball_a gauge\nflyball_a 1\n")
    }

    @Test func `readiness is told from health`() async throws {
        #expect(try await answer(routes(ready: false), .get, "/-/healthy").status == 200)
        #expect(try await answer(routes(ready: false), .get, "/-/ready").status == 503)
        #expect(try await answer(routes(), .get, "/-/ready").status == 200)
    }

    @Test func `a reload needs the token and says what is wrong`() async throws {
        let broken = routes { throw Broken() }

        #expect(try await answer(routes(), .post, "/-/reload").status == 401)
        #expect(try await answer(routes(), .put, "/-/reload", token: "secret").status == 200)
        #expect(try await answer(routes(), .get, "/-/reload", token: "secret").status == 405)
        let result = try await answer(broken, .post, "/-/reload", token: "secret")
        #expect(result.status == 500)
        #expect(result.body == "failed to reload config: flyball.yml:3:1: unknown key\n")
    }

    @Test func `the status tells configuration, flags, runtime and version`() async throws {
        let runtime = RuntimeInformation(
            startTime: Timestamp(milliseconds: 0), workingDirectory: "/srv", hostname: "h",
            reloadSucceeded: false,
            reloadError: "line 3", configurationLoadedAt: Timestamp(milliseconds: 1000), processors: 2,
            retention: "15d")
        let status = StatusRoutes(
            configuration: { "a: 1\n" }, flags: [(name: "config.file", value: "flyball.yml")],
            runtime: { runtime },
            build: BuildInformation(version: "1.2.3", revision: "abc", swiftVersion: "6.3"),
            clock: ManualClock(now: Timestamp(milliseconds: 2000))
        ).routes

        func data(_ name: String) async throws -> String {
            try await answer(status, .get, "/api/v1/status/\(name)").body
        }
        #expect(try await data("config") == #"{"status":"success","data":{"yaml":"a: 1\n"}}"#)
        #expect(try await data("flags") == #"{"status":"success","data":{"config.file":"flyball.yml"}}"#)
        #expect(try await data("buildinfo").contains(#""version":"1.2.3""#))
        let shown = try await data("runtimeinfo")
        #expect(shown.contains(#""reloadConfigSuccess":false,"reloadConfigError":"line 3""#))
        #expect(shown.contains(#""serverTime":"1970-01-01T00:00:02Z""#))
    }
}
