import Fleet
import Simulation
import TimeSeries

/// The files of the simulated service, and the demand that it meets.
enum Scenario {
    static let web = WorkloadID("web")!
    static let store = WorkloadID("store")!
    static let nodes = ["a", "b", "c", "d"].map { NodeID($0)! }

    private static let fleet = """
        nodes:
        - { name: a, cpu: 2, memory: 4GiB, labels: { zone: east } }
        - { name: b, cpu: 2, memory: 4GiB, labels: { zone: east } }
        - { name: c, cpu: 2, memory: 4GiB, labels: { zone: west } }
        - { name: d, cpu: 2, memory: 4GiB, labels: { zone: west } }
        workloads:
        - name: web
          command: serve --port {port}
          replicas: 2
          request: { cpu: 200m, memory: 128MiB }
          placement:
            anti_affinity: [ { workload: web, topology: node, weight: 50 } ]
        - name: store
          command: keep --port {port}
          replicas: 1
          singleton: true
          request: { cpu: 100m, memory: 64MiB }

        """

    private static let policies = """
        policies:
        - name: load
          workload: web
          replicas: { min: 2, max: 12 }
          interval: 5s
          signals:
          - name: load
            query: sum(rate(http_requests_total{workload="web"}[20s]))
            per_replica: 10
          behaviour:
            scale_up: { limit: 100% per 15s or 4 per 15s }
            scale_down: { window: 30s, limit: 50% per 30s or 2 per 30s }
          when: { stale_after: 15s }

        """

    private static let rules = """
        groups:
        - name: web
          interval: 10s
          rules:
          - record: workload:requests:rate20s
            expr: sum by (workload) (rate(http_requests_total[20s]))
          - alert: ManyRequests
            expr: workload:requests:rate20s{workload="web"} > 60
            for: 20s
            labels: { severity: page }
            annotations: { summary: "{{ $value | humanize }} requests a second" }

        """

    static func configuration(_ load: LoadProfile) throws -> SimulatedConfiguration {
        try SimulatedConfiguration(
            fleet: fleet, policies: policies, rules: rules, scrapeInterval: .seconds(5), loads: [web: load])
    }
}
