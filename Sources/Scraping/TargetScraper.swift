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
        var limitExceeded: String?
        var status: TargetStatus
        var table: ScrapeTable
    }

    let id: UInt64
    private let environment: Environment
    private let state: Mutex<State>

    init(id: UInt64, _ target: Target, _ job: ScrapeConfiguration, _ environment: Environment) {
        self.id = id
        self.environment = environment
        state = Mutex(
            State(
                target: target, job: job, status: TargetStatus(target: target),
                table: ScrapeTable(target, job, environment.sink, environment.registry)))
    }

    var status: TargetStatus { state.withLock { $0.status } }

    /// Takes over settings that do not change what a line means.
    func update(_ target: Target, _ job: ScrapeConfiguration, limitExceeded: String?) {
        state.withLock { state in
            state.target = target
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
        let (target, job, limitExceeded) = state.withLock { ($0.target, $0.job, $0.limitExceeded) }
        let start = environment.clock.uptime
        let answer: Result<TransportResponse, ScrapeFailure>
        if let limitExceeded {
            answer = .failure(.targetLimit(limitExceeded))
        } else {
            do throws(ScrapeFailure) {
                answer = .success(try await fetch(target, job))
            } catch {
                if case .transport(.cancelled, _) = error { return nil }
                answer = .failure(error)
            }
        }
        let duration = environment.clock.uptime - start
        let now = environment.clock.now
        return state.withLock { state in
            guard !state.table.isClosed else { return nil }
            let outcome = state.table.land(
                answer, at: timestamp, now: now, duration: duration, timeout: target.timeout)
            state.status.health = outcome.isUp ? .up : .down
            state.status.lastError = outcome.problem
            state.status.lastScrape = timestamp
            state.status.lastDuration = duration
            state.status.samples = outcome.samples
            return LandedScrape(
                target: target, timestamp: timestamp, isUp: outcome.isUp, samples: outcome.samples,
                position: outcome.position)
        }
    }

    private func fetch(
        _ target: Target, _ job: ScrapeConfiguration
    ) async throws(ScrapeFailure) -> TransportResponse {
        var headers: [(name: String, value: String)] = [
            (name: "Accept", value: "text/plain;version=0.0.4,*/*;q=0.1"),
            (name: "User-Agent", value: environment.userAgent),
            (name: "X-Prometheus-Scrape-Timeout-Seconds", value: target.timeout.inSeconds.expositionText),
        ]
        do {
            headers += try job.client.requestHeaders(environment.files)
        } catch {
            throw .credentials("\(error)")
        }
        // On this machine copying costs less than unpacking.
        let isNear = HTTPAddress(target.url)?.isLoopback ?? false
        let request = TransportRequest(
            url: target.url, headers: headers, timeout: target.timeout,
            maxBodyBytes: job.limits.bodyBytes ?? .max, acceptsGzip: job.acceptsCompression && !isNear,
            followsRedirects: job.client.followsRedirects, tls: job.client.tls)
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
