package import Journal
import Synchronization
package import TimeSeries

/// What Prometheus calls the admin APIs of its store.
extension Store {
    /// How often a cleaning begins anew because of a deletion that came meanwhile.
    private static let cleaningAttempts = 3

    /// Deletes samples of the series that meet any of the matcher sets. They are gone from all results and for good once
    /// this is durable, as it is when this returns; `removeDeleted` takes them out of memory and files.
    /// Throws where the disk refuses to note it; what is refused at first may become durable later, with all else that waits.
    package func delete(_ matcherSets: [[Matcher]], in range: ClosedRange<Timestamp>) throws(LogError) {
        let isNew = try head.withLock { head throws(LogError) in
            let new = head.tombstones(matcherSets, in: range.milliseconds)
            guard !new.isEmpty else { return head.waitingDeletions.isEmpty == false }
            let position = try log.append(new.map(DeletionRecord.tombstone))
            head.waitingDeletions += new.map { WaitingDeletion(position: position, tombstone: $0) }
            for tombstone in new { head.lone.note(.deletion(tombstone), at: position) }
            return true
        }
        if isNew { try sync() }
    }

    /// Takes deleted samples out of memory, then out of files: all that is left is written anew, and older
    /// snapshots and the log before go. Appends and queries go on meanwhile.
    /// - Parameter meanwhile: called where others may append, each time the long part is done; for tests.
    package func removeDeleted(meanwhile: () throws -> Void = {}) throws {
        var hasAny = false
        for attempt in 0... {
            if head.withLock({ !$0.waitingDeletions.isEmpty }) { try sync() }
            let copy = head.withLock { $0 }
            guard !copy.tombstones.isEmpty else { break }
            // Whoever deletes again and again has what is left done at once.
            let isLast = attempt >= Store.cleaningAttempts
            let cleaning = isLast ? Cleaning() : Cleaning(copy)
            try meanwhile()
            hasAny = try head.withLock { head in
                // One that waits has its record before that of the cleaning, which takes it out too when the log is read.
                guard head.waitingDeletions.isEmpty,
                    isLast || head.tombstones == copy.tombstones && head.removals == copy.removals
                else { return false }
                try log.append([[DeletionRecord.clean]])
                head.removeDeleted(cleaning)
                return true
            }
            if hasAny { break }
        }
        let isInFiles =
            head.withLock { $0.removals == $0.removalsInFiles } && !snapshots.withLock(\.hasUnused)
        if hasAny || !isInFiles { try snapshot() }
    }

    /// Takes out what was deleted, in memory and for whoever reads the log, before samples come that the deletion would hide: it is
    /// of what was there, and they are acknowledged.
    func removeDeleted(from head: inout Head) {
        // A deletion that is not durable yet would go as well, for whoever reads the log.
        guard head.waitingDeletions.isEmpty, (try? log.append([[DeletionRecord.clean]])) != nil else {
            return
        }
        head.removeDeleted()
    }

    /// Writes a copy of the store as it is now into the root of another disk, where a store can be opened and
    /// inspected. Without what is not sealed for good yet, the newest rows, where `sealedOnly`.
    package func copy(to disk: any Disk, sealedOnly: Bool = false) throws {
        let (head, sequence) = self.head.withLock { ($0, log.nextSequence - 1) }
        var whole = sealedOnly ? head.unpersisted.withoutTails : head.unpersisted
        whole.condense()
        try disk.createFolder("log")
        var folder = try SnapshotFolder(disk)
        _ = try folder.write(
            whole, sequence: sequence, isDense: true, smallState: SnapshotFolder.smallCopy)
    }
}
