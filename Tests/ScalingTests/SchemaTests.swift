import Documents
import Testing

@testable import Scaling

/// The shipped JSON Schema and the parser agree.
struct SchemaTests {
    private func validator() throws -> SchemaValidator {
        let text = try Repository.text("docs/schema/policies.schema.json")
        return SchemaValidator(root: try YAMLDocument.parse(text, file: "schema"))
    }

    private func parserAccepts(_ text: String) -> Bool {
        (try? PolicyFile.parse(text, file: "p.yml")) != nil
    }

    @Test(arguments: ["rules/demo.policies.yml"])
    func `shipped policies are accepted by both`(path: String) throws {
        let text = try Repository.text(path)

        #expect(try PolicyFile.load([(name: path, text: text)]).isEmpty == false)
        #expect(try validator().accepts(try YAMLDocument.parse(text, file: path)))
    }

    @Test
    func `every whole policy in the documentation is accepted by both`() throws {
        let blocks = try Repository.text("docs/scaling.md").split(separator: "```yaml\n").dropFirst()
        let files = blocks.map { String($0.prefix(upTo: $0.firstRange(of: "```")!.lowerBound)) }
            .filter { $0.hasPrefix("policies:") }

        #expect(files.count == 5)
        for file in files {
            #expect(parserAccepts(file), "\(file)")
            #expect(try validator().accepts(try YAMLDocument.parse(file, file: "docs")), "\(file)")
        }
    }

    @Test(arguments: ["", "policies:\n", "policies: []\n"])
    func `a file without policies is right`(text: String) throws {
        #expect(try validator().accepts(try YAMLDocument.parse(text, file: "p.yml")) == parserAccepts(text))
    }

    private static let signals = "signals: [ { name: l, query: up, per_replica: 5 } ]"

