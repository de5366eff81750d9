import Logging
import ServiceLifecycle
import Storage
import TimeSeries

/// Makes scraped samples durable at each interval and keeps the store within its bounds each minute.
struct StoreService: Service {
    let store: Store
    /// `storage.wal.interval`, which a reload may change.
    let interval: @Sendable () -> Duration
    let clock: any Clock
    let logger: Logger
    /// What others keep beside the store for its series.
    var outsideBytes: @Sendable () -> Int = { 0 }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var sinceMaintenance = Duration.zero
            var retention = RetentionClock(newest: store.statistics(limit: 0).newest)
            var told = store.memoryPressure
            store.note(now: clock.now)
            while !Task.isCancelled {
                let interval = interval()
                try await clock.sleep(for: interval)
                store.note(now: clock.now)
                sync()
                sinceMaintenance += interval
                guard sinceMaintenance >= .seconds(60) || store.isMaintenanceDue else { continue }
                sinceMaintenance = .zero
                told = tell(since: told)
                maintain(now: retention.settle(clock.now))
            }
        }
        sync()
    }

    /// Says what the memory limit did since the last time.
    private func tell(
        since told: (droppedBytes: UInt64, refusesNewSeries: Bool)
    ) -> (droppedBytes: UInt64, refusesNewSeries: Bool) {
        let now = store.memoryPressure
        if now.droppedBytes > told.droppedBytes {
            logger.warning(
                "storage.memory.limit made the oldest samples or rollups go before their retention was over",
                metadata: ["bytes": "\(now.droppedBytes - told.droppedBytes)"])
        }
        if now.refusesNewSeries, !told.refusesNewSeries {
            logger.warning("\(SinkError.memoryLimit)")
        } else if told.refusesNewSeries, !now.refusesNewSeries {
            logger.notice("there is room below storage.memory.limit: new series are taken again")
        }
        return now
    }

    private func sync() {
        do {
            try store.sync()
        } catch {
            logger.error("samples are not durable", metadata: ["reason": "\(error)"])
        }
    }

    private func maintain(now: Timestamp) {
        do {
            try store.maintain(now: now, outsideBytes: outsideBytes())
        } catch {
            logger.error("the store cannot be maintained", metadata: ["reason": "\(error)"])
        }
    }
}
