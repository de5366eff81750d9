import Glibc

// The work on the bytes of labels that every series of every query pays for. Every offset is taken from a length
// that stands in the run itself, and every span access below is checked against the run's end.

extension Labels {
    /// Both together; where a name is in both, the one of `other` wins.
    package func merging(_ other: Labels) -> Labels {
        if other.bytes.isEmpty { return self }
        if bytes.isEmpty { return other }
        let mine = bytes.span
        let theirs = other.bytes.span
        var merged: [UInt8] = []
        merged.reserveCapacity(mine.count + theirs.count)
        var left = 0
        var right = 0
        while left < mine.count, right < theirs.count {
            var leftEnd = left
            let leftName = Labels.text(mine, &leftEnd)
            var rightEnd = right
            let rightName = Labels.text(theirs, &rightEnd)
            let order = Labels.compare(mine, leftName, theirs, rightName)
            if order <= 0 { _ = Labels.text(mine, &leftEnd) }
            if order >= 0 { _ = Labels.text(theirs, &rightEnd) }
            if order < 0 {
                merged.append(part: mine, left..<leftEnd)
            } else {
                merged.append(part: theirs, right..<rightEnd)
            }
            if order <= 0 { left = leftEnd }
            if order >= 0 { right = rightEnd }
        }
        merged.append(part: mine, left..<mine.count)
        merged.append(part: theirs, right..<theirs.count)
        return Labels(canonical: merged)
    }

    /// Whether some name is in both.
    package func sharesName(with other: Labels) -> Bool {
        let mine = bytes.span
        let theirs = other.bytes.span
        var right = 0
        while right < theirs.count {
            let wanted = Labels.text(theirs, &right)
            _ = Labels.text(theirs, &right)
            var left = 0
            while left < mine.count {
                let name = Labels.text(mine, &left)
                _ = Labels.text(mine, &left)
                if name.count == wanted.count, Labels.compare(mine, name, theirs, wanted) == 0 { return true }
            }
        }
        return false
    }

    /// The range of the text whose length stands at `position`, which moves behind it.
    @inline(__always)
    private static func text(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int> {
        var length = 0
        var shift = 0
        while bytes[position] >= 0x80 {
            length |= Int(bytes[position] & 0x7f) << shift
            shift += 7
            position += 1
        }
        length |= Int(bytes[position]) << shift
        let start = position + 1
        position = start + length
        return start..<position
    }

    /// Appends each text with a zero behind; false where one holds a zero itself.
    static func appendTexts(_ bytes: Span<UInt8>, to texts: inout [UInt8]) -> Bool {
        guard bytes.count > 0 else { return true }
        // No length is zero but that of an empty value, so a zero elsewhere is one of a text.
        let hasZero = unsafe bytes.withUnsafeBufferPointer {
            unsafe memchr($0.baseAddress!, 0, $0.count) != nil
        }
        guard !hasZero else { return appendTextsOneByOne(bytes, to: &texts) }
        // Where a length is one byte, it stands where the zero behind the text before is wanted.
        let start = texts.count
        texts.append(part: bytes, 1..<bytes.count)
        texts.append(0)
        var out = texts.mutableSpan
        var position = 0
        while position < bytes.count, bytes[position] < 0x80 {
            if position > 0 { out[start &+ position &- 1] = 0 }
            position &+= 1 &+ Int(bytes[position])
        }
        if position >= bytes.count { return true }
        texts.removeSubrange(start...)
        return appendTextsOneByOne(bytes, to: &texts)
    }

    private static func appendTextsOneByOne(_ bytes: Span<UInt8>, to texts: inout [UInt8]) -> Bool {
        var position = 0
        while position < bytes.count {
            let range = text(bytes, &position)
            for index in range where bytes[index] == 0 { return false }
            texts.append(part: bytes, range)
            texts.append(0)
        }
        return true
    }

    /// Negative, zero or positive, as memcmp, a shorter text before a longer one that starts with it.
    @inline(__always)
    package static func compare(
        _ a: Span<UInt8>, _ left: Range<Int>, _ b: Span<UInt8>, _ right: Range<Int>
    ) -> Int {
        let shorter = min(left.count, right.count)
        guard shorter > 0 else { return left.count - right.count }
        let x = a.extracting(left)
        let y = b.extracting(right)
        let order = unsafe x.withUnsafeBufferPointer { x in
            unsafe y.withUnsafeBufferPointer { unsafe memcmp(x.baseAddress!, $0.baseAddress!, shorter) }
        }
        return order != 0 ? Int(order) : left.count - right.count
    }

    /// Chosen once: a table by such hashes cannot be filled with texts that were made to meet in it.
    private static let seed = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    /// The hash that labels with these canonical bytes have in this process; of use for other texts as well. Who does not
    /// know the seed cannot tell which texts share one, as products of 128 bits are folded into it.
    package static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        let raw = unsafe bytes.bytes
        let (key, start) = seed
        let count = bytes.count
        var hash = start ^ UInt64(count)
        var index = 0
        while index &+ 16 < count {
            hash = folded(word(raw, index) ^ key, word(raw, index &+ 8) ^ hash)
            index &+= 16
        }
        // The last sixteen bytes, some of them once more.
        if count >= 16 {
            hash = folded(word(raw, count &- 16) ^ key, word(raw, count &- 8) ^ hash)
        } else if count >= 8 {
            hash = folded(word(raw, 0) ^ key, word(raw, count &- 8) ^ hash)
        } else {
            var last: UInt64 = 0
            for index in 0..<count { last = last &<< 8 | UInt64(bytes[index]) }
            hash = folded(last ^ key, 0x9e37_79b9_7f4a_7c15 ^ hash)
        }
        return folded(hash ^ key, 0xa076_1d64_78bd_642f)
    }

    @inline(__always)
    private static func word(_ bytes: RawSpan, _ index: Int) -> UInt64 {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
    }

    @inline(__always)
    private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// FNV-1a over words, the same everywhere.
    static func stableHash(_ bytes: Span<UInt8>) -> UInt64 {
        let raw = unsafe bytes.bytes
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
            index += 8
        }
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3
            index += 1
        }
        return hash ^ (hash >> 32)
    }
}

extension Labels: Comparable {
    /// The order of Prometheus' `labels.Compare`: pair by pair, name before value, shorter first.
    package static func < (a: Labels, b: Labels) -> Bool {
        let x = a.bytes.span
        let y = b.bytes.span
        var left = 0
        var right = 0
        while left < x.count, right < y.count {
            let leftText = text(x, &left)
            let rightText = text(y, &right)
            let order = compare(x, leftText, y, rightText)
            if order != 0 { return order < 0 }
        }
        return left >= x.count && right < y.count
    }
}

extension [UInt8] {
    fileprivate mutating func append(part bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let part = bytes.extracting(range)
        unsafe part.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
