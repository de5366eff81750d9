/// Bits in the order in which they are written, the first one the most significant of its byte.
package struct BitWriter: Sendable {
    @usableFromInline var storage: [UInt8]
    @usableFromInline var pending: UInt64 = 0
    @usableFromInline var pendingCount = 0

    /// Writes behind the bytes that are there.
    package init(behind bytes: consuming [UInt8] = []) { storage = bytes }

    /// Appends the `count` lower bits of `value`, at most 64; higher bits of `value` must be zero.
    @inlinable @inline(__always)
    package mutating func write(_ value: UInt64, _ count: Int) {
        let free = 64 &- pendingCount
        if count < free {
            pending |= value &<< UInt64(truncatingIfNeeded: free &- count)
            pendingCount &+= count
        } else {
            let rest = count &- free
            storage.append(bigEndian: pending | value &>> UInt64(truncatingIfNeeded: rest))
            pending = rest == 0 ? 0 : value &<< UInt64(truncatingIfNeeded: 64 &- rest)
            pendingCount = rest
        }
    }

    /// Appends all 64 bits of `value`.
    @inlinable package mutating func write64(_ value: UInt64) { write(value, 64) }

    /// Exp-Golomb code of order `order`: `value >> order` plus one with as many zeros before it as bits behind
    /// its first, then the lower bits. `order` must be at most 55 and `value` below 2^55, or with `order` below 2^(order + 55).
    @inlinable @inline(__always)
    package mutating func writeExpGolomb(_ value: UInt64, order: Int) {
        let order64 = UInt64(truncatingIfNeeded: order)
        let whole = value &+ (1 &<< order64)
        let length = 64 - whole.leadingZeroBitCount
        let zeros = length - order - 1
        if length + zeros <= 64 {
            write(whole, length + zeros)
        } else {
            write(0, zeros)
            write(whole &>> order64, zeros + 1)
            write(whole & ((1 &<< order64) &- 1), order)
        }
    }

    /// The bytes, the last one filled with zeros. The writer has none any more.
    package mutating func finish() -> [UInt8] {
        var (rest, count) = (pending, pendingCount)
        storage.append(addingCapacity: 8) { output in
            while count > 0 {
                output.append(UInt8(truncatingIfNeeded: rest &>> 56))
                rest &<<= 8
                count -= 8
            }
        }
        // Handed over: a second owner would make the next one who writes copy them.
        let bytes = storage
        self = BitWriter()
        return bytes
    }
}
