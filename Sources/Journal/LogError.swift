/// Why a log cannot be opened, written or read.
package enum LogError: Error, Hashable, Sendable, CustomStringConvertible {
    case disk(DiskError)
    /// A file was written by a newer program; nothing of it is touched.
    case newerVersion(path: String, version: UInt32, supported: UInt32)
    /// More waits for a commit than `LogConfiguration.pendingLimit` allows.
    case full(limit: Int)
    case recordTooLong(count: Int, limit: Int)

    package var description: String {
        switch self {
        case .disk(let error): error.description
        case .newerVersion(let path, let version, let supported):
            "\(path) has format version \(version), this program reads up to \(supported); use a newer one"
        case .full(let limit): "more than \(limit) bytes wait to be written; the disk is full or too slow"
        case .recordTooLong(let count, let limit): "a record of \(count) bytes, at most \(limit) are allowed"
        }
    }

    /// Whether the cause is the disk, which may do later what it does not do now.
    package var isDisk: Bool {
        switch self {
        case .disk, .full: true
        case .newerVersion, .recordTooLong: false
        }
    }

    /// Whether the cause is a disk without space (ENOSPC, EDQUOT).
    package var isDiskFull: Bool {
        if case .disk(let error) = self { error.isDiskFull } else { false }
    }
}

/// A part of a file that cannot be read as what it should be.
package struct DamagedRange: Hashable, Sendable {
    package var path: String
    package var offset: Int
    package var length: Int

    package init(path: String, offset: Int, length: Int) {
        self.path = path
        self.offset = offset
        self.length = length
    }

    init(path: String, _ range: Range<Int>) {
        self.init(path: path, offset: range.lowerBound, length: range.count)
    }
}

/// What a pass over a log found.
package struct LogReport: Hashable, Sendable {
    package var records = 0
    /// The last sequence read, or one below the first where there is no record.
    package var lastSequence: UInt64 = 0
    /// Sequences that are missing between records that are there: acknowledged data that is lost.
    package var gaps: [ClosedRange<UInt64>] = []
    /// Unreadable bytes. Without a gap they held nothing that was acknowledged, as a write that a crash tore.
    package var damage: [DamagedRange] = []
    /// Unreadable bytes that were made anew from those around them.
    package var mended: [DamagedRange] = []
    /// Of a file of records: whether damage cost any, as far as that is known.
    package var lacksRecords = false
    /// How many of the last of `damage` have no whole frame behind them: what they held cannot be told.
    package var unfollowedDamage = 0
    /// Files whose damage is no write that a crash tore: whole frames follow it in the file, or a gap.
    package var lossy: Set<String> = []
    /// Where the files end: the last of them with a header or a frame that can be read. Nil where there is none.
    package var end: LogEnd?
    /// The path of the last file where it is missing or empty, though the one before it says that it held records.
    package var lostFile: String?
    /// The last record that came from each file, by its number.
    package var lastByFile: [UInt64: UInt64] = [:]
    /// Names in the folder that are not the log's; left alone.
    package var foreign: [String] = []

    package init() {}

    /// The path of what lacks records that were on disk, of which none behind is there: a file that the one before it
    /// speaks of, or the folder, where its files end before `known`, an end that was seen before.
    package func lostEnd(after known: LogEnd?, in folder: String = "log") -> String? {
        if let lostFile { return lostFile }
        guard let known, end.map({ $0 < known }) ?? true else { return nil }
        return folder
    }
}
