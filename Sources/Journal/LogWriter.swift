/// The writing half of a log: which files there are, and the one that grows.
struct LogWriter: Sendable {
    /// A file of the log.
    struct Segment: Hashable, Sendable {
        var number: UInt64
        var firstSequence: UInt64
        var length: Int
    }

    private let disk: any Disk
    private let folder: String
    /// Damaged files, which are not to be deleted.
    var quarantined: Set<String> = []
    private let segmentSize: Int
    private(set) var segments: [Segment]
    /// The greatest number of a file.
    private var lastNumber: UInt64
    /// The number of a file that could not be begun and may be there: the next attempt takes it again.
    private var begun: UInt64?
    /// Groups that are not known to be durable, oldest first, kept to be written again where the disk fails.
    var unsynchronized: [Frame] = []
    /// How many of them stand in the open file already.
    private var written = 0
    /// The file that grows, the last of `segments`; nil where the next write begins a new one.
    private var file: (any DiskFile)?
    private var nextSequence: UInt64
    /// Whether the folder was synchronised since the last file was begun; `former` sees to one of a process before this one.
    private var isNameDurable = true
    /// Whether the last file was given up: nothing goes to the next one before the disk has shown that it synchronises,
    /// or each attempt would leave all that waits in one more file.
    private var isDoubtful = false
    /// Files that were given up and hold nothing but what is in `unsynchronized`: they go once that stands in a later one.
    private var superfluous: [UInt64] = []
    /// The file before the one that grows, until it says that it has a successor.
    private var full: (file: any DiskFile, number: UInt64)?
    /// Up to where the last file was on disk for good, when that was last so; nil before.
    private(set) var durableEnd: LogEnd?
    /// The last files of a process before this one, which may have ended before the disk had them: three, since one that
    /// fails leaves no more with what waits. Empty once the disk has them.
    private var former: [Segment]
    /// The last record that was read from each file: one that was given up may hold what the next one lost.
    var lastByFile: [UInt64: UInt64] = [:]

    init(
        disk: any Disk, folder: String, segmentSize: Int, segments: [Segment], lastNumber: UInt64,
        nextSequence: UInt64, resumable: Bool
    ) {
        self.disk = disk
        self.folder = folder
        self.segmentSize = segmentSize
        self.segments = segments
        self.lastNumber = lastNumber
        self.nextSequence = nextSequence
        former = segments.suffix(3)
        guard resumable, let last = segments.last else { return }
        file = try? disk.open(LogFolder.path(folder, last.number), create: false)
    }

    var byteCount: Int { segments.reduce(0) { $0 + $1.length } }

    var readable: [Segment] { segments }

    /// The last sequence in the files, and where they end.
    var end: (sequence: UInt64, end: LogEnd)? {
        segments.last.map { (nextSequence - 1, LogEnd(number: $0.number, length: $0.length)) }
    }

    /// Writes all groups; returns the last sequence that is durable. Tries once more in a new file where
    /// the disk fails to synchronise.
    mutating func write(synchronize: Bool) throws(LogError) -> UInt64 {
        do {
            try settleFormer()
            try writeGroups()
            if synchronize { try self.synchronize() }
        } catch {
            guard synchronize, !error.isDiskFull, file == nil else { throw error }
            try writeGroups()
            try self.synchronize()
        }
        unsynchronized.removeAll()
        written = 0
        return nextSequence - 1
    }

    /// Waits for what a process before this one wrote, before anything goes behind it. What the disk refuses is written again
    /// with all else that waits.
    private mutating func settleFormer() throws(LogError) {
        guard let last = former.last else { return }
        let files = former.filter { segment in segments.contains { $0.number == segment.number } }
        former = []
        do {
            for segment in files {
                let file = try disk.open(LogFolder.path(folder, segment.number), create: false)
                defer { file.close() }
                try file.synchronize()
            }
            try disk.synchronizeFolder(folder)
        } catch {
            takeBack(files, from: last.firstSequence)
            throw .disk(error)
        }
    }

    /// Makes records of these files wait to be written. The last file was begun with the first that was not known to be on disk.
    private mutating func takeBack(_ files: [Segment], from first: UInt64) {
        var frames: [Frame] = []
        _ = try? LogPass.read(disk, folder, files, from: 0) { sequence, record in
            guard sequence >= first else { return }
            if frames.last.map({ $0.endSequence != sequence || $0.raw.count >= FrameFormat.frameTarget })
                ?? true
            {
                frames.append(Frame(firstSequence: sequence))
            }
            frames[frames.count - 1].append(record)
        }
        unsynchronized = frames + unsynchronized
        giveUpFile()
    }

    private mutating func writeGroups() throws(LogError) {
        guard written < unsynchronized.count else { return }
        if let last = segments.last, file != nil, last.length >= segmentSize {
            try synchronize()
            full = file.map { ($0, last.number) }
            file = nil
        }
        if file == nil { try open(firstSequence: unsynchronized[0].firstSequence) }
        guard let file, var segment = segments.last else { return }
        var bytes: [UInt8] = []
        for frame in unsynchronized[written...] {
            frame.encode(into: &bytes, offset: segment.length + bytes.count, id: segment.number)
        }
        do {
            try file.append(bytes)
        } catch {
            // A part may stand in the file. Take it back, or leave the file behind as it is.
            if (try? file.truncate(to: segment.length)) == nil { abandonFile() }
            throw .disk(error)
        }
        segment.length += bytes.count
        segments[segments.count - 1] = segment
        written = unsynchronized.count
        nextSequence = max(nextSequence, unsynchronized[written - 1].endSequence)
        // One file beside the new one stays until that is on disk: a log without any would say that it was lost.
        removeSuperfluous(leaving: 2)
    }

