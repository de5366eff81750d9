import Curl
import Discovery
import Exposition
import Synchronization
import TimeSeries

/// Scrapes one target: asks it, reads the answer and writes it to the sink. Its scrapes must not overlap.
final class TargetScraper: Sendable {
    /// What it works with; the same for all targets.
    struct Environment: Sendable {
        var transport: any Transport
        var clock: any Clock
        var sink: any SampleSink
        var files: FileAccess
        var userAgent: String
        var registry = LineTextRegistry()
    }

    private struct State {
        var target: Target
        var job: ScrapeConfiguration
        var ask: Ask
        var limitExceeded: String?
        var status: TargetStatus
        var table: ScrapeTable
    }

    /// What every scrape of the target asks for.
    private struct Ask {
        /// Without credentials, which may change in their files.
        let headers: [(name: String, value: String)]
        /// On this machine copying costs less than unpacking.
        let acceptsGzip: Bool

        init(_ target: Target, _ job: ScrapeConfiguration, userAgent: String) {
            headers = [
                (
                    name: "Accept",
                    value: ScrapeProtocol.acceptHeader(job.protocols, escaping: job.names.escaping)
                ),
                (name: "User-Agent", value: userAgent),
                (
                    name: "X-Prometheus-Scrape-Timeout-Seconds",
                    value: target.timeout.inSeconds.expositionText
                ),
            ]
            acceptsGzip = job.acceptsCompression && !(HTTPAddress(target.url)?.isLoopback ?? false)
        }
    }

    let id: UInt64
    private let environment: Environment
    private let state: Mutex<State>

    init(id: UInt64, _ target: Target, _ job: ScrapeConfiguration, _ environment: Environment) {
        self.id = id
        self.environment = environment
        state = Mutex(
            State(
                target: target, job: job, ask: Ask(target, job, userAgent: environment.userAgent),
                status: TargetStatus(target: target),
                table: ScrapeTable(target, job, environment.sink, environment.registry)))
    }

    var status: TargetStatus { state.withLock { $0.status } }

    /// Takes over settings that do not change what a line means.
    func update(_ target: Target, _ job: ScrapeConfiguration, limitExceeded: String?) {
        state.withLock { state in
            state.target = target
            state.ask = Ask(target, job, userAgent: environment.userAgent)
            state.job = job
            state.limitExceeded = limitExceeded
            state.status.target = target
            state.table.job = job
        }
    }

    func noteSkipped() { state.withLock { $0.status.skippedScrapes += 1 } }

    /// The target is gone: its series end here.
    func close() {
        let now = environment.clock.now
        state.withLock { $0.table.close(at: now) }
    }

    /// One scrape whose samples bear `timestamp`; nil when it was cancelled or the target is gone.
    func scrape(at timestamp: Timestamp) async -> LandedScrape? {
        let (target, job, ask, limitExceeded) = state.withLock {
            ($0.target, $0.job, $0.ask, $0.limitExceeded)
        }
        let start = environment.clock.uptime
        let answer: Result<TransportResponse, ScrapeFailure>
        if let limitExceeded {
            answer = .failure(.targetLimit(limitExceeded))
        } else {
            do throws(ScrapeFailure) {
                answer = .success(try await fetch(target, job, ask))
            } catch {
                if case .transport(.cancelled, _) = error { return nil }
                answer = .failure(error)
            }
        }
        let duration = environment.clock.uptime - start
        let now = environment.clock.now
        let landed: LandedScrape? = state.withLock { state in
            guard !state.table.isClosed else { return nil }
            let outcome = state.table.land(
                answer, at: timestamp, now: now, duration: duration, timeout: target.timeout)
            state.status.health = outcome.isUp ? .up : .down
            state.status.lastError = outcome.problem
            state.status.lastScrape = timestamp
            state.status.lastDuration = duration
            state.status.samples = outcome.samples
            var landed = LandedScrape(
                target: target, timestamp: timestamp, isUp: outcome.isUp, samples: outcome.samples,
                position: outcome.position)
            landed.problem = outcome.problem
            landed.failureLog = state.job.failureLog
            return landed
        }
        if case .success(let response) = answer { environment.transport.reclaim(response.body) }
        return landed
    }

    private func fetch(
        _ target: Target, _ job: ScrapeConfiguration, _ ask: Ask
    ) async throws(ScrapeFailure) -> TransportResponse {
        var headers = ask.headers
        do {
            headers += try job.client.requestHeaders(environment.files)
        } catch {
            throw .credentials("\(error)")
        }
        let request = TransportRequest(
            url: target.url, headers: headers, timeout: target.timeout,
            maxBodyBytes: job.limits.bodyBytes ?? .max, acceptsGzip: ask.acceptsGzip,
            followsRedirects: job.client.followsRedirects, tls: job.client.tls, isRepeated: true)
        let response: TransportResponse
        do {
            response = try await environment.transport.perform(request)
        } catch {
            throw .transport(error, timeout: target.timeout)
        }
        guard response.status == 200 else { throw .status(response.status) }
        return response
    }
}
