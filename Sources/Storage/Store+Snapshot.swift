import Journal
import Synchronization

extension Store {
    /// Writes everything in memory to disk in one snapshot, so that the log before it can go. Appends go on
    /// meanwhile. Throws where the disk fails; the snapshots before it stay valid then.
    /// - Parameter isDense: takes longer for smaller files, of an import, which may stay as they are for long; no other snapshot is kept.
    package func snapshot(isDense: Bool = false) throws {
        try keepReserve()
        try snapshots.withLock { snapshots in
            let (head, moment, sequence) = self.head.withLock { head in
                let moment = head.durability.beginCommit(newest: head.newest)
                return (head, moment, log.nextSequence - 1)
            }
            // Files that hold what was deleted must not be used any more.
            let anew = head.removals != head.removalsInFiles
            var copy = anew ? head.unpersisted : head
            // Else a crash could leave a snapshot ahead of the log, whose sequences would then be given again.
            let durable = try log.commit()
            copy.settleDeletions(through: durable)
            self.head.withLock { $0.settleDeletions(through: durable) }
            let needed = try snapshots.write(
                copy, sequence: sequence, logEnd: log.durableEnd, anew: anew, isDense: isDense,
                smallState: isDense ? SnapshotFolder.smallImport : SnapshotFolder.smallState)
            self.head.withLock { head in
                head.markPersisted(as: copy)
                head.durability.committed(moment, through: sequence)
                head.lone.removeAll(through: sequence)
            }
            let byteCount = snapshots.byteCount
            status.withLock { status in
                status.snapshotCount += 1
                status.snapshotByteCount = byteCount
            }
            // The snapshot counts, whatever becomes of the files that it makes superfluous.
            let removed = Result { try snapshots.removeUnused() }
            let truncated = Result { try log.truncate(below: needed) }
            let quarantine = Quarantine.list(disk)
            status.withLock { status in
                if anew, (try? truncated.get()) != nil { status.hasDamagedFiles = false }
                status.quarantine = quarantine
            }
            try removed.get()
            try truncated.get()
        }
    }
}

extension Head {
    /// Notes what a snapshot of `copy`, an earlier state of this head, has put into chunk files.
    mutating func markPersisted(as copy: Head) {
        for index in copy.tables.indices {
            guard let old = copy.tables[index], old.finalCount > 0 else { continue }
            let last = old.sealed[old.finalCount - 1]
            tables[index]?.markPersisted(through: last)
        }
        loose.markPersisted(as: copy.loose)
        markRollupsPersisted(as: copy)
        removalsInFiles = copy.removals
    }
}
