import Codecs

/// The different numbers of a column where they are few:
///
///     numbers  ascending, LEB128: the first, then of each how far it is from the one before, less one
///     lengths  of their codes, four bits each, the first one above, zeros behind an odd number of them
///
/// The codes are those of a `PrefixCode`.
struct NumberList {
    static let mostNumbers = PrefixCode.mostSymbols

    private(set) var numbers: [UInt64] = []
    private var counts: [Int32] = []
    /// The bits of the code of each number, and how many these are.
    private var codes: [(bits: UInt8, count: UInt8)] = []
    /// Per hash the place of a number, from 1 on; 0 where there is none. Empty until it is needed.
    private var slots: [UInt8] = []

    /// More different ones in so many are not listed.
    private static let share = 8
    /// Of the first ones, which tell most of the others soon.
    private static let first = (count: 16, limit: 12)

    /// Replaces what is there; false where too many are different.
    mutating func fill(_ values: Span<UInt64>) -> Bool {
        numbers.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        emptySlots()
        var taken = take(&slots)
        defer { slots = taken }
        var slots = taken.mutableSpan
        return fill(values, &slots)
    }

    private mutating func fill(_ values: Span<UInt64>, _ slots: inout MutableSpan<UInt8>) -> Bool {
        var limit = Self.first.limit
        for index in 0..<values.count {
            let value = values[index]
            var slot = Self.hash(value)
            while slots[slot] > 0, numbers[Int(slots[slot]) &- 1] != value { slot = (slot &+ 1) & 255 }
            if slots[slot] == 0 {
                guard numbers.count < limit else { return false }
                numbers.append(value)
                counts.append(0)
                slots[slot] = UInt8(numbers.count)
            }
            counts[Int(slots[slot]) &- 1] &+= 1
            if index == Self.first.count {
                limit = min(Self.mostNumbers, max(limit, values.count / Self.share))
            }
        }
        return true
    }

    @inline(__always)
    private static func hash(_ value: UInt64) -> Int {
        Int(truncatingIfNeeded: (value &* 0x9e37_79b9_7f4a_7c15) &>> 56)
    }

    /// About the bits that no code for all values is below, with a byte for each number.
    var leastCost: Int {
        var total = 0
        var cost = 0
        for count in counts {
            total += Int(count)
            cost -= Int(count) * Self.logarithm(Int(count))
        }
        return (cost + total * Self.logarithm(total)) >> 8 + 12 * counts.count
    }

    /// About 256 times the logarithm to the base of two.
    private static func logarithm(_ number: Int) -> Int {
        let bits = 63 - number.leadingZeroBitCount
        return bits << 8 + (number << 8) >> bits - 256
    }

    /// Where a number is, or would be.
    @inline(__always)
    private func slot(_ value: UInt64) -> Int {
        var slot = Self.hash(value)
        while slots[slot] > 0, numbers[Int(slots[slot]) &- 1] != value { slot = (slot &+ 1) & 255 }
        return slot
    }

    /// Puts the numbers in their order; returns the bits that they and the codes of all values take.
    mutating func chooseCodes() -> Int {
        let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
        numbers = order.map { numbers[$0] }
        counts = order.map { counts[$0] }
        emptySlots()
        let code = PrefixCode(counts.span)
        codes.removeAll(keepingCapacity: true)
        var bits = 8 * ((numbers.count + 1) / 2)
        for (place, number) in numbers.enumerated() {
            slots[slot(number)] = UInt8(place + 1)
            bits += 8 * ((70 - (step(place) | 1).leadingZeroBitCount) / 7)
            bits += Int(counts[place]) * Int(code.lengths[place])
            codes.append((code.codes[place], code.lengths[place]))
        }
        return bits
    }

    private mutating func emptySlots() {
        if slots.isEmpty { slots = [UInt8](repeating: 0, count: 256) }
        var slots = slots.mutableSpan
        for slot in 0..<slots.count { slots[slot] = 0 }
    }

    private func step(_ place: Int) -> UInt64 {
        place == 0 ? numbers[0] : numbers[place] &- numbers[place - 1] &- 1
    }

    func append(to bytes: inout [UInt8]) {
        for place in numbers.indices { bytes.append(varint: step(place)) }
        for place in stride(from: 0, to: codes.count, by: 2) {
            bytes.append(codes[place].count << 4 | (place + 1 < codes.count ? codes[place + 1].count : 0))
        }
    }

    /// Writes the code of a number that is there.
    @inline(__always)
    func write(_ value: UInt64, _ writer: inout BitWriter) {
        let code = codes[Int(slots[slot(value)]) &- 1]
        writer.write(UInt64(code.bits), Int(code.count))
    }
}
