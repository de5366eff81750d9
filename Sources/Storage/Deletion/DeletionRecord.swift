import Codecs

/// Records of deletions:
///
///     32 tombstone  as `Tombstone.encode` writes it; in the log, which says it twice, and in the state file of snapshots
///     33 clean      nothing; in the log: what is deleted was taken out of memory here
enum DeletionRecord {
    static let tombstone: UInt8 = 32
    static let clean: UInt8 = 33

    static func tombstone(_ tombstone: Tombstone) -> [UInt8] {
        var bytes: [UInt8] = [self.tombstone]
        tombstone.encode(to: &bytes)
        return bytes
    }

    /// Takes a record without its kind; false where the kind is none of deletions.
    static func read(
        _ kind: UInt8, _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) -> Bool {
        switch kind {
        case tombstone: head.take(try Tombstone(bytes, &cursor))
        case clean: head.removeDeleted()
        default: return false
        }
        return true
    }
}

extension Head {
    /// Takes a deletion that a file tells of; whether it is new.
    @discardableResult
    mutating func take(_ tombstone: Tombstone) -> Bool {
        guard !tombstones.contains(tombstone) else { return false }
        tombstones.append(tombstone)
        return true
    }
}
