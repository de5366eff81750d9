import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// Files of other autoscalers, as people write them, become policies that our own reader accepts.
struct ImportTests {
    private func imported(_ source: PolicyImport.Source, _ text: String) throws -> PolicyImport {
        try PolicyImport(source, text: text, file: "f.yml")
    }

    private func policies(_ imported: PolicyImport) throws -> [ScalingPolicy] {
        do {
            return try PolicyFile.load([(name: "p.yml", text: imported.text)])
        } catch {
            Issue.record("\(error)\n\(imported.text)")
            throw error
        }
    }

    private func places(_ imported: PolicyImport) -> [String] { imported.notes.map(\.description) }

    private let autoscaler = """
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: { name: web, namespace: shop }
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
          minReplicas: 2
          maxReplicas: 20
          metrics:
          - type: Resource
            resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } }
          - type: Resource
            resource: { name: memory, target: { type: AverageValue, averageValue: 512Mi } }
          - type: Pods
            pods:
              metric: { name: packets-per-second }
              target: { type: AverageValue, averageValue: 1k }
          - type: External
            external:
              metric: { name: queue_messages_ready, selector: { matchLabels: { queue: worker_tasks } } }
              target: { type: AverageValue, averageValue: "30" }
          - type: Object
            object:
              metric: { name: requests-per-second }
              describedObject: { apiVersion: networking.k8s.io/v1, kind: Ingress, name: main }
              target: { type: Value, value: 2k }
          behavior:
            scaleDown:
              stabilizationWindowSeconds: 120
              policies:
              - { type: Percent, value: 10, periodSeconds: 60 }
              - { type: Pods, value: 5, periodSeconds: 60 }
              selectPolicy: Min
              tolerance: 0.05
            scaleUp: { selectPolicy: Disabled }
        """

