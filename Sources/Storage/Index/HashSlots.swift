/// Numbers by the hash of what they stand for; who asks compares. Eight bytes a slot, at most four of five slots in
/// use, neighbours searched one after the other.
struct HashSlots: Sendable {
    /// The upper 32 bits of the hash, and the number plus one below them; 0 where the slot is free.
    private var slots: [UInt64] = []
    private(set) var count = 0

    /// The number with this hash for which `isEqual` holds.
    @inline(__always)
    func find(_ hash: UInt64, where isEqual: (UInt32) -> Bool) -> UInt32? {
        guard count > 0 else { return nil }
        let tag = hash & 0xffff_ffff_0000_0000
        var index = home(hash)
        while slots[index] != 0 {
            if slots[index] & 0xffff_ffff_0000_0000 == tag {
                let number = UInt32(truncatingIfNeeded: slots[index]) &- 1
                if isEqual(number) { return number }
            }
            index += 1
            if index == slots.count { index = 0 }
        }
        return nil
    }

    /// Adds a number that is not there yet.
    mutating func insert(_ hash: UInt64, _ number: UInt32) {
        precondition(number < .max, "numbers are below 2^32 - 1")
        if (count + 1) * 5 > slots.count * 4 { grow() }
        place(hash & 0xffff_ffff_0000_0000 | UInt64(number + 1))
        count += 1
    }

    /// Takes a number out that was inserted with this hash.
    mutating func remove(_ hash: UInt64, _ number: UInt32) {
        guard count > 0 else { return }
        let entry = hash & 0xffff_ffff_0000_0000 | UInt64(number + 1)
        var index = home(hash)
        while slots[index] != entry {
            if slots[index] == 0 { return }
            index = index + 1 == slots.count ? 0 : index + 1
        }
        slots[index] = 0
        count -= 1
        close(index)
        if slots.count > 1024, count * 5 < slots.count { resize(to: count * 2) }
    }

    /// Moves entries behind a slot that became free into it where their search would end there.
    private mutating func close(_ free: Int) {
        var free = free
        var index = free
        while true {
            index = index + 1 == slots.count ? 0 : index + 1
            guard slots[index] != 0 else { return }
            let home = home(slots[index])
            let isBetween = free <= index ? free < home && home <= index : free < home || home <= index
            if isBetween { continue }
            slots[free] = slots[index]
            slots[index] = 0
            free = index
        }
    }

    @inline(__always)
    private func home(_ hash: UInt64) -> Int { Int(((hash >> 32) &* UInt64(slots.count)) >> 32) }

    private mutating func place(_ entry: UInt64) {
        var index = home(entry)
        while slots[index] != 0 { index = index + 1 == slots.count ? 0 : index + 1 }
        slots[index] = entry
    }

    private mutating func grow() { resize(to: max(16, slots.count + slots.count / 2)) }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = [UInt64](repeating: 0, count: size)
        for entry in old where entry != 0 { place(entry) }
    }
}
