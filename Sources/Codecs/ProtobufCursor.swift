/// Walks the fields of one protobuf message, in wire order, without a tree. Nested messages and strings come as
/// ranges of the same span; unknown fields are skipped by asking for the next one.
@usableFromInline package struct ProtobufCursor: Hashable, Sendable {
    @usableFromInline package enum Payload: Hashable, Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A string, bytes, a nested message or a packed list.
        case bytes(Range<Int>)
    }

    package struct Field: Hashable, Sendable {
        package var number: Int
        package var payload: Payload
    }

    private var cursor: ByteCursor

    /// The message in a part of a span.
    package init(_ range: Range<Int>) { cursor = ByteCursor(range) }

    package var position: Int { cursor.position }

    /// The next field, or nil at the end of the message.
    package mutating func next(_ bytes: Span<UInt8>) throws(CodecError) -> Field? {
        guard !cursor.isAtEnd else { return nil }
        let start = cursor.position
        let tag = try cursor.varint(bytes)
        let number = Int(truncatingIfNeeded: tag >> 3)
        guard tag <= UInt64(UInt32.max), number > 0 else { throw .malformed("field tag \(tag)", at: start) }
        switch tag & 7 {
        case 0: return Field(number: number, payload: .varint(try cursor.varint(bytes)))
        case 1: return Field(number: number, payload: .fixed64(try cursor.fixed64(bytes)))
        case 2:
            let length = try cursor.length(bytes)
            return Field(number: number, payload: .bytes(try cursor.take(length)))
        case 5: return Field(number: number, payload: .fixed32(try cursor.fixed32(bytes)))
        default: throw .malformed("wire type \(tag & 7) of field \(number)", at: start)
        }
    }
}

extension ProtobufCursor.Payload {
    /// A `double` field.
    @inlinable
    package var double: Double? {
        if case .fixed64(let bits) = self { Double(bitPattern: bits) } else { nil }
    }
    /// An `int64`, `uint64`, `bool` or enum field.
    @inlinable
    package var integer: Int64? {
        if case .varint(let value) = self { Int64(bitPattern: value) } else { nil }
    }
    /// A `sint64` field.
    @inlinable
    package var signed: Int64? { if case .varint(let value) = self { ZigZag.decode(value) } else { nil } }
    /// A length-delimited field.
    @inlinable
    package var range: Range<Int>? { if case .bytes(let range) = self { range } else { nil } }
}
