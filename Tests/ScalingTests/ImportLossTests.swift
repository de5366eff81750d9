import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// What another autoscaler says and we cannot is told, and never makes a policy that does more than the original did.
struct ImportLossTests {
    private func imported(
        _ source: PolicyImport.Source, _ text: String
    ) throws -> (policies: [ScalingPolicy], notes: [String]) {
        let result = try PolicyImport(source, text: text, file: "f")
        do {
            return (
                try PolicyFile.load([(name: "p.yml", text: result.text)]), result.notes.map(\.description)
            )
        } catch {
            Issue.record("\(error)\n\(result.text)")
            throw error
        }
    }

    private func autoscaler(_ metrics: String) throws -> (policies: [ScalingPolicy], notes: [String]) {
        try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata: { name: web }
            spec: { scaleTargetRef: { name: web }, maxReplicas: 9, metrics: [ \(metrics) ] }
            """)
    }

    private func scaledObject(_ spec: String, _ triggers: String) throws
        -> (policies: [ScalingPolicy], notes: [String])
    {
        try imported(
            .keda,
            """
            kind: ScaledObject
            metadata: { name: w }
            spec:
              scaleTargetRef: { name: w }
              \(spec)
              triggers:
              - \(triggers)
            """)
    }

    private func scaling(_ policy: String, checks: String, block: String = "group \"api\"") throws
        -> (policies: [ScalingPolicy], notes: [String])
    {
        try imported(
            .nomad,
            """
            job "shop" {
              \(block) {
                scaling {
                  max = 9
                  policy {
                    \(policy)
                    \(checks)
                  }
                }
              }
            }
            """)
    }

    private func check(_ name: String, _ more: String = "", strategy: String = "target = 5") -> String {
        """
        check "\(name)" {
          source = "prometheus"
          query = "sum(\(name))"
          \(more)
          strategy "target-value" {
            \(strategy)
          }
        }
        """
    }

    // MARK: HorizontalPodAutoscaler

    @Test
    func `what is taken for metrics that are not read is told`() throws {
        let (policies, notes) = try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata: { name: web, annotations: { autoscaling.alpha.kubernetes.io/metrics: "[]" } }
            spec: { scaleTargetRef: { name: web }, maxReplicas: 9 }
            """)

