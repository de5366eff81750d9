import Synchronization
package import TimeSeries

extension Store {
    /// Ends an import: single series that share their times are put into tables, which take less, and all of it into a
    /// snapshot, the only one then, unless the last one has all of it. Throws where the disk fails: the samples are in the log then.
    /// - Parameter mark: what `seriesMark` was before the import. Series that were there stay as they are: who pushes to them
    ///   goes on with them.
    package func gather(from mark: UInt32 = 0) throws {
        let isChanged = head.withLock { $0.gather(from: mark) }
        let isInFiles =
            snapshots.withLock { $0.manifests.last?.sequence } == appendPosition
            && head.withLock { $0.removals == $0.removalsInFiles }
        guard isChanged || !isInFiles else { return }
        head.withLock { $0.condense() }
        try snapshot(isDense: true)
    }

    /// Single series that come from here on are not below it.
    package var seriesMark: UInt32 { head.withLock { $0.loose.nextNumber } }

    /// Samples of an import without those of a moment at which their series has one in a table. What is left may still be
    /// known as a sample of a single series; appending it says so.
    package func unknown(_ run: SeriesSamples, _ report: inout AppendReport) -> SeriesSamples {
        guard let first = run.samples.map(\.timestamp).min(), let last = run.samples.map(\.timestamp).max()
        else { return run }
        let known = head.withLock { head in
            head.samplesInTables(
                run.labels, in: first.milliseconds...last.milliseconds)
        }
        guard !known.isEmpty else { return run }
        var left = run
        left.samples.removeAll { sample in
            guard let value = known[sample.timestamp.milliseconds] else { return false }
            if value.bitPattern == sample.value.bitPattern {
                report.repeated += 1
            } else {
                report.duplicate += 1
            }
            return true
        }
        return left
    }
}
