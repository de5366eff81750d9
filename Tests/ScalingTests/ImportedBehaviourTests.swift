import Documents
import Testing
import TimeSeries

@testable import Scaling

/// An imported policy decides when the original would.
struct ImportedBehaviourTests {
    private func imported(
        _ source: PolicyImport.Source, _ text: String
    ) throws -> (policy: ScalingPolicy, notes: [String]) {
        let result = try PolicyImport(source, text: text, file: "f")
        let policies = try PolicyFile.load([(name: "p.yml", text: result.text)])
        return (try #require(policies.first), result.notes.map(\.message))
    }

    private func autoscaler(_ spec: String) throws -> (policy: ScalingPolicy, notes: [String]) {
        try imported(
            .hpa,
            """
            kind: HorizontalPodAutoscaler
            metadata: { name: w }
            spec: { scaleTargetRef: { name: w }, maxReplicas: 30, \(spec) }
            """)
    }

    private func scaledObject(
        _ spec: String, _ triggers: [String]
    ) throws -> (policy: ScalingPolicy, notes: [String]) {
        try imported(
            .keda,
            """
            kind: ScaledObject
            metadata: { name: w }
            spec: { scaleTargetRef: { name: w }, \(spec) triggers: [ \(triggers.joined(separator: ", ")) ] }
            """)
    }

    private func nomad(_ policy: String) throws -> (policy: ScalingPolicy, notes: [String]) {
        try imported(
            .nomad,
            """
            job "j" {
              group "g" {
                scaling {
                  min = 1
                  max = 20
                  policy {
                    \(policy)
                  }
                }
              }
            }
            """)
    }

    private static let queue =
        "{ type: External, external: { metric: { name: q }, target: { type: AverageValue, averageValue: 30 } } }"
    private static let cpu =
        "{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }"

    // MARK: To nothing

    @Test(arguments: [("", Duration.seconds(300)), ("stabilizationWindowSeconds: 60", .seconds(60))])
    func `to nothing a HorizontalPodAutoscaler waits for its window`(rule: String, after: Duration) throws {
        let (policy, _) = try autoscaler(
            "minReplicas: 0, metrics: [ \(Self.queue) ], behavior: { scaleDown: { \(rule) } }")

        #expect(policy.idleAfter == after)
    }

    @Test
    func `processors that are used keep a replica of a HorizontalPodAutoscaler, and none of KEDA's`() throws {
        let (pods, _) = try autoscaler("minReplicas: 0, metrics: [ \(Self.queue), \(Self.cpu) ]")
        let (keda, _) = try scaledObject(
            "",
            [
                "{ type: prometheus, metadata: { query: q, threshold: '30' } }",
                "{ type: cpu, metadata: { value: '60' } }",
                "{ type: prometheus, metricType: Value, metadata: { query: r, threshold: '30' } }",
            ])

        #expect(pods.signals.map { $0.isActive(0.01) } == [true, true])
        #expect(pods.minReplicas == 0)
        #expect(keda.signals.map { $0.isActive(0.01) } == [true, false, true])
        #expect(keda.minReplicas == 0)
    }

    // MARK: Speed

    @Test(arguments: [(5, 5, 15), (30, 15, 60), (300, 15, 600)])
    func `from one replica on KEDA is as quick as the autoscaler behind it`(
        polling: Int, interval: Int, staleAfter: Int
    ) throws {
        let (policy, _) = try scaledObject(
            "pollingInterval: \(polling),",
            ["{ type: prometheus, metadata: { query: q, threshold: '30' } }"])

        #expect(policy.interval == .seconds(interval))
        #expect(policy.staleAfter == .seconds(staleAfter))
    }

    @Test
    func `two cooldowns of Nomad never remove sooner, and that is told`() throws {
        let check = "check \"q\" {\nsource = \"prometheus\"\nquery = \"q\"\nstrategy \"pass-through\" {}\n}"
        let (equal, none) = try nomad("cooldown = \"1m\"\n" + check)
        let (slow, told) = try nomad("cooldown = \"20s\"\ncooldown_on_scale_up = \"1m\"\n" + check)

        #expect(
            [equal.behaviour.up.cooldown, equal.behaviour.down.cooldown] == [.seconds(60), .seconds(60)])
        #expect(none.isEmpty, "\(none)")
        #expect([slow.behaviour.up.cooldown, slow.behaviour.down.cooldown] == [.seconds(60), .seconds(60)])
        #expect(told.contains { $0.contains("nothing removed for 1m") }, "\(told)")
    }

