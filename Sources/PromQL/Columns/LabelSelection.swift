import TimeSeries

/// A choice among labels by name, applied to the bytes of `Labels`: only those named, or all but those.
struct LabelSelection {
    private let names: [[UInt8]]
    private let keeps: Bool

    init(keeping names: some Sequence<String>) {
        self.names = names.map { Array($0.utf8) }
        keeps = true
    }

    init(removing names: some Sequence<String>) {
        self.names = names.map { Array($0.utf8) }
        keeps = false
    }

    /// Removes what describes a metric rather than a series: name, type and unit.
    static let withoutMetadata = LabelSelection(removing: ["__name__", "__type__", "__unit__"])

    /// The labels chosen.
    func apply(_ labels: Labels) -> Labels {
        if keeps, names.isEmpty { return .empty }
        var result: [UInt8] = []
        return select(labels, into: &result) ? Labels(canonical: result) : labels
    }

    /// Writes the bytes of the labels chosen to `result`; false where they are all of them.
    func select(_ labels: Labels, into result: inout [UInt8]) -> Bool {
        let bytes = labels.bytes
        var changed = false
        var position = 0
        result.removeAll(keepingCapacity: true)
        result.reserveCapacity(bytes.count)
        while position < bytes.count {
            let pair = position
            let name = LabelSelection.next(bytes, &position)
            _ = LabelSelection.next(bytes, &position)
            if isNamed(bytes, name) == keeps {
                result.append(contentsOf: bytes[pair..<position])
            } else {
                changed = true
            }
        }
        return changed
    }

    private func isNamed(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        for name in names where name.count == range.count {
            var index = 0
            while index < name.count, name[index] == bytes[range.lowerBound + index] { index += 1 }
            if index == name.count { return true }
        }
        return false
    }

    /// The range of the text whose length stands at `position`, which moves behind it.
    fileprivate static func next(_ bytes: [UInt8], _ position: inout Int) -> Range<Int> {
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
        while position < bytes.count {
            let name = LabelSelection.next(bytes, &position)
            let value = LabelSelection.next(bytes, &position)
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
        while position < bytes.count {
            let pair = position
            let known = LabelSelection.next(bytes, &position)
            _ = LabelSelection.next(bytes, &position)
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
