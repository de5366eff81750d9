import TimeSeries

/// Up to sixteen single series with neighbouring numbers: from rules, remote write, or out of order. What one sender
/// pushes together comes with the same times again and again, so the series of a group share them where they can.
///
/// Samples wait in a tail, a *track* of times for all series whose last samples have equal times and a row of cells
/// for each. A full track is sealed into parts, one for all series with equal times; short parts are merged until
/// they have `mergedRows` rows, and these do not change any more.
struct LooseGroup: Sendable {
    static let width = 16
    static let tailRows = 8
    /// Less than a table's: a series with 240 samples has one such part, however long its first tail was.
    static let mergedRows = 224
    static let lateLimit = 64

    /// What became of a sample; a late one is not in yet: `takeLate` of the head looks for its moment elsewhere first.
    enum Outcome { case accepted, repeated, duplicate, outOfOrder, tooOld, late }

    /// A sample that came after a newer one of its series.
    struct LateSample: Sendable {
        var slot: UInt8
        var time: Int64
        var value: Double
    }

    struct Moment: Hashable, Sendable {
        var slot: UInt8
        var time: Int64
    }

    /// The slots that a series has, a bit each.
    private(set) var members: UInt16 = 0
    /// The pairs of the labels of all members, slot after slot, and where those of each slot end.
    private(set) var pairs: [PairTable.Pair] = []
    private var pairEnds = InlineArray<16, UInt16>(repeating: 0)
    var newest = InlineArray<16, Int64>(repeating: .min)

    /// Per slot the samples in its tail, and the track that has their times.
    var counts = InlineArray<16, UInt8>(repeating: 0)
    private(set) var tracks = InlineArray<16, UInt8>(repeating: 0)
    /// Times of each track.
    private var lengths = InlineArray<16, UInt8>(repeating: 0)
    /// `tailRows` for each track.
    private(set) var times: [Int64] = []
    /// How many rows the tail takes before it is sealed: `tailRows`, at first fewer in most groups, so that not all that
    /// begin together are full at the same time.
    var tailLimit = UInt8(LooseGroup.tailRows)
    /// Row after row, a cell for each slot: cell i of a slot is its i-th sample.
    var cells: [Double] = []

    /// Parts that do not change any more, then those that are merged later, the longest first.
    var parts: [LoosePart] = []
    /// Parts before this one are in a chunk file already.
    var persisted = 0
    var late: [LateSample] = []
    /// Of samples in no part; the value of the sample is their count.
    var histograms: [Moment: RawHistogram] = [:]

    var isEmpty: Bool { members == 0 }

    init() {}

    /// - Parameter number: of the group, which chooses how long its first tail is.
    init(number: Int) { tailLimit = UInt8(LooseGroup.tailRows - 2 * (number & 3)) }

    // MARK: Members

    /// Takes a series into a free slot above all that are in use.
    mutating func add(_ slot: Int, _ labels: [PairTable.Pair]) {
        precondition(members >> UInt16(slot) == 0, "slot \(slot) is not behind the others")
        pairs.reserveCapacity(pairs.count + labels.count)
        pairs += labels
        for later in slot..<LooseGroup.width { pairEnds[later] = UInt16(pairs.count) }
        members |= 1 << UInt16(slot)
    }

    /// Where the pairs of a slot stand in `pairs`.
    @inline(__always)
    func pairRange(_ slot: Int) -> Range<Int> {
        (slot == 0 ? 0 : Int(pairEnds[slot - 1]))..<Int(pairEnds[slot])
    }

    mutating func removeMembers(_ slots: UInt16) {
        members &= ~slots
        var kept: [PairTable.Pair] = []
        for slot in 0..<LooseGroup.width {
            if members >> UInt16(slot) & 1 == 1 { kept += pairs[pairRange(slot)] }
        }
        var end = 0
        var ends = pairEnds
        for slot in 0..<LooseGroup.width {
            if members >> UInt16(slot) & 1 == 1 { end += pairRange(slot).count }
            ends[slot] = UInt16(end)
        }
        pairEnds = ends
        pairs = kept
    }

