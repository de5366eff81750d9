import Curl
import Exposition
import Glibc
package import Logging
import ServiceLifecycle
import Synchronization
import TimeSeries
import UnixSignals
import Web

/// Sends requests at the times that a shape says, whether or not the earlier ones were answered, and counts what
/// became of them.
package enum DemoLoad {
    package struct Options: Hashable, Sendable {
        /// What is asked for, such as `http://127.0.0.1:9100/work`.
        package var url: String
        package var shape: LoadShape
        /// Of /metrics; nil for none, 0 for any.
        package var metricsPort: Int?
        package var lateAfter: Duration
        package var timeout: Duration
        /// Between two lines; nil for none but the sum at the end.
        package var report: Duration?
        /// Nil: until told to end.
        package var duration: Duration?

        package init(
            url: String, shape: LoadShape = LoadShape(), metricsPort: Int? = 0,
            lateAfter: Duration = .milliseconds(500), timeout: Duration = .seconds(10),
            report: Duration? = .seconds(5), duration: Duration? = nil
        ) {
            self.url = url
            self.shape = shape
            self.metricsPort = metricsPort
            self.lateAfter = lateAfter
            self.timeout = timeout
            self.report = report
            self.duration = duration
        }
    }

    /// Runs until its duration is over, SIGTERM or SIGINT, then prints the sum.
    package static func run(_ options: Options, logger: Logger) async throws {
        let transport = CurlTransport()
        let generator = LoadGenerator(options, transport: transport, clock: SystemClock())
        var services = [
            ServiceGroupConfiguration.ServiceConfiguration(
                service: LoadService(generator: generator),
                successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if let port = options.metricsPort {
            let server = WebServer(
                port: port, routes: generator.routes, metrics: MetricRegistry(), logger: logger)
            services.insert(.init(service: server), at: 0)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        transport.close()
        DemoProcess.say(generator.summary)
    }
}

/// The open loop: arrivals do not wait for answers.
final class LoadGenerator: Sendable {
    /// More requests under way than this and new ones are counted as failed instead of sent.
    private static let maxOutstanding = 512

    private struct State {
        var stretch = LoadTally()
        var total = LoadTally()
        var outstanding = 0
        var target = 0.0
    }

    private let options: DemoLoad.Options
    private let transport: any Transport
    private let clock: any Clock
    private let state = Mutex(State())
    private let registry = MetricRegistry()
    private let requests: MetricFamily<Metric>
    private let durations: HistogramMetric

    init(_ options: DemoLoad.Options, transport: any Transport, clock: any Clock) {
        self.options = options
        self.transport = transport
        self.clock = clock
        requests = registry.counter(
            "load_requests_total", "Requests by what became of them.", labels: ["outcome"])
        durations = registry.histogram("load_request_duration_seconds", "From sending to answer.").with()
        for outcome in ["ok", "late", "failed"] { _ = requests.with(outcome) }
        registry.observe(
            "load_wanted_rate", "Requests per second that the shape asks for.",
            value: { [weak self] in self?.state.withLock { $0.target } })
    }

    var routes: [Route] {
        [
            Route([.get], "/metrics", role: .open, "What the generator counts.") { _ in
                WebResponse(contentType: ExpositionWriter.contentType, body: self.registry.render())
            }
        ]
    }

    var summary: String {
        let total = state.withLock { $0.total }
        return "load ended: ok \(total.ok), late \(total.late), failed \(total.failed)"
    }

    /// - Parameter random: In 0..<1; spreads arrivals as independent visitors would (exponential gaps).
    func run(random: @Sendable () -> Double = { Double.random(in: 0..<1) }) async {
        let begin = clock.uptime
        await withDiscardingTaskGroup { group in
            if let interval = options.report {
                group.addTask { await self.reportForever(every: interval, since: begin) }
            }
            var next = Duration.zero
            while !Task.isCancelled {
                let elapsed = clock.uptime - begin
                if let duration = options.duration, elapsed >= duration { break }
                if next > elapsed {
                    try? await clock.sleep(for: next - elapsed)
                    continue
                }
                let rate = max(0.1, options.shape.rate(at: next))
                state.withLock { $0.target = rate }
                next += .seconds(-log(1 - random()) / rate)
                // After a pause of the machine the backlog is not sent at once.
                if elapsed - next > .seconds(1) { next = elapsed }
                if admit() { group.addTask { await self.send() } }
            }
            group.cancelAll()
        }
    }

    private func admit() -> Bool {
        state.withLock { state in
            guard state.outstanding < Self.maxOutstanding else {
                state.stretch.drop()
                state.total.drop()
                return false
            }
            state.outstanding += 1
            return true
        }
    }

    private func send() async {
        let begin = clock.uptime
        let status = try? await transport.perform(
            TransportRequest(url: options.url, timeout: options.timeout, maxBodyBytes: 1 << 20)
        ).status
        let latency = (clock.uptime - begin).inSeconds
        // Cut off by the end of the run: neither good nor bad.
        if Task.isCancelled { return }
        let late = options.lateAfter.inSeconds
        let succeeded = status == 200
        state.withLock { state in
            state.outstanding -= 1
            state.stretch.count(succeeded: succeeded, latency: latency, lateAfter: late)
            state.total.count(succeeded: succeeded, latency: latency, lateAfter: late)
        }
        requests.with(!succeeded ? "failed" : latency > late ? "late" : "ok").add()
        durations.observe(latency)
    }

    private func reportForever(every interval: Duration, since begin: Duration) async {
        while !Task.isCancelled {
            guard (try? await clock.sleep(for: interval)) != nil else { return }
            let (stretch, target) = state.withLock { state in
                defer { state.stretch = LoadTally() }
                return (state.stretch, state.target)
            }
            DemoProcess.say(
                stretch.line(
                    elapsed: clock.uptime - begin, target: target, over: interval.inSeconds))
        }
    }
}

struct LoadService: Service {
    let generator: LoadGenerator

    func run() async throws {
        await cancelWhenGracefulShutdown { await generator.run() }
    }
}