    @Test(arguments: [
        ("replicas: { min: 0, max: 5 }, \(signals)", true),
        ("replicas: { max: 5 }, \(signals), mode: shadow, interval: 500ms", true),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 60% } ]", true),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 1m30s } ]", true),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, drain_rate: 2, drain_within: 3s } ]", true),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, steps: [ 'above 5%: +10%' ] } ]", true),
        (
            "replicas: { max: 5 }, \(signals), predict: { signal: l, lead_time: measured or 5s, risk: 5% }",
            true
        ),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, premium: 15% }", true),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, premium: unbounded }", true),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, premium: none }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { changes: 8 per 1h }", true),
        (
            "replicas: { max: 5 }, \(signals), behaviour: { scale_up: { limit: 10% per 1m or 4 per 1m } }",
            true
        ),
        (
            "replicas: { max: 5 }, \(signals), behaviour: { scale_down: { limit: blocked, tolerance: 5% } }",
            true
        ),
        ("replicas: { max: 5 }, \(signals), when: { stale_after: 1m, missing: ignore }", true),
        ("replicas: { max: 5 }, \(signals), combine: sum", true),
        ("replicas: { min: 0, max: 5 }, \(signals), idle: { after: 10m }", true),
        ("replicas: { max: 5 }, \(signals), victims: newest", true),
        (
            "replicas: { max: 5 }, \(signals), "
                + "pauses: [ { direction: down, owner: ada, reason: fair, until: 2026-12-01T08:00:00Z } ]",
            true
        ),
        (
            "replicas: { max: 5 }, \(signals), pauses: [ { owner: a, reason: b, until: 2026-12-01T08:00:00+01:00 } ]",
            true
        ),
        ("replicas: { max: 5 }, \(signals), pauses: [ { owner: a, reason: b, until: tomorrow } ]", false),
        (
            "replicas: { max: 5 }, \(signals), pauses: [ { owner: ' ', reason: b, until: 2026-12-01T08:00:00Z } ]",
            false
        ),
        ("replicas: { max: 5 }, \(signals), pauses: [ { reason: b, until: 2026-12-01T08:00:00Z } ]", false),
        (
            "replicas: { max: 5 }, \(signals), "
                + "pauses: [ { direction: left, owner: a, reason: b, until: 2026-12-01T08:00:00Z } ]", false
        ),
        ("replicas: { max: 5 }, \(signals), victims: { least: sum by (replica) (up) }", true),
        ("replicas: { max: 5 }, \(signals), when: { partial: { above: 90% }, zero: 5m, bridge: 10m }", true),
        ("replicas: { max: 5 }, \(signals), when: { partial: ignore }", true),
        ("replicas: { max: 5 }, \(signals), when: { partial: hold }", true),
        (
            "replicas: { max: 5 }, \(signals), "
                + "schedules: [ { name: s, from: '07:30', to: '19:00', days: mon-fri, zone: Europe/Berlin, min: 3 } ]",
            true
        ),
        (
            "replicas: { max: 5 }, \(signals), schedules: [ { name: s, cron: '0 7 * * mon', for: 2h, replicas: 3 } ]",
            true
        ),
        (
            "replicas: { max: 5 }, signals: [ { name: l, query: up, per_replica: learned or 5 from p }, "
                + "{ name: p, query: up, objective: 250ms } ]",
            true
        ),
        ("replicas: { max: 5 }, \(signals), schedules: [ { name: s, cron: '0 7 * * mon', min: 3 } ]", false),
        ("replicas: { max: 5 }, \(signals), schedules: [ { name: s, from: '07:30', to: '19:00' } ]", false),
        ("replicas: { max: 5 }, \(signals), victims: least", false),
        ("replicas: { max: 5 }, \(signals), combine: product", false),
        ("replicas: { max: 0 }, \(signals)", false),
        ("replicas: { min: -1, max: 5 }, \(signals)", false),
        ("replicas: { min: 1 }, \(signals)", false),
        ("replicas: { max: 5 }", false),
        ("replicas: { max: 5 }, signals: []", false),
        ("replicas: { max: 5 }, \(signals), mode: on", false),
        ("replicas: { max: 5 }, \(signals), speed: 3", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 1, per_replica: 2 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 60x } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: -5 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, drain_rate: 2 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, steps: [ 'at 5: +1' ] } ]", false),
        ("replicas: { max: 5 }, \(signals), predict: { lead_time: 3m }", false),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, risk: 5 }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { changes: 8 }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { scale_up: { limit: 4 } }", false),
        ("replicas: { max: 5 }, \(signals), when: { stale: maybe }", false),
        (
            "replicas: { max: \"40\" }, \(signals), schedules: [ { name: s, from: 07:30, to: 19:00, min: 3 } ]",
            true
        ),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, per_replica: 0 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, per_replica: -1 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, per_replica: .inf } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, objective: 0ms } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, drain_rate: 0, drain_within: 3s } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 5, drain_within: 3s } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 5, drain_rate: 3 } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, steps: [ 'above 5: +0' ] } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, steps: [ 'above 5: +1.5' ] } ]", false),
        ("replicas: { max: 5 }, signals: [ { name: l, query: up, steps: [ 'below -5: -1.5%' ] } ]", true),
        ("replicas: { max: 5 }, \(signals), interval: 15", false),
        ("replicas: { max: 5 }, \(signals), interval: 0s", false),
        ("replicas: { max: 5 }, \(signals), when: { zero: 0 }", true),
        ("replicas: { max: 5 }, \(signals), when: { zero: 10 }", false),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, risk: 0% }", false),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, risk: 60% }", false),
        (
            "replicas: { max: 5 }, \(signals), predict: { signal: l, risk: 0.1%, band: 50%, headroom: 200% }",
            true
        ),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, band: 60% }", false),
        ("replicas: { max: 5 }, \(signals), predict: { signal: l, headroom: 300% }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { scale_up: { tolerance: 200% } }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { scale_up: { limit: 0 per 15s } }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { scale_up: { limit: 5 per abc } }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { scale_up: { limit: 5 per 0s } }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { changes: 0 per 1h }", false),
        ("replicas: { max: 5 }, \(signals), behaviour: { changes: 513 per 1h }", false),
        (
            "replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 5, weight: 2 } ], combine: max",
            false
        ),
        (
            "replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 5, weight: 2 } ], combine: sum",
            false
        ),
        (
            "replicas: { max: 5 }, signals: [ { name: l, query: up, mean: 5, weight: 2 } ], combine: mean",
            true
        ),
        ("replicas: { max: 5 }, \(signals), idle: { after: 10m }", false),
        ("replicas: { min: 0, max: 5 }, signals: [ { name: l, query: up, mean: 5 } ]", false),
        ("replicas: { max: 5 }, \(signals), size: { apply: resize }", false),
        ("replicas: { max: 5 }, \(signals), size: { cpu: { min: 3GiB } }", false),
        ("replicas: { max: 5 }, \(signals), size: { cpu: { min: 100m }, memory: { max: 4GiB } }", true),
    ])
    func `schema and parser say the same of a sample`(fields: String, isRight: Bool) throws {
        let text = "policies: [ { name: p, workload: web, \(fields) } ]"

        #expect(parserAccepts(text) == isRight)
        #expect(try validator().accepts(try YAMLDocument.parse(text, file: "p.yml")) == isRight)
    }
}