    /// Where the times of a slot's tail begin in `times`.
    @inline(__always)
    func firstTime(_ slot: Int) -> Int { LooseGroup.tailRows &* Int(tracks[slot]) }

    // MARK: Appending

    /// Adds a sample, or says why not.
    @inline(__always)
    mutating func append(
        _ slot: Int, _ time: Int64, _ value: Double, window: Int64, _ encoder: inout LooseEncoder
    ) -> Outcome {
        guard time > newest[slot] else { return .late }
        if counts[slot] >= tailLimit { seal(&encoder) }
        push(slot, time, value)
        if counts[slot] >= tailLimit, isFull(tracks[slot]) { seal(&encoder) }
        return .accepted
    }

    /// Adds a native histogram, or says why not.
    mutating func append(
        _ slot: Int, _ time: Int64, _ histogram: FloatHistogram, window: Int64,
        _ encoder: inout LooseEncoder
    ) -> Outcome {
        guard time > newest[slot] else { return .late }
        histograms[Moment(slot: UInt8(slot), time: time)] = RawHistogram(histogram)
        return append(slot, time, histogram.count, window: window, &encoder)
    }

    /// Puts a sample that is newer than all of its series into the tail, which has room for it.
    @inline(__always)
    private mutating func push(_ slot: Int, _ time: Int64, _ value: Double) {
        let row = Int(counts[slot])
        var track = Int(tracks[slot])
        let length = Int(lengths[track])
        let continues =
            row < length ? times[LooseGroup.tailRows &* track &+ row] == time : row == length && row > 0
        if !continues {
            track = self.track(slot, row, time)
            tracks[slot] = UInt8(track)
        }
        if row == Int(lengths[track]) {
            times[LooseGroup.tailRows &* track &+ row] = time
            lengths[track] = UInt8(row + 1)
        }
        if cells.count <= LooseGroup.width &* row { growCells() }
        cells[LooseGroup.width &* row &+ slot] = value
        counts[slot] = UInt8(row + 1)
        newest[slot] = time
    }

    private mutating func growCells() {
        let rows = min(LooseGroup.tailRows, cells.count / LooseGroup.width + 4)
        cells.reserveCapacity(rows * LooseGroup.width)
        cells.append(addingCapacity: rows * LooseGroup.width - cells.count) { output in
            while !output.isFull { output.append(0) }
        }
    }

    /// A track that begins with the first `row` times of the slot's tail and goes on with `time` or may do so.
    private mutating func track(_ slot: Int, _ row: Int, _ time: Int64) -> Int {
        let own = Int(tracks[slot])
        var used: UInt16 = 0
        for other in 0..<LooseGroup.width where other != slot && counts[other] > 0 {
            used |= 1 << UInt16(tracks[other])
        }
        for candidate in 0..<times.count / LooseGroup.tailRows where used >> UInt16(candidate) & 1 == 1 {
            guard Int(lengths[candidate]) > row, times[LooseGroup.tailRows * candidate + row] == time else {
                continue
            }
            if (0..<row).allSatisfy({
                times[LooseGroup.tailRows * candidate + $0] == times[LooseGroup.tailRows * own + $0]
            }) {
                return candidate
            }
        }
        let free = (~used).trailingZeroBitCount
        if times.isEmpty { times.reserveCapacity(LooseGroup.tailRows) }
        while times.count <= LooseGroup.tailRows * free {
            times += repeatElement(0, count: LooseGroup.tailRows)
        }
        for index in 0..<row {
            times[LooseGroup.tailRows * free + index] = times[LooseGroup.tailRows * own + index]
        }
        lengths[free] = UInt8(row)
        return free
    }

