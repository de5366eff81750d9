import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

struct PolicyFileTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try PolicyFile.load([(name: "p.yml", text: text)])
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func policy(_ lines: String) -> String {
        "policies:\n- name: p\n  workload: web\n  replicas: { max: 5 }\n" + lines
    }

    private let signal = "  signals: [ { name: load, query: up, per_replica: 50 } ]\n"

    @Test
    func `a policy with every key is read`() throws {
        let text = """
            policies:
            - name: all
              workload: web.front
              mode: dry-run
              replicas: { min: 2, max: 40 }
              interval: 5s
              signals:
              - { name: load, query: sum(x), per_replica: 50 }
              - { name: cpu, query: avg(x), mean: 60% }
              - { name: latency, query: p99, objective: 250ms, when: { not_a_number: ignore } }
              - { name: jobs, query: sum(q), drain_rate: 2.5, drain_within: 30s }
              - { name: memory, query: m, steps: [ "above 1GiB: +20%", "below 100MiB: -1" ] }
              predict: { signal: load, lead_time: 3m, hold: 10m, risk: 5%, history: 7d, step: 30s }
              behaviour:
                scale_up: { window: 30s, limit: 100% per 1m or 4 per 1m, tolerance: 5% }
                scale_down: { window: 10m, limit: 10% per 1m and 3 per 5m, tolerance: 15% }
                changes: 8 per 1h
                change_cost: 10m
              when: { stale_after: 20s, stale: ignore }
            """

        let policy = try #require(try PolicyFile.load([(name: "p.yml", text: text)]).first)

        #expect(policy.mode == .dryRun)
        #expect(
            policy.signals.map(\.target) == [
                .perReplica(50), .mean(0.6), .objective(0.25), .backlog(rate: 2.5, within: .seconds(30)),
                .steps([
                    SignalPolicy.Step(.above(1_073_741_824), .share(0.2)),
                    SignalPolicy.Step(.below(104_857_600), .replicas(-1)),
                ]),
            ])
        #expect(policy.signals[2].whenNotFinite == .ignore)
        #expect(policy.signals.allSatisfy { $0.whenStale == .ignore && $0.whenMissing == .hold })
        #expect(
            policy.prediction
                == Prediction(
                    signal: "load", leadTime: .fixed(.seconds(180)), hold: .seconds(600), risk: 0.05,
                    history: .seconds(7 * 86_400), step: .seconds(30)))
        #expect(
            policy.behaviour.down.limit
                == .smallest([
                    VelocityLimit.Rate(.share(0.1), per: .seconds(60)),
                    VelocityLimit.Rate(.replicas(3), per: .seconds(300)),
                ]))
        #expect(
            policy.behaviour.flapBudget == ScalingBehaviour.FlapBudget(changes: 8, period: .seconds(3600)))
        #expect(policy.behaviour.changeCost == .seconds(600))
        #expect(policy.staleAfter == .seconds(20))
    }

    @Test
    func `what is left out has the documented default`() throws {
        let policy = try #require(try PolicyFile.load([(name: "p.yml", text: policy(signal))]).first)

        #expect(policy.mode == .active)
        #expect(policy.minReplicas == 1)
        #expect(policy.interval == .seconds(15))
        #expect(policy.staleAfter == .seconds(45))
        #expect(policy.behaviour == ScalingBehaviour())
        #expect(policy.prediction == nil)
    }

    @Test(arguments: [
        ("", 0.25), (", premium: 0%", 0), (", premium: 15%", 0.15), (", premium: unbounded", nil),
    ])
    func `a premium is a quarter, a share, or unbounded`(text: String, premium: Double?) throws {
        let text = policy(signal + "  predict: { signal: load\(text) }\n")

        let policy = try #require(try PolicyFile.load([(name: "p.yml", text: text)]).first)

        #expect(try #require(policy.prediction).premium == premium)
    }

    @Test(arguments: [
        ("  replica: 3\n", "p.yml:5:3: unknown key \"replica\" in a policy"),
        ("  interval: 1\n", "p.yml:5:13: interval must be a duration such as 30s"),
        ("  mode: off\n", "p.yml:5:9: mode must be \"active\" or \"dry-run\" or \"shadow\", found \"off\""),
        (
            "  behaviour: { scale_up: { limit: 4 per minute } }\n",
            "p.yml:5:35: limit must be \"none\", \"blocked\", a rate"
        ),
        (
            "  behaviour: { changes: 600 per 1h }\n",
            "p.yml:5:25: changes must be such as \"8 per 1h\": 1 to 512 changes, per up to 1d, found \"600 per 1h\""
        ),
        (
            "  when: { partial: 80% }\n",
            "p.yml:5:20: partial must be \"hold\", \"ignore\" or { above: 80%, scale_down: 10% }, found \"80%\""
        ),
        (
            "  predict: { signal: load, seasons: [ 8d ] }\n",
            "p.yml:5:12: a season of 8d has to be of two steps (1m) or more, and to come twice within the history of 2w"
        ),
        (
            "  predict: { signal: load, seasons: [ 1m ] }\n",
            "p.yml:5:12: a season of 1m has to be of two steps (1m) or more"
        ),
        (
            "  predict: { signal: load, seasons: [ 1h, 1d, 7d ] }\n",
            "p.yml:5:37: at most 2 seasons are allowed, of different lengths"
        ),
        (
            "  predict: { signal: load, seasons: [ daily ] }\n",
            "p.yml:5:39: a season must be a duration such as 1d or 7d, found \"daily\""
        ),
        (
            "  predict: { signal: load, history: 10m, step: 1h }\n",
            "p.yml:5:12: a history of 10m has fewer than the 30 values that a model needs, 1h apart"
        ),
        (
            "  interval: 10m\n  predict: { signal: load, history: 4h }\n",
            "p.yml:6:12: a history of 4h has fewer than the 30 values that a model needs, 10m apart"
        ),
        ("  predict: { signal: lod }\n", "p.yml:5:12: no signal \"lod\"; known are \"load\""),
        ("  predict: { signal: load, risk: 0 }\n", "p.yml:5:34: risk must be a percentage from 0.1% to 50%"),
        (
            "  predict: { signal: load, premium: 120% }\n",
            "p.yml:5:37: premium must be \"unbounded\" or a percentage from 0% to 100%, found \"120%\""
        ),
        (
            "  when: { fallback: { replicas: 6 } }\n",
            "p.yml:5:9: the fallback of 6 replicas is above max 5"
        ),
        ("  when: { stale: drop }\n", "p.yml:5:18: stale must be \"hold\" or \"ignore\", found \"drop\""),
    ])
    func `a wrong value is named with its place and what is allowed`(lines: String, message: String) {
        let found = problems(policy(lines + signal))

        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(message) == true, "\(found)")
    }

    @Test(arguments: [
        (
            "{ name: l, query: up }",
            "exactly one of per_replica, mean, drain_rate, objective, steps; found none"
        ),
        ("{ name: l, query: up, mean: 1, per_replica: 2 }", "found per_replica and mean"),
        ("{ name: l, query: up, per_replica: 0 }", "per_replica must be a number such as 50"),
        (
            "{ name: l, query: up, per_replica: -3 }",
            "above 0, or \"learned or 50 from SIGNAL\", found \"-3\""
        ),
        (
            "{ name: l, query: up, per_replica: nan }",
            "above 0, or \"learned or 50 from SIGNAL\", found \"nan\""
        ),
        ("{ name: l, query: ' ', per_replica: 1 }", "query is not PromQL: no expression found"),
        ("{ name: l, query: 'sum(rate(x[5m))', per_replica: 1 }", "p.yml:5:48: query is not PromQL"),
        (
            "{ name: l, query: 'x[5m]', per_replica: 1 }",
            "query must yield a number, this one yields a range vector"
        ),
        ("{ name: l, query: up, drain_rate: 5 }", "a signal needs \"drain_within\""),
        ("{ name: l, query: up, steps: [] }", "needs at least one step"),
        ("{ name: l, query: up, steps: [ 'over 5: +1' ] }", "a step must be such as"),
        ("{ name: l, query: up, steps: [ 'above 5: +1', 'below 1%: -1' ] }", "must have one unit"),
        (
            "{ name: l, query: up, steps: [ 'above 80%: +1', 'above 90%: +2' ] }",
            "p.yml:5:62: this step never applies: wherever it would, \"above 80%: +1\" above it does; put it before that one"
        ),
        ("{ name: l, query: up, steps: [ 'below 20: -1', 'below 20: -2' ] }", "this step never applies"),
        ("{ name: l/m, query: up, mean: 1 }", "name must be 1 to 63 letters"),
    ])
    func `a wrong signal is refused`(signal: String, message: String) {
        let found = problems(policy("  signals: [ \(signal) ]\n"))

        #expect(found.joined().contains(message), "\(found)")
    }

    @Test
    func `a policy without a name or target is told what it may have`() {
        let found = problems(
            "policies:\n- size: { cpu: {} }\n  wrkload: web\n  replicas: { max: 4 }\n" + signal)

        #expect(found.contains("p.yml:2:3: a policy needs \"workload\" or \"node_pool\""), "\(found)")
        #expect(found.filter { $0.contains("unknown key") }.map { $0.contains("size") } == [true], "\(found)")
        #expect(!found.joined().contains("unknown key \"size\""), "\(found)")
    }

    @Test
    func `a partial reading may hold the count, as the other qualities may`() throws {
        let text = policy("  when: { partial: hold }\n" + signal)

        let policy = try #require(try PolicyFile.load([(name: "p.yml", text: text)]).first)

        #expect(policy.partial == ScalingPolicy.PartialRule(above: 1, scaleDown: 0))
    }

    @Test(
        arguments: [
            ("", nil), (", seasons: []", []),
            (", seasons: [ 7d, 1d ]", [.seconds(604_800), .seconds(86_400)]),
        ] as [(String, [Duration]?)])
    func `seasons are found, or said`(seasons: String, expected: [Duration]?) throws {
        let text = policy("  predict: { signal: load\(seasons) }\n" + signal)
        let read = try #require(try PolicyFile.load([(name: "p.yml", text: text)]).first)
        let prediction = try #require(read.prediction)

        #expect(prediction.seasons == expected)
        #expect(
            prediction.periods(stepSeconds: 60) == expected.map { $0.isEmpty ? [] : [1440, 10_080] })
    }

    @Test
    func `what is about replicas is refused for a pool of nodes`() {
        let text =
            "policies:\n- name: p\n  node_pool: spot\n  replicas: { max: 5 }\n  victims: newest\n"
            + "  size: { cpu: { min: 100m, max: 4 } }\n" + signal

        let found = problems(text)

        #expect(found.count == 2, "\(found)")
        #expect(found.allSatisfy { $0.contains("nodes of a pool have none of it") })
    }

    @Test
    func `a minimum above the maximum is refused`() {
        let text =
            "policies: [ { name: p, workload: web, replicas: { min: 6, max: 5 }, signals: [ { name: l, query: up, mean: 1 } ] } ]"

        #expect(problems(text) == ["p.yml:1:56: min 6 is above max 5"])
    }

    @Test
    func `a signal that changes its meaning with the count is not predicted`() {
        let found = problems(
            policy("  signals: [ { name: l, query: up, mean: 1 } ]\n  predict: { signal: l }\n"))

        #expect(found.count == 1)
        #expect(found.first?.contains("\"l\" cannot be predicted") == true)
    }

    @Test
    func `two active policies for one workload are refused, in one file or two`() {
        let text = policy(signal)
        let other = text.replacing("name: p", with: "name: q")

        #expect(throws: DocumentError.self) {
            try PolicyFile.load([(name: "a.yml", text: text), (name: "b.yml", text: other)])
        }
        do {
            _ = try PolicyFile.load([(name: "a.yml", text: text), (name: "b.yml", text: other)])
        } catch {
            #expect(
                error.description
                    == "b.yml:2:3: workload \"web\" already has the active policy \"p\" at a.yml:2:3; "
                    + "give one of them \"mode: shadow\" or \"mode: dry-run\"")
        }
    }

    @Test
    func `a shadow stands beside an active policy`() throws {
        let text = policy(signal)
        let other = policy("  mode: shadow\n" + signal).replacing("name: p", with: "name: q")

        #expect(try PolicyFile.load([(name: "a.yml", text: text), (name: "b.yml", text: other)]).count == 2)
    }

    @Test
    func `a name used twice is refused`() {
        let found = problems(
            policy(signal) + policy("  mode: shadow\n" + signal).dropFirst("policies:\n".count))

        #expect(found == ["p.yml:6:3: the name \"p\" is taken by the policy at p.yml:2:3"])
    }

    @Test
    func `a workload that does not exist is refused`() {
        do {
            _ = try PolicyFile.load(
                [(name: "p.yml", text: policy(signal))], workloads: [WorkloadID("api")!, WorkloadID("db")!])
            Issue.record("accepted")
        } catch {
            #expect(error.description == "p.yml:2:3: no workload \"web\"; known are api, db")
        }
    }

    @Test
    func `a policy survives its journal record`() throws {
        let text = try Repository.text("rules/demo.policies.yml")
        let policies = try PolicyFile.load([(name: "demo", text: text)])

        let bytes = CanonicalJSON.encode(policies)

        #expect(try CanonicalJSON.decode([ScalingPolicy].self, from: bytes) == policies)
    }
}

