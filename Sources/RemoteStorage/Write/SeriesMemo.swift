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
/// Sixteen bytes a slot, at most three of four in use.
struct SeriesMemo: Sendable {
    private struct Slot: Sendable {
        var low: UInt64 = 0
        /// Of the key the upper 31 bits, whether it was asked for, and the handle plus one; 0 where the slot is free.
        var rest: UInt64 = 0
    }

    private static let asked: UInt64 = 1 << 32
    private static let keyBits: UInt64 = 0xffff_fffe_0000_0000

    /// How many slots are asked for together.
    private static let ahead = 64

    private var slots: [Slot] = []
    /// Of no meaning: it keeps the loads that bring slots nearer.
    private var touched: UInt64 = 0
    private(set) var count = 0
    var byteCount: Int { 16 * slots.count }
    private let limit: Int
    private var sweptAt: Timestamp

    /// - Parameter limit: so many series at most; more of them, and it begins anew.
    init(limit: Int, now: Timestamp) {
        self.limit = limit
        sweptAt = now
    }

    /// The handle of a series; nil where it is not known.
    @inline(__always)
    mutating func find(_ key: WireKey) -> UInt32? {
        guard count > 0 else { return nil }
        let wanted = key.high & SeriesMemo.keyBits
        var index = home(key.low)
        while slots[index].rest != 0 {
            if slots[index].low == key.low, slots[index].rest & SeriesMemo.keyBits == wanted {
                let rest = slots[index].rest
                if rest & SeriesMemo.asked == 0 { slots[index].rest = rest | SeriesMemo.asked }
                return UInt32(truncatingIfNeeded: rest) &- 1
            }
            index += 1
            if index == slots.count { index = 0 }
        }
        return nil
    }

    /// The handles of many series, `KnownSamples.noHandle` for those that are not known.
    mutating func handles(of series: [SeriesScan.Series]) -> [UInt32] {
        var handles = Array(repeating: KnownSamples.noHandle, count: series.count)
        guard count > 0 else { return handles }
        var start = 0
        while start < series.count {
            let end = min(start + SeriesMemo.ahead, series.count)
            // Slots lie far apart: asked for together, they come from memory together.
            for index in start..<end {
                if let key = series[index].key { touched &+= slots[home(key.low)].rest }
            }
            for index in start..<end {
                if let key = series[index].key, let handle = find(key) { handles[index] = handle }
            }
            start = end
        }
        return handles
    }

    mutating func insert(_ key: WireKey, _ handle: UInt32, now: Timestamp) {
        guard handle != KnownSamples.noHandle, find(key) != handle else { return }
        if (count + 1) * 4 > slots.count * 3 { grow(now) }
        place(
            Slot(low: key.low, rest: key.high & SeriesMemo.keyBits | SeriesMemo.asked | UInt64(handle + 1)))
    }

    mutating func removeAll() {
        slots = []
        count = 0
    }

    /// Makes room; an hour after the last time that this was done, those go that nobody asked for meanwhile.
    private mutating func grow(_ now: Timestamp) {
        if count >= limit { return removeAll(andReserve: 64) }
        let isSweep = now - sweptAt >= .seconds(3600)
        let old = slots
        let kept = old.count { $0.rest != 0 && (!isSweep || $0.rest & SeriesMemo.asked != 0) }
        removeAll(andReserve: max(64, kept * 2))
        for slot in old where slot.rest != 0 {
            if !isSweep {
                place(slot)
            } else if slot.rest & SeriesMemo.asked != 0 {
                place(Slot(low: slot.low, rest: slot.rest & ~SeriesMemo.asked))
            }
        }
        if isSweep { sweptAt = now }
    }

    private mutating func removeAll(andReserve size: Int) {
        slots = Array(repeating: Slot(), count: size)
        count = 0
    }

    /// One with the same key, whose handle is out of date, gives way.
    private mutating func place(_ slot: Slot) {
        var index = home(slot.low)
        while slots[index].rest != 0 {
            let isSame = (slots[index].rest ^ slot.rest) & SeriesMemo.keyBits == 0
            if isSame, slots[index].low == slot.low {
                slots[index] = slot
                return
            }
            index = index + 1 == slots.count ? 0 : index + 1
        }
        slots[index] = slot
        count += 1
    }

    @inline(__always)
    private func home(_ low: UInt64) -> Int { Int(low.multipliedFullWidth(by: UInt64(slots.count)).high) }
}
