import Documents
import Testing

@testable import Scaling

/// Forms that real manifests have: whatever is not taken over is told.
struct ImportUnreadTests {
    private func notes(_ source: PolicyImport.Source, _ text: String) throws -> (
        text: String, notes: [String]
    ) {
        let result = try PolicyImport(source, text: text, file: "f")
        _ = try PolicyFile.parse(result.text, file: "p.yml")
        return (result.text, result.notes.map(\.message))
    }

    private func problems(_ source: PolicyImport.Source, _ text: String) -> [String] {
        do {
            _ = try PolicyImport(source, text: text, file: "f")
            return []
        } catch {
            return error.problems.map(\.message)
        }
    }

    // MARK: HorizontalPodAutoscaler

    private func autoscaler(_ spec: String) throws -> (text: String, notes: [String]) {
        try notes(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata: { name: web }
            spec: { scaleTargetRef: { name: web, kind: Rollout }, maxReplicas: 9, \(spec) }
            """)
    }

    private static let cpu = "{ type: Resource, resource: { name: cpu, target: { averageUtilization: 70 } } }"

    @Test(arguments: [
        (
            "minReplicas: '${MIN}', metrics: [ \(cpu) ]",
            "minReplicas is no whole number, found \"${MIN}\": 1 is taken"
        ),
        ("targetMemoryUtilizationPercentage: 80", "targetMemoryUtilizationPercentage of the Horizontal"),
        (
            "targetCPUUtilizationPercentage: 70%, metrics: [ \(cpu) ]",
            "targetCPUUtilizationPercentage is no whole number"
        ),
        ("behavior: { scaleSideways: { a: b } }", "scaleSideways of behavior"),
        ("behavior: { scaleDown: { tolerence: 0.1 } }", "tolerence of scaleDown"),
        (
            "behavior: { scaleDown: { stabilizationWindowSeconds: 5m } }",
            "stabilizationWindowSeconds is no whole number"
        ),
        ("behavior: { scaleUp: { selectPolicy: Maximum } }", "the selectPolicy \"Maximum\""),
        (
            "behavior: { scaleUp: { policies: [ { type: Pods, value: 4, periodSeconds: 60, jitter: 1 } ] } }",
            "jitter of a scaling policy"
        ),
        (
            "metrics: [ { type: Resource, resource: { name: cpu, target: { averageUtilization: 70, averageValue: 1 } } } ]",
            "averageValue of the target of cpu"
        ),
        (
            "metrics: [ { type: Pods, pods: { metric: { name: p }, target: { averageValue: 1 }, window: 5m } } ]",
            "window of p has no equivalent"
        ),
        (
            "metrics: [ { type: Object, object: { metricName: r, target: { kind: Ingress, name: main }, targetValue: 3k } } ]",
            "r is summed over all, not of the Ingress main alone"
        ),
    ])
    func `what an autoscaler says and nobody reads is told`(spec: String, note: String) throws {
        let found = try autoscaler(spec).notes

        #expect(found.contains { $0.hasPrefix(note) }, "\(found)")
    }

    @Test
    func `an autoscaler that is read as a whole has no notes`() throws {
        let (_, notes) = try autoscaler(
            """
            minReplicas: "2", metrics: [ \(Self.cpu), { type: Resource, resource: { name: memory,
              target: { type: AverageValue, averageValue: 300Mi } } } ],
            behavior: { scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: Max,
              policies: [ { type: Pods, value: 4, periodSeconds: 60 } ] }, scaleDown: { tolerance: 50m } }
            """)

        #expect(notes == [])
    }

    @Test(arguments: [
        "name: {{ include \"chart.fullname\" . }}", "name: {{- .Values.name -}}\n  {{- if .Values.x }}",
    ])
    func `a template is told from a manifest`(metadata: String) {
        let found = problems(
            .hpa, "kind: HorizontalPodAutoscaler\nmetadata:\n  \(metadata)\nspec: { maxReplicas: 3 }\n")

        #expect(found.contains { $0.hasPrefix("a template: render it") }, "\(found)")
    }

    // MARK: ScaledObject

    private func scaledObject(_ spec: String, _ trigger: String) throws -> (text: String, notes: [String]) {
        try notes(
            .keda,
            """
            kind: ScaledObject
            metadata: { name: w }
            spec:
              scaleTargetRef: { name: w, envSourceContainerName: side }
              minReplicaCount: 1
              \(spec)
              triggers:
              - \(trigger)
              - { type: cpu, metricType: Utilization, metadata: { value: "60" } }
            """)
    }

    private static let load =
        "{ type: prometheus, metadata: { serverAddress: a, query: sum(a), threshold: '2' } }"

    @Test(arguments: [
        ("cooldownPeriod: 60", load, "envSourceContainerName of scaleTargetRef"),
        ("pollingInterval: 15s", load, "pollingInterval is no whole number, found \"15s\": 30 is taken"),
        ("maxReplicaCount: $MAX", load, "maxReplicaCount is no whole number, found \"$MAX\": 100 is taken"),
        ("minReplicas: 3", load, "minReplicas of the ScaledObject"),
        ("fallback: { failureThreshold: 3 }", load, "a fallback needs replicas"),
        (
            "advanced: { horizontalPodAutoscalerConfig: { name: own } }", load,
            "name of horizontalPodAutoscalerConfig"
        ),
        ("advanced: { scaleDown: { x: 1 } }", load, "scaleDown of advanced"),
        (
            "cooldownPeriod: 60",
            "{ type: cron, metadata: { start: 0 18 * * *, end: 0 18 * * *, desiredReplicas: '8' } }",
            "start and end are the same moment"
        ),
        (
            "cooldownPeriod: 60",
            "{ type: cron, metadata: { start: 0 8 * * *, end: 0 18 * * *, desiredReplicas: '8', jitter: 3 } }",
            "jitter of cron"
        ),
        (
            "cooldownPeriod: 60", "{ type: memory, metadata: { value: '60', activationValue: '10' } }",
            "activationValue of memory"
        ),
        (
            "cooldownPeriod: 60",
            "{ type: redis, useCachedMetrics: true, metadata: { listName: c, activationListLength: abc } }",
            "useCachedMetrics of the trigger redis"
        ),
        (
            "cooldownPeriod: 60", "{ type: redis, metadata: { listName: c, activationListLength: abc } }",
            "the activation \"abc\" is no number"
        ),
        (
            "cooldownPeriod: 60",
            "{ type: redis-streams, metadata: { stream: s, consumerGroup: g, lagCount: '4', pendingEntriesCount: '15' } }",
            "pendingEntriesCount of redis-streams"
        ),
    ])
    func `what a scaled object says and nobody reads is told`(spec: String, trigger: String, note: String)
        throws
    {
        let found = try scaledObject(spec, trigger).notes

        #expect(found.contains { $0.hasPrefix(note) }, "\(found)")
    }

    @Test
    func `the first version called the target a deployment`() throws {
        let (text, _) = try notes(
            .keda,
            """
            apiVersion: keda.k8s.io/v1alpha1
            kind: ScaledObject
            metadata: { name: events }
            spec: { scaleTargetRef: { deploymentName: reader }, triggers: [ \(Self.load) ] }
            """)

        #expect(text.contains("workload: reader"))
    }

    // MARK: Nomad

    private func job(_ policy: String, strategy: String = "target-value", _ settings: String = "target = 7")
        throws
        -> (text: String, notes: [String])
    {
        try notes(.nomad, Self.job(policy, strategy: strategy, settings))
    }

    private static func job(_ policy: String, strategy: String = "target-value", _ settings: String) -> String
    {
        """
        job "shop" {
          group "api" {
            scaling {
              max = 9
              policy {
                \(policy)
                check "one" {
                  source = "prometheus"
                  query = "sum(one)"
                  strategy "\(strategy)" {
                    \(settings)
                  }
                }
                check "two" {
                  source = "prometheus"
                  query = "sum(two)"
                  target "machines" { pool = "x" }
                  strategy "target-value" { target = 3 }
                }
              }
            }
          }
        }
        """
    }

    @Test(arguments: [
        ("prio = 3", "target = 7", "prio of the policy"),
        ("cooldown = \"1m\"", "target = 7", "target of the check two"),
        (
            "target \"nomad-target\" {\n Job = \"a\"\n Group = \"b\"\n }", "target = 7",
            "the target's group b is not this one"
        ),
        (
            "target \"aws-asg\" {\n aws_asg_name = \"a\"\n }", "target = 7",
            "the target aws-asg has no equivalent"
        ),
        ("cooldown = \"1m\"", "target = 7\n threshold = \"few\"", "the threshold is no number"),
    ])
    func `what a scaling block says and nobody reads is told`(policy: String, settings: String, note: String)
        throws
    {
        let found = try job(policy, settings).notes

        #expect(found.contains { $0.hasPrefix(note) }, "\(found)")
    }

    @Test
    func `a threshold of nothing is kept`() throws {
        #expect(try job("", "target = 7\n threshold = 0").text.contains("tolerance: 0%"))
    }

    @Test
    func `bounds without a change say what is missing`() throws {
        let found = try job("", strategy: "threshold", "upper_bound = 80\n lower_bound = 20").notes

        #expect(found.contains("threshold needs delta or percentage"), "\(found)")
    }

    @Test
    func `settings of a provider's machines are told`() throws {
        let (_, found) = try notes(
            .nomad,
            """
            scaling "workers" {
              max = 8
              policy {
                check "mem" {
                  source = "prometheus"
                  query = "sum(a)"
                  strategy "target-value" { target = 80 }
                }
                target "hcloud-server" {
                  node_class = "workers"
                  node_drain_deadline = "1h"
                  dry-run = "true"
                }
              }
            }
            """)

        #expect(
            found.contains { $0.hasPrefix("node_drain_deadline of the target hcloud-server") }, "\(found)")
        #expect(!found.contains { $0.hasPrefix("dry-run") }, "\(found)")
    }

    @Test
    func `a policy within the text of a job is pointed at`() {
        let found = problems(
            .nomad,
            """
            job "autoscaler" {
              group "a" {
                task "a" {
                  template {
                    data = <<EOF
            scaling "low" {
              max = 3
            }
            EOF
                  }
                }
              }
            }
            """)

        #expect(found.contains { $0.hasPrefix("a text with a scaling block of its own") }, "\(found)")
    }

    @Test
    func `a placeholder outside of quotes is told where it stands`() {
        let text = Self.job("", "target = ${goal}")
        do {
            _ = try PolicyImport(.nomad, text: text, file: "f")
            Issue.record("accepted")
        } catch {
            #expect(error.problems.first?.message.hasPrefix("a placeholder of a template") == true)
            #expect(error.problems.first?.position?.line == 11)
        }
    }
}