struct PolicyFeatureFileTests {
    private func read(_ lines: String) throws -> ScalingPolicy {
        try #require(
            try PolicyFile.load([(name: "p.yml", text: "policies:\n- name: p\n  workload: web\n" + lines)])
                .first)
    }

    private func problems(_ lines: String) -> [String] {
        do {
            _ = try read(lines)
            return []
        } catch let error as DocumentError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test
    func `schedules, idling, combination, qualities and victims are read`() throws {
        let policy = try read(
            """
              replicas: { min: 0, max: 40 }
              signals:
              - { name: load, query: sum(x), per_replica: learned or 50 from latency, activation: 2, weight: 3 }
              - { name: latency, query: p99, objective: 250ms }
              combine: mean
              idle: { after: 10m }
              schedules:
              - { name: office, days: mon-fri, from: '07:30', to: '19:00', zone: Europe/Berlin, min: 10, max: 30 }
              - { name: drop, cron: 0 18 24 12 *, for: 6h, replicas: 20 }
              victims: { least: sum by (replica) (y) }
              when: { partial: { above: 90%, scale_down: 5% }, zero: 1m, bridge: 5m }
            """)

        #expect(policy.combination == .mean)
        #expect(policy.idleAfter == .seconds(600))
        #expect(policy.signals[0].learnsFrom == "latency")
        #expect(policy.signals[0].target == .perReplica(50))
        #expect(policy.signals[0].activation == 2)
        #expect(policy.signals[0].weight == 3)
        #expect(
            policy.schedules == [
                ScalingSchedule(
                    name: "office", times: .daily(days: [1, 2, 3, 4, 5], from: 450, to: 1140),
                    zone: "Europe/Berlin", least: 10, most: 30),
                ScalingSchedule(
                    name: "drop", times: .cron(CronExpression("0 18 24 12 *")!, lasts: .seconds(21_600)),
                    zone: "UTC", exactly: 20),
            ])
        #expect(policy.victims == .least)
        #expect(policy.victimQuery == "sum by (replica) (y)")
        #expect(policy.partial == ScalingPolicy.PartialRule(above: 0.9, scaleDown: 0.05))
        #expect(policy.suspectsZeroFor == .seconds(60))
        #expect(policy.bridge == .seconds(300))
    }

    @Test
    func `doubtful data is held back without a word`() throws {
        let policy = try read(
            "  replicas: { max: 5 }\n  signals: [ { name: load, query: up, per_replica: 50 } ]\n")

        #expect(policy.partial == ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1))
        #expect(policy.suspectsZeroFor == .seconds(600))
        #expect(policy.bridge == .seconds(900))
        #expect(policy.idleAfter == nil)
    }

    private static let head =
        "  replicas: { max: 5 }\n  signals: [ { name: load, query: up, per_replica: 50 } ]\n"

    @Test(arguments: [
        (
            head + "  schedules: [ { name: s, from: '7:30', to: '19:00', min: 2 } ]\n",
            "p.yml:6:33: from must be a time of day such as \"07:30\", in quotes, found \"7:30\""
        ),
        (
            head + "  schedules: [ { name: s, from: '07:30', to: '19:00', zone: Berlin, min: 2 } ]\n",
            "p.yml:6:61: zone must be a time zone such as Europe/Berlin, or UTC, found \"Berlin\""
        ),
        (
            head + "  schedules: [ { name: s, cron: '0 0 31 2,4 *', for: 1h, min: 2 } ]\n",
            "p.yml:6:33: none of its months has such a day: it never comes"
        ),
        (
            head + "  schedules: [ { name: s, from: '07:30', to: '19:00' } ]\n",
            "p.yml:6:16: a schedule needs \"min\", \"max\" or both, or \"replicas\" alone"
        ),
        (
            head + "  schedules: [ { name: s, from: '07:30', to: '19:00', min: 300 } ]\n",
            "p.yml:6:14: \"min: 300\" of the schedule \"s\" is outside of \"replicas\", which is 1 to 5"
        ),
        (
            head + "  schedules: [ { name: s, from: '07:30', to: '19:00', replicas: 0 } ]\n",
            "p.yml:6:14: \"replicas: 0\" of the schedule \"s\" is outside of \"replicas\", which is 1 to 5"
        ),
        (
            "  replicas: { max: 5 }\n  signals: [ { name: l, query: up, steps: [ 'above 5: +x' ] } ]\n",
            "p.yml:5:45: a step must be such as \"above 80%: +20%\", \"above 100: +2\" or \"below 20%: -1\", found "
                + "\"above 5: +x\""
        ),
        (head + "  idle: { after: 5m }\n", "p.yml:6:9: \"idle\" needs \"replicas: { min: 0, ... }\""),
        (
            "  replicas: { min: 0, max: 5 }\n  signals: [ { name: l, query: up, mean: 60% } ]\n",
            "p.yml:4:13: with \"min: 0\" a signal is needed that exists without replicas: per_replica, drain_rate or "
                + "steps"
        ),
        (
            "  replicas: { max: 5 }\n  signals: [ { name: l, query: up, per_replica: learned or 5 from x } ]\n",
            "p.yml:5:12: \"l\" learns from \"x\", which must be a signal with an objective"
        ),
        (
            head + "  victims: fattest\n",
            "p.yml:6:12: victims must be crowded, newest, oldest, emptiest_node, costliest_node, or { least: QUERY } "
                + "with numbers by the label replica, found \"fattest\""
        ),
    ])
    func `a mistake is named with its place`(lines: String, problem: String) {
        #expect(problems(lines) == [problem])
    }
}