    @Test
    func `a HorizontalPodAutoscaler keeps its metrics, bounds and behaviour`() throws {
        let result = try imported(.hpa, autoscaler)
        let policy = try #require(try policies(result).first)

        #expect(policy.workload.name == "web")
        #expect(policy.minReplicas == 2)
        #expect(policy.maxReplicas == 20)
        #expect(
            policy.signals.map(\.target) == [
                .mean(0.6), .mean(536_870_912), .mean(1000), .perReplica(30), .mean(2000),
            ])
        #expect(policy.signals[3].query == "sum(queue_messages_ready{queue=\"worker_tasks\"})")
        #expect(policy.signals[2].query == "avg(packets_per_second{workload=\"web\"})")
        #expect(policy.behaviour.up.limit == .blocked)
        #expect(policy.behaviour.down.window == .seconds(120))
        #expect(policy.behaviour.down.tolerance == 0.05)
        #expect(
            policy.behaviour.down.limit
                == .smallest([
                    VelocityLimit.Rate(.share(0.1), per: .seconds(60)),
                    VelocityLimit.Rate(.replicas(5), per: .seconds(60)),
                ]))
        #expect(
            places(result).first == "f.yml:3:35: the namespace shop is not kept: workloads have none")
    }

    @Test
    func `version 1 and what Kubernetes assumes are written out`() throws {
        let result = try imported(
            .hpa,
            """
            apiVersion: autoscaling/v1
            kind: HorizontalPodAutoscaler
            metadata: { name: api }
            spec: { scaleTargetRef: { name: api }, maxReplicas: 5, targetCPUUtilizationPercentage: 70 }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: api }
            ---
            kind: HorizontalPodAutoscaler
            metadata: { name: bare }
            spec: { scaleTargetRef: { name: bare }, maxReplicas: 5 }
            ---
            kind: HorizontalPodAutoscaler
            metadata: { name: empty }
            spec: { scaleTargetRef: { name: empty }, maxReplicas: 5, metrics: [] }
            """)
        let policies = try policies(result)

        #expect(policies.map(\.signals[0].target) == [.mean(0.7), .mean(0.8), .mean(0.8)])
        #expect(policies.allSatisfy { $0.minReplicas == 1 && $0.behaviour.down.window == .seconds(300) })
        #expect(
            policies[0].behaviour.up.limit
                == .largest([
                    VelocityLimit.Rate(.share(1), per: .seconds(15)),
                    VelocityLimit.Rate(.replicas(4), per: .seconds(15)),
                ]))
        #expect(places(result) == ["f.yml:6:1: Service is not looked at"])
    }

    private let scaledObject = """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata:
          name: worker
          annotations: { autoscaling.keda.sh/paused-scale-in: "true" }
        spec:
          scaleTargetRef: { name: worker }
          pollingInterval: 10
          cooldownPeriod: 120
          maxReplicaCount: 30
          fallback: { failureThreshold: 4, replicas: 6 }
          triggers:
          - type: prometheus
            name: load
            metadata:
              serverAddress: http://prometheus:9090
              query: sum(rate(http_requests_total{deployment="worker"}[2m]))
              threshold: '100'
              activationThreshold: '5'
          - type: rabbitmq
            metadata: { queueName: jobs, mode: QueueLength, value: "20" }
          - type: cron
            metadata:
              timezone: Europe/Berlin
              start: 30 7 * * 1-5
              end: 0 19 * * 1-5
              desiredReplicas: "10"
          - type: azure-servicebus
            metadata: { queueName: q }
        """

    @Test
    func `a ScaledObject keeps triggers, activation, cooldown, fallback and hours`() throws {
        let result = try imported(.keda, scaledObject)
        let policy = try #require(try policies(result).first)

        #expect(policy.minReplicas == 0)
        #expect(policy.interval == .seconds(10))
        #expect(policy.idleAfter == .seconds(120))
        #expect(policy.fallback == ScalingPolicy.Fallback(replicas: 6, after: .seconds(40)))
        #expect(policy.signals.map(\.target) == [.perReplica(100), .perReplica(20)])
        #expect(policy.signals[0].activation == 5)
        #expect(policy.signals[1].query == "sum(rabbitmq_queue_messages{queue=\"jobs\"})")
        #expect(policy.behaviour.down.limit == .blocked)
        #expect(
            policy.schedules == [
                ScalingSchedule(
                    name: "cron-1", times: .daily(days: [1, 2, 3, 4, 5], from: 450, to: 1140),
                    zone: "Europe/Berlin", least: 10)
            ])
        #expect(
            places(result).contains(
                "f.yml:28:5: the trigger type \"azure-servicebus\" has no equivalent: let an exporter measure it "
                    + "and write a query"))
        #expect(result.text.contains("# line 28: the trigger type"))
    }

    @Test
    func `hours keep to the bounds, as KEDA's do`() throws {
        let more = scaledObject.replacing("desiredReplicas: \"10\"", with: "desiredReplicas: \"50\"")

        #expect(try policies(imported(.keda, more)).first?.schedules?.map(\.least) == [30])
    }

    @Test
    func `a formula that adds its triggers becomes a sum`() throws {
        let result = try imported(
            .keda,
            """
            kind: ScaledObject
            metadata: { name: sum }
            spec:
              scaleTargetRef: { name: sum }
              minReplicaCount: 1
              advanced: { scalingModifiers: { formula: "a + b", target: "40" } }
              triggers:
              - { type: prometheus, name: a, metadata: { query: sum(x), threshold: "1" } }
              - { type: prometheus, name: b, metadata: { query: sum(y), threshold: "1" } }
            """)
        let policy = try #require(try policies(result).first)

        #expect(policy.combination == .sum)
        #expect(policy.signals.map(\.target) == [.perReplica(40), .perReplica(40)])
    }

    private let job = """
        # A job as people write it.
        job "shop" {
          datacenters = ["dc1"]
          group "api" {
            count = 3
            scaling {
              enabled = true
              min     = 2
              max     = 12
              policy {
                cooldown            = "2m"
                evaluation_interval = "20s"
                check "cpu" {
                  source = "nomad-apm"
                  query  = "avg_cpu"
                  strategy "target-value" {
                    target         = 70
                    max_scale_down = 1
                  }
                }
                check "sessions" {
                  source       = "prometheus"
                  query        = <<EOQ
        sum(sessions{group="api"})
                  EOQ
                  on_check_error = "ignore"
                  strategy "target-value" {
                    target    = 25.5
                    threshold = 0.05
                  }
                }
                check "night" {
                  schedule {
                    start = "0 22 * * *"
                    end   = "0 6 * * *"
                  }
                  strategy "fixed-value" { value = 4 }
                }
                check "datadog" {
                  source = "datadog"
                  query = "avg:x"
                  strategy "pass-through" {}
                }
              }
            }
            task "api" { driver = "docker" }
          }
        }
        """

    @Test
    func `a scaling block of Nomad keeps checks, cooldowns and limits`() throws {
        let result = try PolicyImport(.nomad, text: job, file: "shop.nomad")
        let policy = try #require(try policies(result).first)

        #expect(policy.name == "shop-api")
        #expect(policy.workload.name == "api")
        #expect(policy.minReplicas...policy.maxReplicas == 2...12)
        #expect(policy.interval == .seconds(20))
        #expect(policy.signals.map(\.target) == [.mean(70), .mean(25.5)])
        #expect(policy.signals[1].query == "sum(sessions{group=\"api\"})")
        #expect(policy.signals[1].whenMissing == .ignore)
        #expect(policy.behaviour.up.cooldown == .seconds(120))
        #expect(policy.behaviour.down.cooldown == .seconds(120))
        #expect(
            policy.behaviour.down.limit == .largest([VelocityLimit.Rate(.replicas(1), per: .seconds(20))]))
        #expect(policy.behaviour.up.tolerance == 0.05)
        #expect(
            policy.schedules == [
                ScalingSchedule(
                    name: "night", times: .daily(days: Array(0...6), from: 1320, to: 360), zone: "UTC",
                    least: 4)
            ])
        let notes = places(result)
        #expect(notes.count == 3, "\(notes)")
        #expect(notes[0].hasPrefix("shop.nomad:40:") && notes[0].contains("the source \"datadog\""))
        #expect(
            notes[1].hasSuffix("max_scale_down of cpu holds for the whole policy, whichever check decides"))
        #expect(
            notes[2].hasSuffix("threshold of sessions holds for the whole policy, whichever check decides"))
    }

    @Test
    func `a job in JSON is the same`() throws {
        let json = """
            { "Job": { "ID": "shop", "TaskGroups": [ { "Name": "api", "Scaling": {
                "Min": 1, "Max": 9, "Enabled": true, "Policy": { "cooldown": "1m", "check": [ { "queue": [ {
                    "source": "prometheus", "query": "sum(q)",
                    "strategy": [ { "threshold": [ { "lower_bound": 100, "delta": 2 } ] } ] } ] } ] } } } ] } }
            """
        let result = try PolicyImport(.nomad, text: json, file: "shop.json")
        let policy = try #require(try policies(result).first)

        #expect(policy.name == "shop-api")
        #expect(policy.signals.map(\.target) == [.steps([SignalPolicy.Step(.above(100), .replicas(2))])])
        #expect(policy.behaviour.down.cooldown == .seconds(60))
    }

    @Test(arguments: [
        "job \"a\" {", "job \"a\" { x = \"", "= 3", "job \"a\" { x = [1, 2 }", "x = <<A\nb", "job a b c",
    ])
    func `a broken job file is named with its place`(text: String) {
        #expect(throws: DocumentError.self) { try PolicyImport(.nomad, text: text, file: "f") }
    }

    @Test
    func `deep nesting is refused and not followed`() {
        let text = String(repeating: "a {", count: 100_000)

        #expect(throws: DocumentError.self) { try PolicyImport(.nomad, text: text, file: "f") }
    }

    @Test(arguments: [
        ("50m", 0.05, true), ("0.05", 0.05, true), ("\"0.15\"", 0.15, true), ("0", 0, true),
        ("2", 0.1, false),
    ])
    func `a tolerance is read as Kubernetes writes it`(text: String, share: Double, isKept: Bool) throws {
        let result = try PolicyImport(
            .hpa,
            text: """
                kind: HorizontalPodAutoscaler
                metadata: { name: web }
                spec:
                  scaleTargetRef: { name: web }
                  maxReplicas: 9
                  behavior: { scaleUp: { tolerance: \(text) } }
                """, file: "f")

        #expect(try policies(result).map(\.behaviour.up.tolerance) == [share])
        #expect(places(result).isEmpty == isKept)
    }

    @Test(arguments: PolicyImport.Source.allCases)
    func `a file without a policy says so`(source: PolicyImport.Source) {
        #expect(throws: DocumentError.self) {
            try PolicyImport(source, text: "kind: Pod\n", file: "f")
        }
    }
}
