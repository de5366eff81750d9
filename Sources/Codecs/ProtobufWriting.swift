extension [UInt8] {
    /// Appends the tag of a field: 0 varint, 1 fixed64, 2 length-delimited, 5 fixed32.
    package mutating func append(protobufField number: Int, wireType: Int) {
        append(varint: UInt64(number << 3 | wireType))
    }

    /// Appends an `int64`, `uint64`, `bool` or enum field; zero is left out, as proto3 does.
    package mutating func append(protobufField number: Int, integer value: Int64) {
        guard value != 0 else { return }
        append(protobufField: number, wireType: 0)
        append(varint: UInt64(bitPattern: value))
    }

    /// Appends a `double` field; positive zero is left out, as proto3 does.
    package mutating func append(protobufField number: Int, double value: Double) {
        guard value.bitPattern != 0 else { return }
        append(protobufField: number, wireType: 1)
        append(fixed64: value.bitPattern)
    }

    /// Appends bytes or a nested message.
    package mutating func append(protobufField number: Int, bytes: [UInt8]) {
        append(protobufField: number, wireType: 2)
        append(prefixed: bytes)
    }

    /// Appends a string.
    package mutating func append(protobufField number: Int, text: String) {
        append(protobufField: number, wireType: 2)
        append(prefixed: text)
    }
}
