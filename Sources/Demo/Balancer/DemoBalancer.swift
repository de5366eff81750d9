import Curl
import Exposition
package import Logging
import ServiceLifecycle
import Synchronization
import TimeSeries
import UnixSignals
import Web

/// A reverse proxy in front of the live replicas of one workload, as the service lists them. Serves on while the
/// service is away.
package enum DemoBalancer {
    package struct Options: Hashable, Sendable {
        package var port: Int
        /// The service's address, such as `http://127.0.0.1:9090`.
        package var service: String
        package var workload: String
        /// For one try at one replica.
        package var timeout: Duration
        package var refresh: Duration

        package init(
            port: Int, service: String, workload: String = "web", timeout: Duration = .seconds(5),
            refresh: Duration = .milliseconds(500)
        ) {
            self.port = port
            self.service = service
            self.workload = workload
            self.timeout = timeout
            self.refresh = refresh
        }
    }

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: where it cannot listen.
    package static func run(_ options: Options, logger: Logger) async throws {
        let transport = CurlTransport()
        let balancer = Balancer(options, transport: transport)
        let server = WebServer(
            port: options.port, routes: balancer.routes, metrics: MetricRegistry(), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: BalancerRefresh(balancer: balancer)), .init(service: server)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        transport.close()
    }
}

/// Passes requests on. Requests are GETs, so whatever failed may be tried at another replica.
final class Balancer: Sendable {
    private static let maxTries = 4

    private let options: DemoBalancer.Options
    private let transport: any Transport
    private let source: EndpointSource
    private let clock = SystemClock()
    private let pool = Mutex(BalancerPool())
    private let registry = MetricRegistry()
    private let requests: MetricFamily<Metric>
    private let retries: Metric
    private let durations: HistogramMetric

    init(_ options: DemoBalancer.Options, transport: any Transport) {
        self.options = options
        self.transport = transport
        source = EndpointSource(service: options.service, workload: options.workload, transport: transport)
        requests = registry.counter(
            "balancer_requests_total", "Requests by the status they were answered with.",
            labels: ["workload", "code"])
        retries = registry.counter(
            "balancer_retries_total", "Tries at another replica after one failed.", labels: ["workload"]
        ).with(options.workload)
        durations = registry.histogram(
            "balancer_request_duration_seconds", "From arrival to answer, retries included.",
            labels: ["workload"],
            bounds: [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5]
        ).with(options.workload)
        for code in ["200", "503"] { _ = requests.with(options.workload, code) }
        observePool()
    }

    private func observePool() {
        let workload = [(name: "workload", value: options.workload)]
        registry.observe(
            "balancer_replicas_ready", "Replicas that want requests.",
            series: { [weak self] in
                guard let self else { return [] }
                return [(labels: workload, value: Double(self.pool.withLock { $0.readyCount }))]
            })
        registry.observe(
            "balancer_requests_in_flight", "Requests under way by replica.",
            series: { [weak self] in
                guard let self else { return [] }
                return self.pool.withLock { $0.inFlight }.map {
                    (labels: workload + [(name: "replica", value: $0.replica)], value: Double($0.count))
                }
            })
        registry.observe(
            "process_cpu_seconds_total", "CPU time of this process.", kind: .counter,
            value: { DemoProcess.cpuSeconds })
    }

    var routes: [Route] {
        [
            Route([.get], "/work", role: .open, "Passed on to a replica.") { _ in await self.pass("/work") },
            Route([.get], "/-/healthy", role: .open, "Whether there is a replica to pass requests to.") { _ in
                self.pool.withLock { $0.readyCount } > 0 ? .text("ok\n") : .text("no replica\n", status: 503)
            },
            Route([.get], "/metrics", role: .open, "What the balancer counts.") { _ in
                WebResponse(contentType: ExpositionWriter.contentType, body: self.registry.render())
            },
        ]
    }

    /// Fetches the list; an unreachable service changes nothing.
    func refresh() async {
        if let endpoints = await source.endpoints() { pool.withLock { $0.update(endpoints) } }
    }

    func refreshForever() async {
        while !Task.isCancelled {
            await refresh()
            try? await clock.sleep(for: options.refresh)
        }
    }

    func pass(_ path: String) async -> WebResponse {
        let begin = clock.uptime
        let answer = await attempt(path)
        durations.observe((clock.uptime - begin).inSeconds)
        requests.with(options.workload, "\(answer.status)").add()
        return answer
    }

    private func attempt(_ path: String) async -> WebResponse {
        var tried: Set<String> = []
        var last = WebResponse.text("no replica is ready\n", status: 503)
        pool.withLock { $0.retries.earn() }
        while tried.count < Self.maxTries,
            let endpoint = pool.withLock({ $0.pick(excluding: tried, at: clock.uptime) })
        {
            if !tried.isEmpty { retries.add() }
            tried.insert(endpoint.replica)
            let begin = clock.uptime
            let answer = await ask(endpoint, path)
            let now = clock.uptime
            pool.withLock {
                $0.finished(
                    endpoint, latency: (now - begin).inSeconds, succeeded: answer.isGood, at: now)
            }
            last = answer.response
            // A replica that was never reached has done no work: another one may always be asked.
            if answer.isGood || !answer.mayRetry { break }
            if !answer.isFree, !pool.withLock({ $0.retries.spend() }) { break }
        }
        return last
    }

    private func ask(_ endpoint: BalancerPool.Endpoint, _ path: String) async -> ReplicaAnswer {
        let request = TransportRequest(
            url: "http://\(endpoint.address)\(path)", timeout: options.timeout, maxBodyBytes: 1 << 20)
        do throws(TransportError) {
            let response = try await transport.perform(request)
            return ReplicaAnswer(
                response: WebResponse(
                    status: response.status, contentType: response.header("content-type") ?? "text/plain",
                    body: response.body),
                isGood: response.status < 500, mayRetry: true, isFree: false)
        } catch {
            let isTimeout = error == .timedOut
            return ReplicaAnswer(
                response: .text(
                    "replica \(endpoint.replica) did not answer\n", status: isTimeout ? 504 : 502),
                isGood: false, mayRetry: !isTimeout, isFree: error.isRefused)
        }
    }
}

/// What one try came to.
private struct ReplicaAnswer: Sendable {
    var response: WebResponse
    var isGood: Bool
    /// Whoever has waited for a whole timeout is not made to wait for another.
    var mayRetry: Bool
    /// Whether a retry adds no load.
    var isFree: Bool
}

extension TransportError {
    fileprivate var isRefused: Bool {
        if case .refused = self { true } else { false }
    }
}

struct BalancerRefresh: Service {
    let balancer: Balancer

    func run() async throws {
        await cancelWhenGracefulShutdown { await balancer.refreshForever() }
    }
}