        #expect(policies[0].signals.map(\.target) == [.mean(0.8)])
        #expect(notes.count == 2 && notes[1].contains("CPU at 80 % is taken for them"), "\(notes)")
    }

    @Test(arguments: [
        ("{ key: env, operator: In, values: [prod] }", #"sum(q{env="prod"})"#),
        ("{ key: env, operator: In, values: [prod, a.b] }", #"sum(q{env=~"prod|a\\.b"})"#),
        ("{ key: env, operator: NotIn, values: [dev, test] }", #"sum(q{env!~"dev|test"})"#),
        ("{ key: app/tier, operator: Exists }", #"sum(q{app_tier!=""})"#),
        ("{ key: env, operator: DoesNotExist }", #"sum(q{env=""})"#),
    ])
    func `the expressions of a selector become matchers`(expression: String, query: String) throws {
        let (policies, _) = try autoscaler(
            """
            { type: External, external: { metric: { name: q, selector: { matchExpressions: [ \(expression) ] } },
              target: { type: AverageValue, averageValue: "30" } } }
            """)

        #expect(policies.map(\.signals[0].query) == [query])
    }

    @Test
    func `version 2beta1 and quantities of all sizes are read`() throws {
        let (policies, _) = try autoscaler(
            """
            { type: Resource, resource: { name: cpu, targetAverageUtilization: 65 } },
            { type: Pods, pods: { metricName: hits, targetAverageValue: 100u } },
            { type: External, external: { metricName: q, metricSelector: { matchLabels: { a: b } },
              targetAverageValue: 2E } },
            { type: Object, object: { metricName: r, target: { kind: Ingress, name: main }, targetValue: 3k } }
            """)

        #expect(
            policies[0].signals.map(\.target) == [.mean(0.65), .mean(0.0001), .perReplica(2e18), .mean(3000)])
        #expect(policies[0].signals[2].query == #"sum(q{a="b"})"#)
    }

    @Test
    func `what an autoscaler says beside its metrics is not dropped silently`() throws {
        let (policies, notes) = try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata:
              name: web
              annotations: { autoscaling.alpha.kubernetes.io/metrics: "[]" }
            spec:
              scaleTargetRef: { name: web }
              minReplicas: 12
              maxReplicas: 5
              metrics:
              - type: Object
                object:
                  metric: { name: r }
                  describedObject: { kind: Ingress, name: main }
                  target: { type: Value, value: 2k }
            """)

        #expect(policies[0].minReplicas == 5)
        for text in [
            "minReplicas is above maxReplicas: min is 5", "io/metrics is not read", "of the Ingress main",
        ] {
            #expect(notes.contains { $0.contains(text) }, "\(text) in \(notes)")
        }
    }

    @Test
    func `a list is read, and two for one name do not both decide`() throws {
        let (policies, notes) = try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscalerList
            items:
            - { metadata: { name: web, namespace: a }, spec: { scaleTargetRef: { name: web }, maxReplicas: 5 } }
            - { metadata: { name: web, namespace: b }, spec: { scaleTargetRef: { name: web }, maxReplicas: 2000000 } }
            """)

        #expect(policies.map(\.name) == ["web", "web-2"])
        #expect(policies.map(\.mode) == [.active, .shadow])
        #expect(policies[1].maxReplicas == 1_000_000)
        #expect(notes.contains { $0.contains("workload web is decided by web already") }, "\(notes)")
    }

    @Test
    func `a policy that our own reader refuses is left out with the reason`() throws {
        let (policies, notes) = try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata: { name: web }
            spec: { scaleTargetRef: { name: web }, maxReplicas: 5 }
            ---
            kind: HorizontalPodAutoscaler
            metadata: { name: odd }
            spec:
              scaleTargetRef: { name: odd }
              maxReplicas: 5
              behavior: { scaleDown: { stabilizationWindowSeconds: -5 } }
            """)

        #expect(policies.map(\.name) == ["web"])
        #expect(notes.contains { $0.contains("no policy for odd: ") }, "\(notes)")
    }

    // MARK: ScaledObject

    @Test(arguments: [
        (
            "minReplicaCount: 1", "{ type: kafka, metadata: { topic: t, partitionLimitation: 1-3 } }",
            "partitionLimitation"
        ),
        (
            "minReplicaCount: 2\n  idleReplicaCount: 0", "{ type: kafka, metadata: { topic: t } }",
            "idleReplicaCount"
        ),
        (
            "minReplicaCount: 1",
            "{ type: prometheus, metadata: { query: x, threshold: '1', namespace: n } }", "namespace"
        ),
        (
            "advanced: { scalingModifiers: { formula: a + b, target: '4', activationTarget: '9' } }",
            "{ type: prometheus, name: a, metadata: { query: x, threshold: '1' } }\n"
                + "  - { type: prometheus, name: b, metadata: { query: y, threshold: '1' } }",
            "activationTarget"
        ),
        (
            "maxReplicaCount: 5",
            "{ type: cron, metadata: { start: 0 7 * * *, end: 0 9 * * *, desiredReplicas: '10' } }",
            "desiredReplicas 10"
        ),
    ])
    func `what a ScaledObject says and we cannot is told`(spec: String, triggers: String, text: String) throws
    {
        let (_, notes) = try scaledObject(spec, triggers)

        #expect(notes.contains { $0.contains(text) }, "\(notes)")
    }

    @Test
    func `a formula of a value compares itself, and ignores the triggers' own activation`() throws {
        let (policies, _) = try scaledObject(
            "minReplicaCount: 1\n  "
                + "advanced: { scalingModifiers: { formula: a, target: '4', activationTarget: '9', metricType: Value } }",
            "{ type: prometheus, name: a, metadata: { query: x, threshold: '1', activationThreshold: '3' } }")
        let (average, _) = try scaledObject(
            "advanced: { scalingModifiers: { formula: a, target: '4', activationTarget: '9' } }",
            "{ type: prometheus, name: a, metadata: { query: x, threshold: '1', activationThreshold: '3' } }")

        #expect(policies[0].signals.map(\.target) == [.mean(4)])
        #expect(average[0].signals.map(\.target) == [.perReplica(4)])
        #expect(average[0].signals.map(\.activation) == [9])
    }

    @Test
    func `a formula that is none here leaves the triggers no activation of their own, and says so`() throws {
        let (policies, notes) = try scaledObject(
            "advanced: { scalingModifiers: { formula: 'max([a, 2])', target: '4', activationTarget: '9' } }",
            "{ type: prometheus, name: a, metadata: { query: x, threshold: '1', activationThreshold: '3' } }")

        #expect(policies[0].signals.map(\.activation) == [nil])
        #expect(notes.contains { $0.contains("activationTarget of the formula has no equivalent") })
        #expect(notes.contains { $0.contains("nor has its target") })
    }

    @Test
    func `arithmetic over triggers is one query`() throws {
        let (policies, notes) = try scaledObject(
            "minReplicaCount: 0\n  advanced: { scalingModifiers: { formula: (a_1 + b) / 2, target: '4', activationTarget: '9' } }",
            """
            { type: prometheus, name: a_1, metadata: { query: x, threshold: '1', activationThreshold: '3' } }
              - { type: prometheus, name: b, metadata: { query: y, threshold: '1' } }
              - { type: cpu, metadata: { value: '60', containerName: main } }
            """)

        #expect(policies[0].signals.map(\.query).prefix(1) == ["(sum(x) + sum(y)) / 2"])
        #expect(policies[0].signals.count == 2)
        #expect(policies[0].signals[0].target == .perReplica(4))
        #expect(policies[0].signals[0].activation == 9)
        #expect(notes.contains { $0.contains("the formula is one query") })
        #expect(notes.contains { $0.contains("containerName") })
    }

    @Test(arguments: [("a ? b : 1", true), ("a + c", true), ("a + ", true), ("1.5 * a - b", false)])
    func `a formula that is more than arithmetic over triggers is none`(text: String, isNone: Bool) {
        #expect((TriggerFormula(text, ["a": "x", "b": "y"]) == nil) == isNone)
    }

    @Test
    func `that a topic's partitions bound its consumers is told`() throws {
        let (_, notes) = try scaledObject(
            "", "{ type: kafka, metadata: { topic: t, consumerGroup: g, lagThreshold: '5' } }")

        #expect(notes.contains { $0.contains("partitions") })
    }

    @Test
    func `means cannot wake what does not run, whatever they are of`() throws {
        let (policies, notes) = try scaledObject(
            "advanced: { scalingModifiers: { formula: a, target: '4', metricType: Value } }",
            "{ type: prometheus, name: a, metadata: { query: x, threshold: '1' } }")

        #expect(policies.map(\.minReplicas) == [1])
        #expect(notes.contains { $0.contains("not by means") }, "\(notes)")
    }

    @Test(arguments: [
        ("30 7 * * 1-5", "0 19 * * 1-5", ["name: s, days: '1-5', from: '07:30', to: '19:00'"]),
        ("0 22 * * *", "0 6 * * *", ["name: s, from: '22:00', to: '06:00'"]),
        ("0 22 * * 1-5", "0 6 * * 2-6", ["name: s, cron: '0 22 * * 1,2,3,4,5', for: 480m"]),
        (
            "0 22 * * 1-5", "0 6 * * 1-5",
            ["name: s, cron: '0 22 * * 1,2,3,4', for: 480m", "name: s-2, cron: '0 22 * * 5', for: 3360m"]
        ),
        ("0 18 * * 5", "0 6 * * 1", ["name: s, cron: '0 18 * * 5', for: 3600m"]),
        ("0 8 1 * *", "0 20 1 * *", ["name: s, cron: '0 8 1 * *', for: 720m"]),
        ("30 * * * *", "45 * * * *", ["name: s, cron: '30 * * * *', for: 15m"]),
        ("45 * * * *", "15 * * * *", ["name: s, cron: '45 * * * *', for: 30m"]),
        ("0 8-17 * * 1-5", "20 8-17 * * 1-5", ["name: s, cron: '0 8-17 * * 1-5', for: 20m"]),
    ])
    func `a start lasts until the next end`(start: String, end: String, schedules: [String]) throws {
        #expect(CronPair(start, end)?.schedules(named: "s") == schedules)
    }

    @Test(arguments: [
        ("45 8-17 * * *", "15 8-17 * * *"), ("0 20 1 * *", "0 8 1 * *"), ("0 8 1 * *", "0 20 2 * *"),
    ])
    func `a start whose end is not the next of its own hours or days is none`(start: String, end: String) {
        #expect(CronPair(start, end)?.schedules(named: "s") == nil)
    }

    // MARK: Nomad

    @Test(arguments: ["avg_cpu", "avg_cpu-allocated", "avg_cpu-allocated/api/shop"])
    func `usage of what is allocated is known by all its names`(query: String) throws {
        let (policies, _) = try scaling(
            "",
            checks: "check \"cpu\" {\n query = \"\(query)\"\n strategy \"target-value\" { target = 70 }\n }")

        #expect(policies.first?.signals.first?.query.contains("container_cpu_usage_seconds_total") == true)
    }

    @Test
    func `a dry run stays one`() throws {
        let (policies, _) = try scaling(
            "target \"nomad\" { dry-run = true }", checks: check("load"))

        #expect(policies.map(\.mode) == [.dryRun])
    }

    @Test(arguments: [
        "target { dry-run = true }", "target {\n Job = \"shop\"\n Group = \"api\"\n dry-run = true\n }",
    ])
    func `a dry run of a target without a label stays one`(target: String) throws {
        let (policies, _) = try scaling(target, checks: check("load"))
        let (alone, _) = try imported(
            .nomad, "scaling \"api\" {\n max = 9\n policy {\n \(target)\n \(check("load"))\n }\n }\n")

        #expect(policies.map(\.mode) == [.dryRun])
        #expect(alone.map(\.mode) == [.dryRun])
        #expect(alone.map(\.workload.name) == ["api"])
        #expect(alone.map(\.nodePool) == [nil])
    }

    @Test
    func `what a strategy says and we cannot is told`() throws {
        let passThrough = """
            check "load" {
              source = "prometheus"
              query = "sum(load)"
              strategy "pass-through" {
                max_replicas = 3
              }
            }
            """

        let (_, notes) = try scaling("", checks: passThrough)

        #expect(notes.contains { $0.contains("max_replicas of pass-through of load has no equivalent") })
    }

    @Test
    func `a group whose name is none here gets one, in its query too`() throws {
        let (policies, notes) = try scaling(
            "",
            checks: "check \"cpu\" {\n query = \"avg_cpu\"\n strategy \"target-value\" { target = 70 }\n }",
            block: "group \"api_v2\"")

        #expect(policies.map(\.workload.name) == ["api-v2"])
        #expect(policies[0].signals[0].query.contains(#"workload="api-v2""#))
        #expect(notes.contains { $0.contains("\"api_v2\" is no name here") }, "\(notes)")
    }

    @Test
    func `a policy for machines becomes one for a node pool`() throws {
        let (policies, notes) = try imported(
            .nomad,
            """
            scaling "cluster_policy" {
              enabled = true
              min = 1
              max = 10
              policy {
                check "cpu" {
                  source = "nomad-apm"
                  query = "percentage-allocated_cpu"
                  strategy "target-value" { target = 70 }
                }
                target "aws-asg" {
                  aws_asg_name = "spot"
                  node_class = "spot"
                  node_selector_strategy = "least_busy"
                }
              }
            }
            """)

        #expect(policies.map(\.nodePool?.name) == ["spot"])
        #expect(
            policies[0].signals[0].query.contains(
                #"flyball_node_allocated{node=~"spot-[0-9]+", resource="cpu"}"#))
        for text in [
            "the target aws-asg is taken for a node pool", "node_selector_strategy has no equivalent",
        ] {
            #expect(notes.contains { $0.contains(text) }, "\(text) in \(notes)")
        }
    }

    @Test(arguments: [
        ("", "on_error = \"ignore\"", ScalingPolicy.Distrust.ignore),
        ("on_check_error = \"ignore\"", "", .ignore),
        ("on_check_error = \"ignore\"", "on_error = \"fail\"", .hold),
        ("on_check_error = \"fail\"", "", .hold),
        ("", "", .hold),
    ])
    func `what an error of a check does is kept`(
        policy: String, more: String, expected: ScalingPolicy.Distrust
    ) throws {
        let (policies, _) = try scaling(policy, checks: check("load", more))

        #expect(policies[0].signals.map(\.whenMissing) == [expected])
    }

    @Test
    func `groups, windows and limits of one check are told`() throws {
        let (_, notes) = try scaling(
            "",
            checks: check(
                "a", "group = \"g\"\n query_window = \"5m\"", strategy: "target = 5\n max_scale_up = 2")
                + "\n" + check("b"))

        for text in [
            "groups of checks", "query_window: write the range 5m", "max_scale_up of a holds for the whole",
        ] {
            #expect(notes.contains { $0.contains(text) }, "\(text) in \(notes)")
        }
    }

    @Test
    func `a bound that is an expression is named`() throws {
        do {
            _ = try PolicyImport(
                .nomad, text: "scaling \"a\" {\n max = var.max\n policy {\n \(check("load"))\n }\n }\n",
                file: "f")
            Issue.record("accepted")
        } catch {
            #expect(
                error.description.contains(
                    "f:2:8: a scaling block needs max of at least 1, found var.max: write"))
        }
    }

    @Test
    func `a fallback to the count that is there is what is held anyway`() throws {
        let (policies, notes) = try scaledObject(
            "fallback: { failureThreshold: 3, replicas: 6, behavior: currentReplicas }",
            "{ type: prometheus, metadata: { query: x, threshold: '1', ignoreNullValues: 'false' } }")

        #expect(policies[0].fallback == nil)
        #expect(!notes.contains { $0.contains("fallback") }, "\(notes)")
    }

    @Test
    func `why a query is none is told`() {
        let error = #expect(throws: DocumentError.self) {
            try scaledObject("", "{ type: prometheus, metadata: { query: 'sum(x', threshold: '1' } }")
        }

        #expect(error?.description.contains("its query is not PromQL: unclosed left parenthesis") == true)
    }
}
