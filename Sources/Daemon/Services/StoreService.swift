import Logging
import ServiceLifecycle
import Storage
import TimeSeries

/// Makes scraped samples durable at each interval and keeps the store within its bounds each minute.
struct StoreService: Service {
    let store: Store
    /// `storage.wal.interval`.
    let interval: Duration
    let clock: any Clock
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var sinceMaintenance = Duration.zero
            while !Task.isCancelled {
                try await clock.sleep(for: interval)
                sync()
                sinceMaintenance += interval
                guard sinceMaintenance >= .seconds(60) else { continue }
                sinceMaintenance = .zero
                maintain()
            }
        }
        sync()
    }

    private func sync() {
        do {
            try store.sync()
        } catch {
            logger.error("samples are not durable", metadata: ["reason": "\(error)"])
        }
    }

    private func maintain() {
        do {
            try store.maintain(now: clock.now)
        } catch {
            logger.error("the store cannot be maintained", metadata: ["reason": "\(error)"])
        }
    }
}
