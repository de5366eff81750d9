import Codecs
import TimeSeries

/// A hash of the labels of a series as one sender writes them, wide enough to stand for them: two series out of a million
/// have the same one with a probability below 1 in 10^16, whatever they are called, as the seed is chosen at start.
struct WireKey: Sendable {
    var high: UInt64
    var low: UInt64

    /// The fewest bytes of labels that have a key.
    static let shortest = 16

    /// - Parameter range: at least `shortest` bytes.
    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, seed: UInt64) {
        var a = seed ^ 0xa076_1d64_78bd_642f
        var b = seed &* 0xe703_7ed1_a0b4_28db ^ UInt64(truncatingIfNeeded: range.count)
        var position = range.lowerBound
        let last = range.upperBound - 16
        while position < last {
            let first = bytes.littleEndian64(at: position)
            let second = bytes.littleEndian64(at: position &+ 8)
            (a, b) = WireKey.mixed(a, b, first, second)
            position += 16
        }
        // The last sixteen bytes, some of them once more.
        (a, b) = WireKey.mixed(a, b, bytes.littleEndian64(at: last), bytes.littleEndian64(at: last + 8))
        high = WireKey.fold(a ^ 0x8ebc_6af0_9c88_c6e3, b)
        low = WireKey.fold(b ^ 0x5899_65cc_7537_4cc3, a &+ b)
    }

    @inline(__always)
    private static func mixed(_ a: UInt64, _ b: UInt64, _ first: UInt64, _ second: UInt64) -> (UInt64, UInt64)
    {
        (
            fold(first ^ 0x1d8e_4e27_c47d_124f, second ^ a) ^ second,
            fold(second ^ 0xeb44_acca_b455_d165, first ^ b) ^ first
        )
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}

/// The handles of series by their labels as senders write them, so that what is sent again needs no look at its labels.
///
/// Entries stand in the order in which they were first sent, which is the order in which they are sent again. The one behind
/// the last that was found is looked at first and is nearly always the one that is wanted, without a search through memory
/// that lies far apart. 21 to 27 bytes an entry.
struct SeriesMemo: Sendable {
    private struct Entry: Sendable {
        var low: UInt64
        /// Of the key the upper 31 bits, whether it was asked for, and the handle.
        var rest: UInt64

        @inline(__always)
        func stands(for key: WireKey) -> Bool {
            low == key.low && (rest ^ key.high) & SeriesMemo.keyBits == 0
        }

        var handle: UInt32 { UInt32(truncatingIfNeeded: rest) }
    }

    private static let asked: UInt64 = 1 << 32
    private static let keyBits: UInt64 = 0xffff_fffe_0000_0000

    private var entries: [Entry] = []
    /// One more than the number of an entry, at or behind the place of its key; 0 where none is. At most three of four in use.
    private var places: [UInt32] = []
    var count: Int { entries.count }
    var byteCount: Int { 16 * entries.capacity + 4 * places.count }
    private let limit: Int
    private var sweptAt: Timestamp

    /// - Parameter limit: so many series at most; more of them, and it begins anew.
    init(limit: Int, now: Timestamp) {
        self.limit = limit
        sweptAt = now
    }

    /// The handle of a series; nil where it is not known.
    mutating func find(_ key: WireKey) -> UInt32? { search(key).map { take($0) } }

    /// The handles of many series, `KnownSamples.noHandle` for those that are not known.
    mutating func handles(of series: [SeriesScan.Series]) -> [UInt32] {
        var handles = Array(repeating: KnownSamples.noHandle, count: series.count)
        var target = handles.mutableSpan
        var next = 0
        for index in series.indices {
            guard let key = series[index].key else { continue }
            if next >= entries.count || !entries[next].stands(for: key) {
                guard let found = search(key) else { continue }
                next = found
            }
            target[index] = take(next)
            next += 1
        }
        return handles
    }

    mutating func insert(_ key: WireKey, _ handle: UInt32, now: Timestamp) {
        guard handle != KnownSamples.noHandle else { return }
        let entry = Entry(low: key.low, rest: key.high & Self.keyBits | Self.asked | UInt64(handle))
        if let known = search(key) {
            // Its handle may be out of date.
            entries[known] = entry
        } else {
            if entries.count == entries.capacity { grow(now) }
            entries.append(entry)
            place(entries.count - 1)
        }
    }

    @inline(__always)
    private mutating func take(_ number: Int) -> UInt32 {
        let entry = entries[number]
        if entry.rest & Self.asked == 0 { entries[number].rest = entry.rest | Self.asked }
        return entry.handle
    }

    /// The number of the entry of a key.
    private func search(_ key: WireKey) -> Int? {
        guard !entries.isEmpty else { return nil }
        var place = home(key.low)
        while places[place] != 0 {
            let number = Int(places[place]) - 1
            if entries[number].stands(for: key) { return number }
            place = place + 1 == places.count ? 0 : place + 1
        }
        return nil
    }

    /// Takes away what nobody asked for since the last time, an hour ago or more.
    mutating func sweep(_ now: Timestamp) {
        guard now - sweptAt >= .seconds(3600), !entries.isEmpty else { return }
        keep(remembered(now))
    }

    /// Makes room.
    private mutating func grow(_ now: Timestamp) { keep(entries.count >= limit ? [] : remembered(now)) }

    /// An hour after the last time, those that were asked for meanwhile; all before.
    private mutating func remembered(_ now: Timestamp) -> [Entry] {
        guard now - sweptAt >= .seconds(3600) else { return entries }
        var kept = entries.filter { $0.rest & Self.asked != 0 }
        for number in kept.indices { kept[number].rest &= ~Self.asked }
        sweptAt = now
        return kept
    }

    /// Makes the table anew of some entries, with room for more.
    private mutating func keep(_ kept: [Entry]) {
        entries = []
        entries.reserveCapacity(max(64, kept.count + kept.count / 4))
        entries += kept
        places = Array(repeating: 0, count: entries.capacity + entries.capacity / 3 + 1)
        for number in entries.indices { place(number) }
    }

    private mutating func place(_ number: Int) {
        var place = home(entries[number].low)
        while places[place] != 0 { place = place + 1 == places.count ? 0 : place + 1 }
        places[place] = UInt32(number + 1)
    }

    @inline(__always)
    private func home(_ low: UInt64) -> Int { Int(low.multipliedFullWidth(by: UInt64(places.count)).high) }
}