    /// Whether all series of a track have a full tail.
    func isFull(_ track: UInt8) -> Bool {
        for slot in 0..<LooseGroup.width where counts[slot] > 0 && tracks[slot] == track {
            if counts[slot] < tailLimit { return false }
        }
        return true
    }

    /// Takes the samples of some slots out of the tail.
    mutating func emptyTail(_ slots: UInt16) {
        var used: UInt16 = 0
        for slot in 0..<LooseGroup.width {
            if slots >> UInt16(slot) & 1 == 1 { counts[slot] = 0 }
            if counts[slot] > 0 { used |= 1 << UInt16(tracks[slot]) }
        }
        for track in 0..<LooseGroup.width where used >> UInt16(track) & 1 == 0 { lengths[track] = 0 }
        if used == 0 {
            times = []
            cells = []
        }
    }

    /// Leaves only the samples in the tail that `keeps` says yes to.
    mutating func filterTail(_ keeps: (_ slot: Int, _ time: Int64) -> Bool) {
        var left: [(slot: Int, sample: Sample)] = []
        var removes = false
        for slot in 0..<LooseGroup.width {
            for sample in tail(slot) {
                let isKept = keeps(slot, sample.timestamp.milliseconds)
                removes = removes || !isKept
                if isKept { left.append((slot, sample)) }
            }
        }
        guard removes else { return }
        let newest = newest
        emptyTail(members)
        // As they came: series that are pushed together share their times again.
        left.sort { ($0.sample.timestamp, $0.slot) < ($1.sample.timestamp, $1.slot) }
        for (slot, sample) in left { push(slot, sample.timestamp.milliseconds, sample.value) }
        self.newest = newest
    }

    /// What becomes of a sample that is not newer than all of its series; late, where it can be taken.
    func lateOutcome(
        _ slot: Int, _ time: Int64, _ value: Double, _ histogram: FloatHistogram?, window: Int64
    ) -> Outcome {
        if let existing = self.value(slot, at: time) {
            let isSame =
                existing.bitPattern == value.bitPattern
                && self.histogram(slot, at: time) == histogram.map(RawHistogram.init)
            return isSame ? .repeated : .duplicate
        }
        guard window <= 0 || newest[slot] - time > window, let own = ownNewest(slot), own >= time else {
            return .late
        }
        guard window > 0 else { return .outOfOrder }
        return own - time > window ? .tooOld : .late
    }

    /// The time of the newest sample that is here, where another table has newer ones; nil where none is.
    private func ownNewest(_ slot: Int) -> Int64? {
        var newest = parts.lazy.filter { $0.has(slot) }.map(\.last).max() ?? .min
        if counts[slot] > 0 { newest = max(newest, times[firstTime(slot) + Int(counts[slot]) - 1]) }
        for sample in late where sample.slot == UInt8(slot) { newest = max(newest, sample.time) }
        return newest == .min ? nil : newest
    }

    /// Samples up to this time are late: another table may have them.
    mutating func raiseNewest(_ slot: Int, to time: Int64) { newest[slot] = max(newest[slot], time) }

    mutating func insertLate(
        _ slot: Int, _ time: Int64, _ value: Double, _ histogram: FloatHistogram?,
        _ encoder: inout LooseEncoder
    ) {
        late.append(LateSample(slot: UInt8(slot), time: time, value: value))
        if let histogram {
            histograms[Moment(slot: UInt8(slot), time: time)] = RawHistogram(histogram)
        }
        if late.count >= LooseGroup.lateLimit { sealLate(&encoder) }
    }

    // MARK: Recovery

    /// Puts back the samples of a series of a snapshot that are in no part. Earlier versions had longer tails.
    mutating func restore(_ slot: Int, tail: [Sample], newest: Int64, _ encoder: inout LooseEncoder) {
        for sample in tail {
            if counts[slot] >= LooseGroup.tailRows { seal(&encoder) }
            push(slot, sample.timestamp.milliseconds, sample.value)
        }
        self.newest[slot] = newest
    }
}