extension PolicyFeatureFileTests {
    @Test
    func `sizes are read, with queries about the workload where none are written`() throws {
        let policy = try read(
            """
              replicas: { max: 5 }
              signals: [ { name: load, query: up, per_replica: 50 } ]
              size:
                cpu: { quantile: 95%, margin: 10%, min: 100m, max: 2, half_life: 12h }
                memory: { usage: max(x), min: 64MiB, max: 4GiB }
                apply: resize
                settle: 10m
            """)
        let sizing = try #require(policy.sizing)

        #expect(
            sizing.cpu
                == Sizing.Resource(
                    query: "max(rate(container_cpu_usage_seconds_total{workload=\"web\"}[5m]))",
                    quantile: 0.95,
                    margin: 0.1, least: 0.1, most: 2, halfLife: .seconds(43_200)))
        #expect(sizing.memory?.query == "max(x)")
        #expect(sizing.memory?.least == 67_108_864)
        #expect(sizing.mode == .resize)
        #expect(sizing.settle == .seconds(600))
        #expect(
            problems(
                "  replicas: { max: 5 }\n  signals: [ { name: load, query: up, per_replica: 50 } ]\n"
                    + "  size: { cpu: { min: 3GiB } }\n")
                == ["p.yml:6:23: min must be cores such as 2, 0.5 or 250m, found \"3GiB\""])
    }
}

extension PolicyFeatureFileTests {
    @Test
    func `a policy is for a workload or for a pool of nodes`() throws {
        let rest = "  replicas: { max: 5 }\n  signals: [ { name: load, query: up, per_replica: 50 } ]\n"
        let text = "policies:\n- name: p\n  node_pool: spot\n" + rest
        let policy = try #require(try PolicyFile.load([(name: "p.yml", text: text)], workloads: []).first)

        #expect(policy.nodePool == NodePoolID("spot"))
        #expect(throws: DocumentError.self) {
            try PolicyFile.load([(name: "p.yml", text: text)], workloads: [], pools: [])
        }
        #expect(
            problems(rest + "  node_pool: spot\n")
                == ["p.yml:6:14: a policy is for a workload or for a node pool, not for both"])
    }
}
