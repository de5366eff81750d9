/// Reads the files of a log, oldest record first.
///
/// A disk that failed to synchronise may have lost some of a group of frames and kept others; the file behind has the
/// group again. So a record that a file lacks is looked for in those behind before what follows it is given; of two
/// copies the first counts.
struct LogPass {
    /// A file that was read up to a frame.
    private struct Source {
        let number: UInt64
        let path: String
        let length: Int
        var reader: FrameReader
        var frame = Frame(firstSequence: 0)
        /// Whether damage stands right before the frame.
        var followsDamage = false
    }

    private let disk: any Disk
    private let folder: String
    private let start: UInt64
    private var waiting: ArraySlice<LogWriter.Segment>
    private var sources: [Source] = []
    private var expected: UInt64
    private var report = LogReport()
    /// Files that end with damage which no whole frame has followed yet.
    private var damagedEnds: Set<String> = []

    /// Reads the records from `sequence` on.
    static func read(
        _ disk: any Disk, _ folder: String, _ segments: [LogWriter.Segment], from sequence: UInt64,
        _ body: (UInt64, [UInt8]) throws -> Void
    ) throws -> LogReport {
        var pass = LogPass(disk, folder, segments, from: sequence)
        return try pass.run(body)
    }

    private init(
        _ disk: any Disk, _ folder: String, _ segments: [LogWriter.Segment], from sequence: UInt64
    ) {
        self.disk = disk
        self.folder = folder
        start = sequence
        waiting = segments[...]
        expected = max(sequence, segments.first?.firstSequence ?? 0)
        if !segments.isEmpty { report.lastSequence = expected - 1 }
    }

    private mutating func run(_ body: (UInt64, [UInt8]) throws -> Void) throws -> LogReport {
        while let index = try nextSource() {
            var source = sources.remove(at: index)
            try take(source, body)
            if try advance(&source) { sources.insert(source, at: index) }
        }
        return report
    }

    /// The file whose frame comes next. Those behind are opened where it lacks records that they may hold.
    private mutating func nextSource() throws -> Int? {
        while true {
            let best = sources.indices.min {
                sources[$0].frame.firstSequence < sources[$1].frame.firstSequence
            }
            guard let segment = waiting.first else { return best }
            if let best {
                let first = sources[best].frame.firstSequence
                if first <= expected || segment.firstSequence >= first { return best }
            }
            waiting.removeFirst()
            if let next = waiting.first, next.firstSequence <= start, try endsBefore(next, segment) {
                continue
            }
            try open(segment)
        }
    }

    /// Whether a file says that all in it is before the next one. One that was given up may hold what the next one lost.
    private func endsBefore(_ next: LogWriter.Segment, _ segment: LogWriter.Segment) throws -> Bool {
        let path = LogFolder.path(folder, segment.number)
        let end = segment.length - FrameFormat.frameHeaderLength
        guard end >= FrameFormat.headerLength, disk.exists(path) else { return true }
        let bytes = try disk.open(path, create: false)
            .readWithHoles(at: end, count: FrameFormat.frameHeaderLength)
        guard bytes.count == FrameFormat.frameHeaderLength,
            let frame = FrameHeader(bytes, 0, at: end, id: segment.number)?.frame(bytes, 0)
        else { return false }
        return frame.recordCount == 0 && frame.firstSequence <= next.firstSequence
    }

    private mutating func open(_ segment: LogWriter.Segment) throws {
        let path = LogFolder.path(folder, segment.number)
        guard disk.exists(path) else { return }
        let file = try disk.open(path, create: false)
        let length = min(segment.length, try file.length())
        var source = Source(
            number: segment.number, path: path, length: segment.length,
            reader: FrameReader(file, id: segment.number, length: length))
        if try advance(&source) { sources.append(source) }
    }

    /// Moves a file to its next frame; false at its end.
    private mutating func advance(_ source: inout Source) throws -> Bool {
        source.followsDamage = false
        while let item = try source.reader.next() {
            switch item {
            case .damage(let range):
                report.damage.append(DamagedRange(path: source.path, range))
                report.unfollowedDamage += 1
                source.followsDamage = true
            case .frame(let frame, _):
                source.frame = frame
                return true
            }
        }
        // A crash tears the end of a file, which then does not grow any more.
        if source.followsDamage { damagedEnds.insert(source.path) }
        return false
    }

    private mutating func take(_ source: Source, _ body: (UInt64, [UInt8]) throws -> Void) throws {
        let frame = source.frame
        report.unfollowedDamage = 0
        if frame.firstSequence > expected { report.lossy.formUnion(damagedEnds) }
        if source.followsDamage { report.lossy.insert(source.path) }
        damagedEnds = []
        guard frame.endSequence > expected else { return }
        if frame.firstSequence > expected { report.gaps.append(expected...frame.firstSequence - 1) }
        let start = max(expected, frame.firstSequence)
        var count = 0
        let whole = try frame.forEach { number, record in
            guard number >= start else { return }
            try body(number, record)
            count += 1
        }
        report.records += count
        if !whole {
            report.damage.append(DamagedRange(path: source.path, offset: 0, length: source.length))
        }
        expected = frame.endSequence
        report.lastSequence = expected - 1
        if count > 0 { report.lastByFile[source.number] = report.lastSequence }
    }
}
