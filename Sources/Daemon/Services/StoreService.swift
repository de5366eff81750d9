import Logging
import ServiceLifecycle
import Storage
import TimeSeries

/// Makes scraped samples durable each second and keeps the store within its bounds each minute.
struct StoreService: Service {
    let store: Store
    let clock: any Clock
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var seconds = 0
            while !Task.isCancelled {
                try await clock.sleep(for: .seconds(1))
                sync()
                seconds += 1
                if seconds % 60 == 0 { maintain() }
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
