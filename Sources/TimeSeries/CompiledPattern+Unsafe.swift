import CRE2

/// A compiled RE2 expression. The only file that touches RE2: the pointer lives as long as the object, RE2 matches
/// concurrently, and offsets come back as byte positions inside the text that was passed in the same call.
@safe final class CompiledPattern: Sendable {
    private nonisolated(unsafe) let pattern: OpaquePointer
    let groupCount: Int

    init(_ text: String, original: String) throws(PatternError) {
        var text = text
        let compiled = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe cre2_compile($0.baseAddress, $0.count, Pattern.memoryLimit)
            }
        }
        unsafe pattern = compiled!
        groupCount = unsafe Int(cre2_group_count(pattern))
        if let error = unsafe cre2_error(pattern) {
            throw PatternError(pattern: original, reason: unsafe String(cString: error))
        }
    }

    deinit { unsafe cre2_free(pattern) }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe cre2_match(pattern, $0.baseAddress, $0.count, 0, 2, nil, 0)
            }
        }
    }

    /// The whole match and every group, nil for a group that took no part; nil where the text does not match.
    func groups(in text: String) -> [String?]? {
        var text = text
        let count = groupCount + 1
        var offsets = [Int](repeating: -1, count: 2 * count)
        return text.withUTF8 { bytes -> [String?]? in
            let matched = unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe offsets.withUnsafeMutableBufferPointer {
                    unsafe cre2_match(
                        pattern, characters.baseAddress, characters.count, 0, 2, $0.baseAddress, Int32(count))
                }
            }
            guard matched else { return nil }
            return (0..<count).map { group in
                let (begin, end) = (offsets[2 * group], offsets[2 * group + 1])
                return begin < 0 ? nil : unsafe String(decoding: bytes[begin..<end], as: UTF8.self)
            }
        }
    }

    /// The byte ranges of the leftmost match at or behind a byte offset, and of every group; nil where there is none.
    func firstMatch(in text: String, from start: Int) -> [Range<Int>?]? {
        var text = text
        let count = groupCount + 1
        var offsets = [Int](repeating: -1, count: 2 * count)
        let matched = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe offsets.withUnsafeMutableBufferPointer {
                    unsafe cre2_match(
                        pattern, characters.baseAddress, characters.count, start, 0, $0.baseAddress,
                        Int32(count))
                }
            }
        }
        guard matched else { return nil }
        return (0..<count).map { offsets[2 * $0] < 0 ? nil : offsets[2 * $0]..<offsets[2 * $0 + 1] }
    }

    func group(named name: String) -> Int? {
        var name = name
        let index = name.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe cre2_group_named(pattern, $0.baseAddress, $0.count)
            }
        }
        return index < 0 ? nil : Int(index)
    }
}
