/// Why encoded bytes were refused. Positions are byte offsets into the input.
@usableFromInline package enum CodecError: Error, Hashable, Sendable {
    /// The input ends inside of something.
    case truncated(at: Int)
    /// The input contradicts its format; the text says what.
    case malformed(String, at: Int)
    /// A declared length is above what the caller allows; nothing was allocated.
    case tooLong(declared: Int, limit: Int)
}

extension CodecError: CustomStringConvertible {
    @usableFromInline package var description: String {
        switch self {
        case .truncated(let position): "the input ends at byte \(position), inside of a value"
        case .malformed(let reason, let position): "\(reason) at byte \(position)"
        case .tooLong(let declared, let limit): "a length of \(declared) bytes is above the limit of \(limit)"
        }
    }
}
