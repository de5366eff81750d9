import TimeSeries

/// A choice among labels by name, applied to the bytes of `Labels`: only those named, or all but those.
struct LabelSelection {
    /// All names, one behind the other, and where each ends.
    private var names: [UInt8] = []
    private var ends: [Int] = []
    /// A bit for each length that a name has, lengths from 63 on sharing one: most labels are told apart by it.
    private var lengths: UInt64 = 0
    private let keeps: Bool

    init(keeping names: some Sequence<String>) { self.init(names, keeps: true) }

    init(removing names: some Sequence<String>) { self.init(names, keeps: false) }

    private init(_ names: some Sequence<String>, keeps: Bool) {
        self.keeps = keeps
        for name in names {
            self.names += name.utf8
            ends.append(self.names.count)
            lengths |= 1 << UInt64(min(63, name.utf8.count))
        }
    }

    /// Removes what describes a metric rather than a series: name, type and unit.
    static let withoutMetadata = LabelSelection(removing: ["__name__", "__type__", "__unit__"])

    /// The labels chosen.
    func apply(_ labels: Labels) -> Labels {
        if keeps, ends.isEmpty { return .empty }
        var result: [UInt8] = []
        return select(labels, into: &result) ? Labels(canonical: result) : labels
    }

    /// Writes the bytes of the labels chosen to `result`; false where they are all of them.
    func select(_ labels: Labels, into result: inout [UInt8]) -> Bool {
        let bytes = labels.bytes
        let span = bytes.span
        result.removeAll(keepingCapacity: true)
        result.reserveCapacity(span.count)
        var changed = false
        var position = 0
        // The start of a run of pairs that are kept, which are copied together.
        var run = 0
        while position < span.count {
            let pair = position
            let name = LabelSelection.next(span, &position)
            _ = LabelSelection.next(span, &position)
            if isNamed(span, name) == keeps { continue }
            changed = true
            if run < pair { result.append(contentsOf: bytes[run..<pair]) }
            run = position
        }
        if run < position { result.append(contentsOf: bytes[run..<position]) }
        return changed
    }

    @inline(__always)
    private func isNamed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard lengths >> UInt64(min(63, range.count)) & 1 != 0 else { return false }
        let names = names.span
        let ends = ends.span
        var start = 0
        for number in ends.indices {
            let end = ends[number]
            if end - start == range.count {
                var index = 0
                while index < range.count, names[start + index] == bytes[range.lowerBound + index] {
                    index += 1
                }
                if index == range.count { return true }
            }
            start = end
        }
        return false
    }

    /// The range of the text whose length stands at `position`, which moves behind it.
    @inline(__always)
    fileprivate static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int> {
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
}

extension Labels {
    /// Without name, type and unit, which no longer fit once the meaning of the numbers has changed.
    var withoutMetadata: Labels { LabelSelection.withoutMetadata.apply(self) }
}

extension Labels {
    private static let nameLabel = Array("__name__".utf8)
    private static let counterSuffixes = ["_total", "_sum", "_count", "_bucket"].map { Array($0.utf8) }

    /// Whether the metric name ends as those of counters do.
    var isNamedAsCounter: Bool {
        var position = 0
        let span = bytes.span
        while position < span.count {
            let name = LabelSelection.next(span, &position)
            let value = LabelSelection.next(span, &position)
            guard bytes[name].elementsEqual(Labels.nameLabel) else { continue }
            return Labels.counterSuffixes.contains { suffix in
                value.count >= suffix.count && bytes[value].suffix(suffix.count).elementsEqual(suffix)
            }
        }
        return false
    }
}

extension Labels {
    /// `setting`, on bytes.
    func replacing(_ name: String, with value: String) -> Labels {
        let (name, value) = (Array(name.utf8), Array(value.utf8))
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + name.count + value.count + 4)
        var isPending = !value.isEmpty
        func put() {
            Labels.append(name, to: &result)
            Labels.append(value, to: &result)
            isPending = false
        }
        var position = 0
        let span = bytes.span
        while position < span.count {
            let pair = position
            let known = LabelSelection.next(span, &position)
            _ = LabelSelection.next(span, &position)
            if bytes[known].elementsEqual(name) { continue }
            if isPending, name.lexicographicallyPrecedes(bytes[known]) { put() }
            result.append(contentsOf: bytes[pair..<position])
        }
        if isPending { put() }
        return Labels(canonical: result)
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        var length = text.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(contentsOf: text)
    }
}
