import Curl
import Discovery
import Rules
import Synchronization
import TimeSeries

/// One Alertmanager with its queue; sends until it is retired or cancelled.
final class AlertmanagerPeer: Sendable {
    private struct Inner {
        var queue: AlertQueue
        var statistics: NotifierStatistics.Peer
        var dropped = 0
        var isRetired = false
    }

    let url: String
    private let configuration: AlertmanagerConfiguration
    private let options: NotifierOptions
    private let transport: any Transport
    private let clock: any Clock
    private let files: FileAccess
    private let inner: Mutex<Inner>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(
        url: String, configuration: AlertmanagerConfiguration, options: NotifierOptions,
        transport: any Transport, clock: any Clock, files: FileAccess
    ) {
        self.url = url
        self.configuration = configuration
        self.options = options
        self.transport = transport
        self.clock = clock
        self.files = files
        inner = Mutex(
            Inner(queue: AlertQueue(capacity: options.queueCapacity), statistics: .init(url: url)))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var statistics: NotifierStatistics.Peer { inner.withLock { $0.statistics } }
    var queueLength: Int { inner.withLock { $0.queue.alerts.count } }
    var dropped: Int { inner.withLock { $0.dropped } }

    func add(_ alerts: [AlertNotification]) {
        inner.withLock { $0.dropped += $0.queue.add(alerts) }
        signal.yield()
    }

    /// Ends the sending; what is queued is lost, since the Alertmanager is no longer configured.
    func retire() {
        inner.withLock { inner in
            inner.isRetired = true
            inner.dropped += inner.queue.takeBatch(of: .max).count
        }
        signal.finish()
    }

    func run() async {
        for await _ in signals {
            while let batch = nextBatch() {
                guard await deliver(batch) else { return }
            }
        }
    }

    /// Sends what is left, each batch once, until the queue is empty or the time is over.
    func drain(until deadline: Duration) async {
        while clock.uptime < deadline, let batch = nextBatch() {
            let timeout = min(configuration.timeout, deadline - clock.uptime)
            if case .failure(let failure) = await post(batch, timeout: timeout) {
                giveUp(batch, failure.reason)
            }
        }
        inner.withLock { $0.dropped += $0.queue.takeBatch(of: .max).count }
    }

    private func nextBatch() -> [AlertNotification]? {
        inner.withLock { inner in
            inner.queue.isEmpty || inner.isRetired ? nil : inner.queue.takeBatch(of: options.maxBatch)
        }
    }

    /// Tries a batch until it is taken or hopeless; false where the task was cancelled, with the batch put back.
    private func deliver(_ batch: [AlertNotification]) async -> Bool {
        var pause = options.firstPause
        for attempt in 1...max(1, options.maxAttempts) {
            if Task.isCancelled { return putBack(batch) }
            switch await post(batch, timeout: configuration.timeout) {
            case .success: return true
            case .failure(let failure) where failure.isCancellation: return putBack(batch)
            case .failure(let failure):
                guard failure.mayPass, attempt < options.maxAttempts else {
                    giveUp(batch, failure.reason)
                    return true
                }
                inner.withLock { $0.statistics.lastError = failure.reason }
            }
            do { try await clock.sleep(for: pause) } catch { return putBack(batch) }
            pause = min(pause * 2, options.maxPause)
        }
        return true
    }

    private func putBack(_ batch: [AlertNotification]) -> Bool {
        inner.withLock { $0.dropped += $0.queue.putBack(batch) }
        return false
    }

    private func giveUp(_ batch: [AlertNotification], _ reason: String) {
        inner.withLock { inner in
            inner.statistics.errors += batch.count
            inner.statistics.lastError = reason
            inner.dropped += batch.count
        }
    }

    private struct Failure: Error {
        var reason: String
        /// Worth another try.
        var mayPass = true
        var isCancellation = false
    }

    private func post(_ batch: [AlertNotification], timeout: Duration) async -> Result<Void, Failure> {
        var headers = [
            (name: "Content-Type", value: "application/json"), (name: "User-Agent", value: "Flyball"),
        ]
        do {
            headers += try configuration.client.requestHeaders(files)
        } catch {
            return .failure(Failure(reason: error.description))
        }
        let request = TransportRequest(
            method: "POST", url: url, headers: headers, body: PostableAlerts.encode(batch),
            timeout: timeout, maxBodyBytes: 64 << 10,
            followsRedirects: configuration.client.followsRedirects, tls: configuration.client.tls)
        let start = clock.uptime
        do throws(TransportError) {
            let response = try await transport.perform(request)
            note(duration: clock.uptime - start)
            guard (200..<300).contains(response.status) else { return .failure(refusal(response)) }
            inner.withLock { inner in
                inner.statistics.sent += batch.count
                inner.statistics.lastSuccess = clock.now
                inner.statistics.lastError = nil
            }
            return .success(())
        } catch {
            if error == .cancelled { return .failure(Failure(reason: "cancelled", isCancellation: true)) }
            note(duration: clock.uptime - start)
            return .failure(Failure(reason: error.description))
        }
    }

    private func note(duration: Duration) {
        inner.withLock { inner in
            inner.statistics.requests += 1
            inner.statistics.totalLatency += duration
        }
    }

    /// Overload and the server's own faults may pass; what it calls a bad request stays one.
    private func refusal(_ response: TransportResponse) -> Failure {
        let text = String(decoding: response.body.prefix(200), as: UTF8.self)
        let reason = "bad response status \(response.status)" + (text.isEmpty ? "" : ": " + text)
        return Failure(reason: reason, mayPass: response.status >= 500 || response.status == 429)
    }
}
