import Documents
import Exposition
package import Logging
import ServiceLifecycle
import Synchronization
import TimeSeries
import UnixSignals
import Web

/// A small HTTP service whose latency depends on its load: few requests at once, each with real CPU work and a wait as
/// for a backend of its own, the others in a bounded queue. Asked to end, it first turns unhealthy and goes on
/// serving, so that a balancer has time to turn away.
package enum DemoWorkload {
    package struct Options: Hashable, Sendable {
        package var port: Int
        package var workload: String
        package var replica: String
        /// CPU time of a request.
        package var work: Duration
        /// Time of a request without CPU.
        package var wait: Duration
        package var concurrency: Int
        package var queueLength: Int
        /// Between turning unhealthy and closing the door.
        package var drain: Duration

        package init(
            port: Int, workload: String = "web", replica: String = "web-0", work: Duration = .milliseconds(4),
            wait: Duration = .milliseconds(38), concurrency: Int = 1, queueLength: Int = 64,
            drain: Duration = .seconds(3)
        ) {
            self.port = port
            self.workload = workload
            self.replica = replica
            self.work = work
            self.wait = wait
            self.concurrency = concurrency
            self.queueLength = queueLength
            self.drain = drain
        }
    }

    /// Serves until SIGTERM or SIGINT, then drains.
    /// - Throws: where it cannot listen.
    package static func run(_ options: Options, logger: Logger) async throws {
        let replica = WorkloadServer(options)
        let server = WebServer(
            port: options.port, routes: replica.routes, metrics: MetricRegistry(), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: server), .init(service: WorkloadDrain(server: replica)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// What a replica answers and counts.
final class WorkloadServer: Sendable {
    let options: DemoWorkload.Options
    let queue: WorkQueue
    private let isDraining = Atomic(false)
    private let registry = MetricRegistry()
    private let requests: MetricFamily<Metric>
    private let durations: HistogramMetric

    init(_ options: DemoWorkload.Options) {
        self.options = options
        queue = WorkQueue(concurrency: options.concurrency, length: options.queueLength)
        requests = registry.counter(
            "http_requests_total", "Requests by their status.", labels: ["workload", "code"])
        durations = registry.histogram(
            "http_request_duration_seconds", "From arrival to answer.", labels: ["workload"],
            bounds: [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5]
        ).with(options.workload)
        let queue = queue
        let labels = [(name: "workload", value: options.workload)]
        registry.observe(
            "http_queue_depth", "Requests that wait for their turn.",
            series: { [(labels: labels, value: Double(queue.waiting))] })
        registry.observe(
            "http_requests_in_flight", "Requests that are being worked on or wait.",
            series: { [(labels: labels, value: Double(queue.waiting + queue.running))] })
        registry.observe(
            "process_cpu_seconds_total", "CPU time of this process.", kind: .counter,
            value: { DemoProcess.cpuSeconds })
        // So that a rate sees the first requests.
        _ = requests.with(options.workload, "200")
        _ = requests.with(options.workload, "503")
    }

    var routes: [Route] {
        [
            Route([.get], "/work", role: .open, "Does one piece of work.") { _ in await self.work() },
            Route([.get], "/health", role: .open, "Whether the replica wants requests.") { _ in
                self.isDraining.load(ordering: .relaxed)
                    ? .text("draining\n", status: 503) : .text("ok\n")
            },
            Route([.get], "/metrics", role: .open, "What the replica counts.") { _ in
                WebResponse(contentType: ExpositionWriter.contentType, body: self.registry.render())
            },
        ]
    }

    func drain() { isDraining.store(true, ordering: .relaxed) }

    private func work() async -> WebResponse {
        let clock = ContinuousClock()
        let begin = clock.now
        let work = options.work.inSeconds
        let wait = options.wait
        let isDone: Bool? = await queue.run {
            Self.burn(cpuSeconds: work)
            try? await clock.sleep(for: wait)
            return true
        }
        durations.observe((clock.now - begin).inSeconds)
        guard isDone != nil else {
            requests.with(options.workload, "503").add()
            return .text("the queue is full\n", status: 503)
        }
        requests.with(options.workload, "200").add()
        return .text("done by \(options.replica)\n")
    }

    /// Computes until the calling thread has used so much CPU time, whatever else runs on the machine.
    private static func burn(cpuSeconds: Double) {
        let end = DemoProcess.threadCPUSeconds + cpuSeconds
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        repeat {
            for _ in 0..<2000 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
            }
        } while DemoProcess.threadCPUSeconds < end && state != 0
    }
}

/// Holds up the end of the server until others have had time to notice and the last request is answered.
struct WorkloadDrain: Service {
    let server: WorkloadServer

    func run() async throws {
        try? await gracefulShutdown()
        server.drain()
        let clock = ContinuousClock()
        let latest = clock.now + server.options.drain * 3
        try? await clock.sleep(for: server.options.drain)
        while server.queue.running > 0, clock.now < latest { try? await clock.sleep(for: .milliseconds(20)) }
    }
}