    private mutating func removeSuperfluous(leaving count: Int) {
        while segments.count > count, let number = superfluous.first {
            superfluous.removeFirst()
            guard (try? disk.remove(LogFolder.path(folder, number))) != nil else { continue }
            segments.removeAll { $0.number == number }
        }
    }

    private mutating func synchronize() throws(LogError) {
        guard let file else { return }
        do {
            try file.synchronize()
            if !isNameDurable { try disk.synchronizeFolder(folder) }
            isNameDurable = true
            durableEnd = segments.last.map { LogEnd(number: $0.number, length: $0.length) }
        } catch {
            abandonFile()
            throw .disk(error)
        }
        endFullFile()
        removeSuperfluous(leaving: 1)
    }

    /// Says in the file before this one that it has a successor with records on disk, so that one that is missing is missed. Where
    /// that cannot be written, it is not said.
    private mutating func endFullFile() {
        guard let (file, number) = full else { return }
        full = nil
        guard let index = segments.dropLast().lastIndex(where: { $0.number == number }) else { return }
        var bytes: [UInt8] = []
        let end = Frame(firstSequence: segments[index + 1].firstSequence)
        end.encode(into: &bytes, offset: segments[index].length, id: segments[index].number)
        do {
            try file.append(bytes)
            try file.synchronize()
            segments[index].length += bytes.count
        } catch {
            try? file.truncate(to: segments[index].length)
        }
    }

    /// Never writes to the file again; what is not durable goes to the next one.
    private mutating func abandonFile() {
        giveUpFile()
        guard let segment = segments.last, let waiting = unsynchronized.first,
            segment.firstSequence >= waiting.firstSequence
        else { return }
        superfluous.append(segment.number)
    }

    private mutating func giveUpFile() {
        file?.close()
        file = nil
        written = 0
        full = nil
        isDoubtful = true
    }

    private mutating func open(firstSequence: UInt64) throws(LogError) {
        let number = try nextNumber()
        let path = LogFolder.path(folder, number)
        guard number < LogFolder.numberLimit else {
            throw .disk(DiskError(call: "open", path: path, code: 75, message: "No number is left"))
        }
        let header = FrameFormat.header(id: number, firstSequence: firstSequence)
        begun = number
        do {
            let file = try disk.open(path, create: true)
            // A name that an earlier attempt left behind.
            if try file.length() > 0 { try file.truncate(to: 0) }
            try file.append(header)
            if isDoubtful {
                try file.synchronize()
                try disk.synchronizeFolder(folder)
                isDoubtful = false
            }
            self.file = file
        } catch {
            try? disk.remove(path)
            throw .disk(error)
        }
        written = 0
        isNameDurable = false
        segments.append(Segment(number: number, firstSequence: firstSequence, length: header.count))
        lastNumber = number
        begun = nil
    }

    /// The number behind the last file; what else has a name of the log stays as it is.
    private func nextNumber() throws(LogError) -> UInt64 {
        do {
            let taken = Set(try disk.list(folder).map { folder + "/" + $0 })
            var number = lastNumber + 1
            while number != begun, taken.contains(LogFolder.path(folder, number)) { number += 1 }
            return number
        } catch {
            throw .disk(error)
        }
    }

    mutating func startNewSegment(firstSequence: UInt64) {
        guard firstSequence > nextSequence else { return }
        file?.close()
        file = nil
        full = nil
        nextSequence = firstSequence
    }

    mutating func truncate(below sequence: UInt64) throws(LogError) {
        if !former.isEmpty { _ = try write(synchronize: true) }
        if sequence >= nextSequence, unsynchronized.isEmpty, let last = segments.last,
            last.length > FrameFormat.headerLength
        {
            // The new file remembers the next sequence, so that all others may go.
            try synchronize()
            file = nil
            full = nil
            try open(firstSequence: nextSequence)
            try synchronize()
        }
        // A file of what waits is not there before the disk has it.
        let waiting = unsynchronized.first?.firstSequence ?? .max
        var removed = false
        do {
            while segments.count > 1, segments[1].firstSequence <= sequence,
                segments[1].firstSequence < waiting, lastByFile[segments[0].number, default: 0] < sequence
            {
                lastByFile[segments[0].number] = nil
                let path = LogFolder.path(folder, segments[0].number)
                if quarantined.contains(path) {
                    try Quarantine.take(path, on: disk)
                } else {
                    try disk.remove(path)
                }
                segments.removeFirst()
                removed = true
            }
            if removed { try disk.synchronizeFolder(folder) }
        } catch {
            throw .disk(error)
        }
    }
}

/// A place in a log: a file and how many bytes of it.
package struct LogEnd: Hashable, Comparable, Sendable {
    package var number: UInt64
    package var length: Int

    package init(number: UInt64, length: Int) {
        self.number = number
        self.length = length
    }

    package static func < (a: LogEnd, b: LogEnd) -> Bool { (a.number, a.length) < (b.number, b.length) }
}
