import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// The HTTPScaledObject of KEDA's HTTP add-on.
struct HTTPScaledObjectImportTests {
    private func imported(_ spec: String) throws -> (policy: ScalingPolicy, notes: [String]) {
        let object = """
            kind: HTTPScaledObject
            apiVersion: http.keda.sh/v1alpha1
            metadata: { name: shop }
            spec:
              scaleTargetRef: { name: web, kind: Deployment, apiVersion: apps/v1, service: web, port: 80 }
              \(spec)
            """
        let result = try PolicyImport(.keda, text: object, file: "f")
        let policies = try PolicyFile.load([(name: "p.yml", text: result.text)])
        return (try #require(policies.first), result.notes.map(\.description))
    }

    @Test
    func `requests by second are what the interceptor counts`() throws {
        let (policy, notes) = try imported(
            """
            hosts: [ a.example, b.example ]
              replicas: { min: 0, max: 10 }
              scaledownPeriod: 120
              scalingMetric: { requestRate: { granularity: 1s, targetValue: 50, window: 2m } }
            """)

        #expect(policy.workload.name == "web")
        #expect(
            policy.signals.map(\.query) == [
                #"sum(rate(interceptor_request_count_total{host=~"a\\.example|b\\.example"}[2m]))"#
            ])
        #expect(policy.signals.map(\.target) == [.perReplica(50)])
        #expect(policy.minReplicas == 0 && policy.maxReplicas == 10)
        #expect(policy.idleAfter == .seconds(120))
        #expect(notes.count == 1, "\(notes)")
    }

    @Test
    func `without a metric a hundred requests may be under way by replica`() throws {
        let (policy, notes) = try imported("hosts: [ a.example ]\n  pathPrefixes: [ /shop ]")

        #expect(
            policy.signals.map(\.query) == [#"sum(interceptor_pending_request_count{host="a.example"})"#])
        #expect(policy.signals.map(\.target) == [.perReplica(100)])
        #expect(policy.maxReplicas == 100)
        #expect(notes.contains { $0.contains("pathPrefixes of the HTTPScaledObject") }, "\(notes)")
    }

    @Test
    func `a job that ends is no replica`() {
        let error = #expect(throws: DocumentError.self) {
            try PolicyImport(.keda, text: "kind: ScaledJob\nmetadata: { name: j }\n", file: "f")
        }

        #expect(error?.description.contains("f:1:1: ScaledJob has no equivalent") == true)
    }
}
