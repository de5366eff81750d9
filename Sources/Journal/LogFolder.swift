/// The files of a log, found and read.
enum LogFolder {
    static func path(_ folder: String, _ number: UInt64) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits).log"
    }

    /// Numbers of files are below this.
    static let numberLimit = UInt64(1) << 63

    private static func number(of name: String, _ folder: String) -> UInt64? {
        guard name.hasSuffix(".log"), let number = UInt64(name.dropLast(4)), number < numberLimit,
            path(folder, number) == folder + "/" + name
        else { return nil }
        return number
    }

    /// The numbers of the files of a log that are in a folder, ascending.
    static func numbers(_ disk: any Disk, _ folder: String) throws(DiskError) -> [UInt64] {
        try disk.list(folder).compactMap { number(of: $0, folder) }
            .filter { disk.isFile(path(folder, $0)) }.sorted()
    }

    struct State {
        var segments: [LogWriter.Segment] = []
        var nextSequence: UInt64 = 1
        /// The greatest number of a file of the log.
        var lastNumber: UInt64 = 0
        /// Whether the last file ends with a whole frame, so that it may grow.
        var isLastWhole = false
        var report = LogReport()
        /// Files whose header did not reach the disk, is damaged or of another file.
        fileprivate var headless: Set<UInt64> = []
        /// Those of them in which nothing at all can be read.
        fileprivate var mute: Set<UInt64> = []
    }

    static func open(_ disk: any Disk, _ folder: String) throws(LogError) -> State {
        do {
            try disk.createFolder(folder)
            var state = State()
            var numbers: [UInt64] = []
            for name in try disk.list(folder) {
                let path = folder + "/" + name
                if let number = number(of: name, folder), disk.isFile(path) {
                    numbers.append(number)
                } else {
                    state.report.foreign.append(path)
                }
            }
            for number in numbers.sorted() { try inspect(disk, folder, number, &state) }
            leaveForeign(folder, &state)
            state.lastNumber = state.segments.last?.number ?? 0
            try scanEnds(disk, folder, &state)
            placeMute(&state)
            state.report.lastSequence = state.nextSequence - 1
            return state
        } catch let error as DiskError {
            throw .disk(error)
        } catch {
            throw error as! LogError
        }
    }

    private static func inspect(
        _ disk: any Disk, _ folder: String, _ number: UInt64, _ state: inout State
    ) throws {
        let path = path(folder, number)
        let file = try disk.open(path, create: false)
        let length = try file.length()
        var header = FrameFormat.parseHeader(
            try file.readWithHoles(at: 0, count: FrameFormat.headerLength))
        if let header, header.version > FrameFormat.version {
            throw LogError.newerVersion(
                path: path, version: header.version, supported: FrameFormat.version)
        }
        // Somebody's copy under another number.
        if header?.id != number { header = nil }
        var first = header?.firstSequence
        if first == nil {
            state.headless.insert(number)
            let headerEnd = min(length, FrameFormat.headerLength)
            state.report.damage.append(DamagedRange(path: path, offset: 0, length: headerEnd))
            first = try firstFrame(file, number, length)
            if first == nil { state.mute.insert(number) }
        }
        if header != nil, let first { settleHeadless(before: first, &state) }
        let previous = state.segments.last?.firstSequence ?? 1
        state.segments.append(
            LogWriter.Segment(number: number, firstSequence: max(first ?? previous, previous), length: length)
        )
    }

    /// Files without a header seem to begin with the first frame of theirs that can be read; they begin at the latest where
    /// the next one does, which holds again what a file before it lost.
    private static func settleHeadless(before first: UInt64, _ state: inout State) {
        for index in state.segments.indices.reversed() {
            guard state.headless.contains(state.segments[index].number),
                state.segments[index].firstSequence > first
            else { break }
            state.segments[index].firstSequence = first
        }
    }

    /// Puts files that say nothing behind all records of those before them: taken for the beginning of what follows, they would
    /// make those superfluous.
    private static func placeMute(_ state: inout State) {
        var next = state.nextSequence
        for index in state.segments.indices.reversed() {
            if state.mute.contains(state.segments[index].number) {
                state.segments[index].firstSequence = next
            }
            next = state.segments[index].firstSequence
        }
    }

    /// No log has written so many files.
    private static let plausibleNumbers = UInt64(1) << 32

    /// Leaves files alone in which nothing can be read and whose numbers the log has not come to: it begins one file after the
    /// other, so these are somebody's own, and must not say with which number it goes on.
    private static func leaveForeign(_ folder: String, _ state: inout State) {
        let own = state.segments.lastIndex { !state.mute.contains($0.number) }
        var end = own.map { $0 + 1 } ?? 0
        var next = own.map { state.segments[$0].number + 1 }
        while end < state.segments.count {
            let number = state.segments[end].number
            guard next.map({ number == $0 }) ?? (number < plausibleNumbers) else { break }
            next = number + 1
            end += 1
        }
        let foreign = state.segments[end...].map { path(folder, $0.number) }
        state.segments.removeSubrange(end...)
        state.report.damage.removeAll { foreign.contains($0.path) }
        state.report.foreign += foreign
    }

    private static func firstFrame(
        _ file: any DiskFile, _ number: UInt64, _ length: Int
    ) throws -> UInt64? {
        var reader = FrameReader(file, id: number, length: length)
        while let item = try reader.next() {
            if case .frame(let frame, _) = item { return frame.firstSequence }
        }
        return nil
    }

    /// Finds the next sequence. The sequences before a file are below its first one, so only the last file is read whole,
    /// and those before it up to one whose header says what that is and that holds records: an empty file says nothing.
    private static func scanEnds(_ disk: any Disk, _ folder: String, _ state: inout State) throws {
        var number = (state.segments.last?.number ?? 0) + 1
        var areRecordsBehind = false
        for segment in state.segments.reversed() {
            let end = try scanEnd(disk, folder, segment, &state)
            let hasHeader = !state.headless.contains(segment.number)
            if segment.number == state.segments.last?.number {
                state.isLastWhole = end.isWhole && !end.hasSuccessor
            }
            // A header alone, damaged or not, holds no record.
            if state.report.end == nil,
                hasHeader || end.holdsRecords || segment.length == FrameFormat.headerLength
            {
                state.report.end = LogEnd(number: segment.number, length: segment.length)
            }
            if end.hasSuccessor, !areRecordsBehind { state.report.lostFile = path(folder, number) }
            guard !hasHeader || !end.holdsRecords else { break }
            areRecordsBehind = areRecordsBehind || end.holdsRecords
            number = segment.number
        }
    }

    /// What the end of a file shows.
    private struct FileEnd {
        /// Whether it is a whole frame.
        var isWhole: Bool
        var holdsRecords = false
        /// Whether it says that a file behind it held records.
        var hasSuccessor = false
    }

    private static func scanEnd(
        _ disk: any Disk, _ folder: String, _ segment: LogWriter.Segment, _ state: inout State
    ) throws -> FileEnd {
        let path = path(folder, segment.number)
        let file = try disk.open(path, create: false)
        var reader = FrameReader(file, id: segment.number, length: segment.length)
        state.nextSequence = max(state.nextSequence, segment.firstSequence)
        var end = FileEnd(isWhole: !state.headless.contains(segment.number))
        while let item = try reader.next() {
            switch item {
            case .frame(let frame, _):
                state.nextSequence = max(state.nextSequence, frame.endSequence)
                end.holdsRecords = end.holdsRecords || frame.recordCount > 0
                end.hasSuccessor = frame.recordCount == 0
            case .damage(let range):
                end.isWhole = false
                state.report.damage.append(
                    DamagedRange(path: path, range))
            }
        }
        return end
    }
}
