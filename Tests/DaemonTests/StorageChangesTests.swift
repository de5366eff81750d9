import Storage
import Testing
import TimeSeries

@testable import Daemon

@Suite struct StorageChangesTests {
    @Test func `a reload names what counts from the next start on`() {
        let start = Configuration.StorageSettings()
        var settings = start
        settings.limits.series = 10
        settings.memoryLimitBytes = 1 << 20
        settings.retention = .seconds(60)
        settings.outOfOrderWindow = .seconds(1)
        #expect(settings.changesForRestart(since: start) == [])

        settings.sync = .always
        settings.rollups = []
        settings.reserveBytes = 0
        #expect(settings.changesForRestart(since: start) == ["reserve", "wal.sync", "rollups"])
    }
}
