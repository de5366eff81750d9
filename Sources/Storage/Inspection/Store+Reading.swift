package import Journal
import TimeSeries

extension Store {
    /// Whether files of a store are in the folders `log` or `snapshots` below the root of `disk`; what else is in them is
    /// somebody's own.
    package static func isFound(on disk: any Disk) throws(DiskError) -> Bool {
        if try Log.isFound(on: disk, folder: "log") { return true }
        return try !SnapshotFolder.files(disk).isEmpty
    }

    /// A store for looking at the samples below the root of `disk`, of which nothing is dropped. It writes nothing unless
    /// it is told to, so a read-only disk will do, and the service that owns the files may go on meanwhile: where that
    /// replaces a snapshot while it is read, reading begins anew.
    package static func reading(_ disk: any Disk) throws -> Store {
        var last: (any Error)?
        for _ in 0..<5 {
            let before = try SnapshotFolder.manifestNumbers(disk)
            do {
                let store = try Store(disk: disk, configuration: .unbounded, now: Timestamp(milliseconds: 0))
                let after = try SnapshotFolder.manifestNumbers(disk)
                if before == after { return store }
            } catch {
                let after = try SnapshotFolder.manifestNumbers(disk)
                if before == after { throw error }
                last = error
            }
        }
        throw last
            ?? StoreError.snapshot(
                "the snapshots change faster than they can be read; stop the service first")
    }
}

extension StoreConfiguration {
    /// Takes and keeps everything, whenever it comes: for looking at a store and for importing into it.
    package static var unbounded: StoreConfiguration {
        let ages = Duration.milliseconds(Int64(1) << 52)
        var limits = Limits()
        limits.series = .max
        return StoreConfiguration(
            retention: ages, outOfOrderWindow: ages, memoryLimit: .max, snapshotLogSize: 128 << 20,
            limits: limits)
    }
}
