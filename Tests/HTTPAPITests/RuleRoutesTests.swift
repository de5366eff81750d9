import Rules
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct RuleRoutesTests {
    private let routes = RuleRoutes(groups: { Self.groups }).routes

    private static let alert = AlertStatus(
        labels: Labels(["alertname": "High", "job": "a"]),
        annotations: Annotations([("summary", "it is high")]),
        state: .firing, activeAt: Timestamp(milliseconds: 1000), value: 150)

    private static let groups = [
        RuleGroupStatus(
            name: "g1", file: "a.rules.yml", interval: .seconds(15),
            rules: [
                RuleStatus(
                    name: "job:up:sum", query: "sum by (job) (up)", labels: .empty, health: .ok,
                    evaluationTime: .milliseconds(2), lastEvaluation: Timestamp(milliseconds: 5500),
                    kind: .recording),
                RuleStatus(
                    name: "High", query: "up > 1", labels: Labels(["severity": "page"]), health: .err,
                    lastError: "boom",
                    kind: .alerting(
                        .init(
                            state: .firing, holdDuration: .seconds(60), keepFiringFor: .zero,
                            annotations: Annotations([("summary", "{{ $value }}")]), alerts: [alert]))),
            ]),
        RuleGroupStatus(name: "g2", file: "b.rules.yml", interval: .seconds(1), rules: []),
    ]

    @Test func `rules are shown as Prometheus shows them`() async throws {
        let (status, body) = try await answer(routes, .get, "/api/v1/rules?rule_group[]=g1")

        #expect(status == 200)
        #expect(
            body == #"{"status":"success","data":{"groups":[{"name":"g1","file":"a.rules.yml","rules":["#
                + #"{"name":"job:up:sum","query":"sum by (job) (up)","health":"ok","evaluationTime":0.002,"#
                + #""lastEvaluation":"1970-01-01T00:00:05.5Z","type":"recording"},"#
                + #"{"state":"firing","name":"High","query":"up > 1","duration":60,"keepFiringFor":0,"#
                + #""labels":{"severity":"page"},"annotations":{"summary":"{{ $value }}"},"alerts":["#
                + #"{"labels":{"alertname":"High","job":"a"},"annotations":{"summary":"it is high"},"state":"firing","#
                + #""activeAt":"1970-01-01T00:00:01Z","value":"1.5e+02"}],"health":"err","lastError":"boom","#
                + #""evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"alerting"}],"#
                + #""interval":15,"limit":0,"evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z"}]}}"#)
    }

    @Test(arguments: [
        ("type=record", ["job:up:sum"], ["High"]), ("type=alert", ["High"], ["job:up:sum"]),
        ("rule_name[]=High", ["High"], ["job:up:sum"]), ("file[]=b.rules.yml", ["g2"], ["g1"]),
        ("match[]=%7Bseverity%3D%22page%22%7D", ["High"], ["job:up:sum"]),
        ("exclude_alerts=true", ["High"], ["it is high"]),
    ])
    func `rules are chosen by parameters`(_ query: String, _ shown: [String], _ hidden: [String]) async throws
    {
        let (_, body) = try await answer(routes, .get, "/api/v1/rules?\(query)")

        for name in shown { #expect(body.contains(name)) }
        for name in hidden { #expect(!body.contains(name)) }
    }

    @Test func `an unknown type is refused`() async throws {
        let (status, body) = try await answer(routes, .get, "/api/v1/rules?type=x")

        #expect(status == 400)
        #expect(body.contains(#"invalid parameter \"type\": not supported value \"x\""#))
    }

    @Test func `groups come in pages`() async throws {
        let first = try await answer(routes, .get, "/api/v1/rules?group_limit=1")
        let token = try #require(
            first.body.split(separator: "groupNextToken\":\"").last?.split(separator: "\"").first)
        let second = try await answer(routes, .get, "/api/v1/rules?group_limit=1&group_next_token=\(token)")
        let wrong = try await answer(routes, .get, "/api/v1/rules?group_limit=1&group_next_token=x")

        #expect(first.body.contains(#""name":"g1""#) && !first.body.contains(#""name":"g2""#))
        #expect(second.body.contains(#""name":"g2""#) && !second.body.contains("groupNextToken"))
        #expect(wrong.status == 400)
    }

    @Test func `alerts are listed flat`() async throws {
        let (_, body) = try await answer(routes, .get, "/api/v1/alerts")

        #expect(body.hasPrefix(#"{"status":"success","data":{"alerts":[{"labels":{"alertname":"High""#))
    }

    @Test(arguments: [
        (0.0, "0e+00"), (1, "1e+00"), (150, "1.5e+02"), (0.00123, "1.23e-03"), (1e21, "1e+21"),
        (-12.5, "-1.25e+01"),
        (.infinity, "+Inf"), (.nan, "NaN"), (1e-10, "1e-10"), (1e100, "1e+100"),
    ])
    func `values of alerts have an exponent`(_ value: Double, _ text: String) {
        #expect(ScientificText.text(value) == text)
    }
}
