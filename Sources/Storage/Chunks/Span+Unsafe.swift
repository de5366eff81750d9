/// The load of the bit decoder, in this module so that it is inlined. `RawSpan` checks the bounds itself, and every bit
/// pattern is an integer.
extension Span<UInt8> {
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        let raw = unsafe self.bytes
        return unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
    }
}