    // MARK: Several in one

    @Test
    func `of several fallbacks the largest is kept, which is told`() throws {
        func metric(_ name: String, _ fallback: String) -> String {
            "{ type: External, external: { metric: { name: \(name) }, target: { averageValue: 30 }, "
                + "fallback: { \(fallback) } } }"
        }
        let (policy, notes) = try autoscaler(
            "metrics: [ \(metric("a", "replicas: 12, failureDurationSeconds: 300")), \(metric("b", "replicas: 8")) ]"
        )
        let (_, same) = try autoscaler(
            "metrics: [ \(metric("a", "replicas: 8")), \(metric("b", "replicas: 8")) ]")

        #expect(policy.fallback == ScalingPolicy.Fallback(replicas: 12, after: .seconds(300)))
        #expect(notes.contains { $0.hasPrefix("the fallback of b (8 after 180s)") }, "\(notes)")
        #expect(!same.contains { $0.hasPrefix("the fallback of") }, "\(same)")
    }

    @Test(arguments: [
        ("max(a, b)", ScalingPolicy.Combination.max, [2.0, 2.0]), ("min([a,b])", .min, [nil, nil]),
        ("a + b", .sum, [nil, nil]),
    ])
    func `the largest and the smallest of triggers are combinations`(
        formula: String, combination: ScalingPolicy.Combination, activations: [Double?]
    ) throws {
        let (policy, _) = try scaledObject(
            "advanced: { scalingModifiers: { formula: '\(formula)', target: '40', activationTarget: '2' } },",
            ["a", "b"].map {
                "{ type: prometheus, name: \($0), metadata: { query: \($0), threshold: '1', activationThreshold: '9' } }"
            })

        #expect(policy.combination == combination)
        #expect(policy.signals.map(\.target) == [.perReplica(40), .perReplica(40)])
        #expect(policy.signals.map(\.activation) == activations)
    }

    @Test
    func `a fixed value alone is a schedule`() throws {
        let (policy, notes) = try nomad(
            """
            check "business" {
              schedule {
                start = "0 9 * * mon-fri"
                duration = "8h"
              }
              strategy "fixed-value" { value = 10 }
            }
            """)

        #expect(policy.schedules?.map(\.least) == [10])
        #expect(policy.signals.map(\.query) == ["vector(0)"])
        #expect(notes == ["outside of its hours nothing asks for a count: it returns to min"])
    }

    @Test
    func `thresholds of one query become steps each of which may apply`() throws {
        func check(_ name: String, _ bound: String, _ delta: Int) -> String {
            """
            check "\(name)" {
              source = "prometheus"
              query = "usage"
              strategy "threshold" {
                \(bound)
                delta = \(delta)
              }
            }

            """
        }
        let (policy, notes) = try nomad(
            check("low", "upper_bound = 30", -1) + check("high", "lower_bound = 70", 1)
                + check("lowest", "upper_bound = 10", -4) + check("highest", "lower_bound = 90", 4)
                + check("again", "lower_bound = 90", 2))

        #expect(
            policy.signals.map(\.target) == [
                .steps([
                    SignalPolicy.Step(.above(90), .replicas(4)), SignalPolicy.Step(.above(70), .replicas(1)),
                    SignalPolicy.Step(.below(10), .replicas(-4)),
                    SignalPolicy.Step(.below(30), .replicas(-1)),
                ])
            ])
        #expect(notes.contains { $0.hasPrefix("above 90: +2 is left out") }, "\(notes)")
    }
}
