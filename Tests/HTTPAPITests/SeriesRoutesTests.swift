import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct SeriesRoutesTests {
    private let routes = SeriesRoutes(
        source: StubSource(
            known: [
                Labels(["__name__": "up", "job": "a"]), Labels(["__name__": "up", "job": "b"]),
                Labels(["__name__": "http.status", "job": "b"]),
            ],
            metadata: [
                "b_total": [MetricMetadata(kind: .counter, help: "Bees.")],
                "a": [MetricMetadata(kind: .gauge, help: "x"), MetricMetadata(kind: .gauge, help: "y")],
            ])
    ).routes

    @Test func `series are found by any of several selectors`() async throws {
        let result = try await answer(
            routes, .post, "/api/v1/series",
            form: "match[]=up%7Bjob%3D%22a%22%7D&match[]=%7Bjob%3D%22b%22,__name__!%3D%22up%22%7D")

        #expect(
            result.body == #"{"status":"success","data":[{"__name__":"up","job":"a"},"#
                + #"{"__name__":"http.status","job":"b"}]}"#)
    }

    @Test func `series need a selector`() async throws {
        let result = try await answer(routes, .get, "/api/v1/series")

        #expect(result.status == 400)
        #expect(result.body.contains("no match[] parameter provided"))
    }

    @Test(arguments: ["up%5B5m%5D", "%7B%7D", "up+up", "%7Bjob%3D~%22.*%22%7D"])
    func `what is no selector is refused`(_ text: String) async throws {
        let result = try await answer(routes, .get, "/api/v1/series?match[]=\(text)")

        #expect(result.status == 400)
        #expect(result.body.contains(#"invalid parameter \"match[]\": "#))
    }

    @Test func `names and values of labels are listed`() async throws {
        let names = try await answer(routes, .post, "/api/v1/labels", form: "match[]=up")
        let values = try await answer(routes, .get, "/api/v1/label/job/values?limit=1")

        #expect(names.body == #"{"status":"success","data":["__name__","job"]}"#)
        #expect(
            values.body == #"{"status":"success","data":["a"],"warnings":["results truncated due to limit"]}"#
        )
    }

    @Test(arguments: [
        ("U__http_2e_status", "http.status"), ("U__a__b", "a_b"), ("plain_name", "plain_name"),
        ("U__x_zz_", "U__x_zz_"),
        ("U___1f600_", "\u{1f600}"),
    ])
    func `an escaped name is the name it stands for`(_ escaped: String, _ name: String) {
        #expect(EscapedName.decode(escaped) == name)
    }

    @Test func `metadata is limited by metrics and per metric`() async throws {
        let all = try await answer(routes, .get, "/api/v1/metadata?limit_per_metric=1")
        let one = try await answer(routes, .get, "/api/v1/metadata?metric=b_total")
        let bad = try await answer(routes, .get, "/api/v1/metadata?limit=many")

        #expect(
            all.body == #"{"status":"success","data":{"a":[{"type":"gauge","unit":"","help":"x"}],"#
                + #""b_total":[{"type":"counter","unit":"","help":"Bees."}]}}"#)
        #expect(one.body.contains("b_total") && !one.body.contains(#""a""#))
        #expect(bad.status == 400 && bad.body.contains("limit must be a number"))
    }
}
