import Documents
import Testing
import TimeSeries

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
        ("replicas: { max: 5 }, signals: [ { name: l, query: 5, mean: 60 } ]", true),
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

    // MARK: Bounds of durations

    private static let units: [(text: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// A bound, what is just below and just above it, each in all units and as two parts.
    private static func durations(around bound: Int) -> Set<String> {
        var texts: Set<String> = []
        for milliseconds in [bound, bound - 1, bound + 1, bound - 1000, bound + 1000, bound * 2, bound / 2]
        where milliseconds > 0 {
            texts.insert(Duration.milliseconds(milliseconds).prometheusText)
            for (unit, size) in units {
                texts.insert("\(milliseconds / size)\(unit)")
                texts.insert("00\(milliseconds / size + 1)\(unit)")
                if unit != "ms", milliseconds % size != 0 {
                    texts.insert("\(milliseconds / size)\(unit)\(milliseconds % size)ms")
                }
            }
        }
        return texts
    }

    @Test(arguments: [
        ("interval: $", 100, 3_600_000), ("when: { stale_after: $ }", 100, 3_600_000),
        ("when: { zero: $ }", 0, 86_400_000), ("when: { bridge: $ }", 0, 86_400_000),
        ("when: { fallback: { replicas: 2, after: $ } }", 0, 86_400_000),
        ("behaviour: { scale_up: { window: $ } }", 0, 3_600_000),
        ("behaviour: { scale_down: { cooldown: $ } }", 0, 86_400_000),
        ("behaviour: { scale_up: { limit: 4 per $ } }", 1, 86_400_000),
        ("behaviour: { scale_up: { limit: 4 per 1m or 10% per $ or 1 per 1h } }", 1, 86_400_000),
        ("behaviour: { changes: 8 per $ }", 1, 86_400_000),
        ("predict: { signal: l, lead_time: $ }", 0, 86_400_000),
        ("predict: { signal: l, lead_time: measured or $ }", 0, 86_400_000),
        ("predict: { signal: l, hold: $ }", 0, 86_400_000),
        ("predict: { signal: l, step: 1s, history: $ }", 60_000, 7_776_000_000),
        ("predict: { signal: l, step: $ }", 100, 3_600_000),
        ("size: { cpu: { half_life: $ } }", 60_000, 2_592_000_000),
        ("size: { cpu: { max: 2 }, settle: $ }", 10_000, 86_400_000),
        ("schedules: [ { name: s, cron: '0 7 * * *', for: $, min: 2 } ]", 60_000, 2_678_400_000),
    ])
    func `schema and parser have the same bounds of durations`(field: String, least: Int, most: Int) throws {
        let validator = try validator()
        var accepted = 0
        let texts = Self.durations(around: most).union(
            least > 0 ? Self.durations(around: least) : ["0", "0s"])
        for duration in texts.union(["1y", "2w", "7d1h"]) {
            let text =
                "policies: [ { name: p, workload: web, replicas: { max: 5 }, \(Self.signals), "
                + field.replacing("$", with: duration) + " } ]"
            let isRight = parserAccepts(text)
            accepted += isRight ? 1 : 0
            let document = try YAMLDocument.parse(text, file: "p.yml")
            #expect(validator.accepts(document) == isRight, "\(duration)")
        }
        #expect(accepted > 5 && accepted < texts.count)
    }
}
