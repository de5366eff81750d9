import CByteClasses

/// Where tokens end, looked up in the classes of 64 bytes that are worked out at once and serve all tokens among them.
///
/// Give the same bytes to every call. Safety: a pointer comes from a span and is used for 64 bytes only where the span, or
/// the copy that pads its end, has them, inside the closure that lends it.
struct ByteWindow: Sendable {
    private static let width = 64

    private var notWord: UInt64 = 0
    private var notPlain: UInt64 = 0
    /// The first byte of the window; far from all bytes while there is none.
    private var start = Int.min / 2

    /// The next byte from `position` on that is no letter, digit or underscore; or the end.
    @inline(__always)
    mutating func wordEnd(_ text: Span<UInt8>, from position: Int) -> Int {
        first(text, from: position) { $0.notWord }
    }

    /// The next quote, backslash or byte above 0x7f from `position` on; or the end.
    @inline(__always)
    mutating func plainEnd(_ text: Span<UInt8>, from position: Int) -> Int {
        first(text, from: position) { $0.notPlain }
    }

    /// The next line break or byte above 0x7f from `position` on; or the end. For long runs, so without the window.
    static func lineEnd(_ text: Span<UInt8>, from position: Int) -> Int {
        unsafe text.withUnsafeBufferPointer { bytes in
            var position = position
            while position + width <= bytes.count {
                let marks = unsafe flyball_not_line(bytes.baseAddress! + position)
                if marks != 0 { return position + marks.trailingZeroBitCount }
                position += width
            }
            while position < bytes.count {
                let byte = unsafe bytes[position]
                if byte == UInt8(ascii: "\n") || byte > 0x7f { return position }
                position += 1
            }
            return position
        }
    }

    @inline(__always)
    private mutating func first(
        _ text: Span<UInt8>, from position: Int, _ marks: (ByteWindow) -> UInt64
    ) -> Int {
        let offset = UInt(bitPattern: position &- start)
        if offset < UInt(ByteWindow.width) {
            let ahead = marks(self) &>> UInt64(offset)
            if ahead != 0 { return position &+ ahead.trailingZeroBitCount }
        }
        var position = position
        while position < text.count {
            move(to: position, text)
            let ahead = marks(self)
            if ahead != 0 { return position &+ ahead.trailingZeroBitCount }
            position += ByteWindow.width
        }
        return position
    }

    @inline(never)
    private mutating func move(to position: Int, _ text: Span<UInt8>) {
        start = position
        guard text.count - position >= ByteWindow.width else { return moveToEnd(from: position, text) }
        take(unsafe text.withUnsafeBufferPointer { unsafe flyball_byte_classes($0.baseAddress! + position) })
    }

    /// The bytes that are left are fewer than a window.
    @inline(never)
    private mutating func moveToEnd(from position: Int, _ text: Span<UInt8>) {
        var last = InlineArray<64, UInt8>(repeating: 0)
        for index in position..<text.count { last[index - position] = text[index] }
        take(unsafe last.span.withUnsafeBufferPointer { unsafe flyball_byte_classes($0.baseAddress!) })
        // Everything ends where the text does.
        let beyond = UInt64.max << UInt64(text.count - position)
        notPlain |= beyond
    }

    @inline(__always)
    private mutating func take(_ classes: FlyballByteClasses) {
        (notWord, notPlain) = (classes.notWord, classes.notPlain)
    }
}
